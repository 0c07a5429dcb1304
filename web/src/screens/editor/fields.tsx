// Inputs that are bound to a member of the definition by its path.
import { type ReactNode, useState } from "react";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { parseDuration, printDuration } from "./draft.ts";

export interface Bound {
	value: (path: string) => unknown;
	set: (path: string, value: unknown) => void; // undefined = back to the default
	error: (path: string) => string | null;
	refuse: (path: string, sentence: string | null) => void; // what is typed can not be sent
}

interface Props {
	bound: Bound;
	path: string;
	label: string;
	help?: ReactNode;
	placeholder?: string;
	className?: string;
}

/** Where an error of central belongs (data-path), and which member this is. */
const place = (path: string) => ({ "data-path": path.split(".")[0], "data-member": path });

export function TextInput({
	bound,
	path,
	label,
	help,
	placeholder,
	className,
	mono,
	list,
}: Props & { mono?: boolean; list?: string }) {
	return (
		<div {...place(path)} className={className}>
			<Field label={label} help={help} error={bound.error(path)}>
				<input
					className={`field ${mono ? "font-mono" : ""}`}
					placeholder={placeholder}
					list={list}
					spellCheck={false}
					autoComplete="off"
					value={String(bound.value(path) ?? "")}
					onChange={(event) => bound.set(path, event.target.value || undefined)}
				/>
			</Field>
		</div>
	);
}

export function NumberInput({ bound, path, label, help, placeholder, className }: Props) {
	return (
		<div {...place(path)} className={className}>
			<Field label={label} help={help} error={bound.error(path)}>
				<input
					className="field"
					type="number"
					placeholder={placeholder}
					value={bound.value(path) === undefined ? "" : String(bound.value(path))}
					onChange={(event) => bound.set(path, event.target.value === "" ? undefined : Number(event.target.value))}
				/>
			</Field>
		</div>
	);
}

/** A span of time: "30 s", "1.5 min", "2 h". */
export function DurationInput({ bound, path, label, help, placeholder, className }: Props) {
	const known = printDuration(bound.value(path));
	const [typed, setTyped] = useState<string | null>(null);
	return (
		<div {...place(path)} className={className}>
			<Field label={label} help={help} error={bound.error(path)}>
				<input
					className="field"
					placeholder={placeholder}
					value={typed ?? known}
					onChange={(event) => {
						const text = event.target.value;
						setTyped(text);
						const ms = parseDuration(text);
						bound.refuse(path, text === "" || !Number.isNaN(ms) ? null : "Write a number with ms, s, min, h or d.");
						if (text === "" || !Number.isNaN(ms)) bound.set(path, text === "" ? undefined : ms);
					}}
					onBlur={() => !bound.error(path) && setTyped(null)}
				/>
			</Field>
		</div>
	);
}

export function Choice({
	bound,
	path,
	label,
	help,
	className,
	choices,
	initial,
}: Props & { choices: readonly (readonly [string, string])[]; initial: string }) {
	return (
		<div {...place(path)} className={className}>
			<Field label={label} help={help} error={bound.error(path)}>
				<Select
					value={String(bound.value(path) ?? initial)}
					change={(value) => bound.set(path, value)}
					choices={choices}
				/>
			</Field>
		</div>
	);
}

/** A list of words, with commas between them. */
export function WordsInput({ bound, path, ...more }: Props & { mono?: boolean }) {
	const words = bound.value(path) as string[] | undefined;
	const text: Bound = {
		...bound,
		value: () => words?.join(", "),
		set: (_, value) =>
			bound.set(path, typeof value === "string" ? value.split(",").map((word) => word.trim()) : undefined),
	};
	return <TextInput bound={text} path={path} {...more} />;
}

/** Some of a few words; all of them are the default. */
export function Checks({ bound, path, label, words }: Props & { words: readonly (readonly [string, string])[] }) {
	const chosen = (bound.value(path) as string[] | undefined) ?? words.map(([word]) => word);
	const error = bound.error(path);
	const change = (word: string, on: boolean) => {
		const next = words.map(([one]) => one).filter((one) => (one === word ? on : chosen.includes(one)));
		bound.set(path, next.length === words.length ? undefined : next);
	};
	return (
		<fieldset {...place(path)} className="m-0 border-0 p-0">
			<legend className="mb-1 p-0 font-medium text-ink-soft">{label}</legend>
			<div className="flex min-h-9 flex-wrap items-center gap-x-4 gap-y-1">
				{words.map(([word, text]) => (
					<label key={word} className="flex items-center gap-1.5">
						<input
							type="checkbox"
							className="size-4 accent-accent"
							aria-invalid={error ? true : undefined}
							checked={chosen.includes(word)}
							onChange={(event) => change(word, event.target.checked)}
						/>
						{text}
					</label>
				))}
			</div>
			{error ? (
				<p role="alert" className="mt-1 mb-0 text-bad">
					{error}
				</p>
			) : null}
		</fieldset>
	);
}
