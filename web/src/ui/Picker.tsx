// A field that finds things by a part of their name, as the server knows them: arrows and Enter choose, Escape closes.
import { type KeyboardEvent, useId, useState } from "react";
import { useSettled } from "../lib/settled.ts";

export interface Found {
	id: string;
	name: string;
	note?: string;
}

interface Props {
	label: string;
	useFound: (q: string) => { found: Found[]; busy: boolean }; // a hook: the same one for the life of the field
	pick: (id: string) => void;
}

const PAUSE_MS = 150;

export function Picker({ label, useFound, pick }: Props) {
	const id = useId();
	const [typed, setTyped] = useState("");
	const [open, setOpen] = useState(false);
	const [at, setAt] = useState(0);
	const { found, busy } = useFound(useSettled(typed.trim(), PAUSE_MS));
	const shows = open && typed.trim() !== "";
	const chosen = Math.min(at, found.length - 1);
	const take = (one: Found | undefined) => {
		if (!one) return;
		setTyped("");
		setOpen(false);
		pick(one.id);
	};
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, chosen + 1));
		else if (event.key === "ArrowUp") setAt(Math.max(0, chosen - 1));
		else if (event.key === "Enter" && shows) take(found[chosen]);
		else if (event.key === "Escape") setOpen(false);
		else return;
		event.preventDefault();
	};
	return (
		<div className="relative max-sm:w-full">
			<input
				className="field w-full"
				role="combobox"
				aria-label={label}
				aria-expanded={shows}
				aria-controls={id}
				aria-activedescendant={shows && found[chosen] ? `${id}-${chosen}` : undefined}
				autoComplete="off"
				spellCheck={false}
				placeholder={label}
				value={typed}
				onChange={(event) => {
					setTyped(event.target.value);
					setOpen(true);
					setAt(0);
				}}
				onKeyDown={onKeyDown}
				onBlur={() => setOpen(false)}
			/>
			<div
				id={id}
				role="listbox"
				aria-label={`${label}: found`}
				hidden={!shows}
				className="absolute top-full left-0 z-20 mt-1 max-h-72 w-max min-w-full max-w-[min(26rem,85vw)] overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-[0_6px_24px_var(--shadow)]"
			>
				{found.map((one, index) => (
					<div
						key={one.id}
						id={`${id}-${index}`}
						role="option"
						tabIndex={-1}
						aria-selected={index === chosen}
						onMouseDown={(event) => {
							event.preventDefault(); // before the field loses the cursor
							take(one);
						}}
						onMouseMove={() => setAt(index)}
						className={`flex cursor-pointer items-baseline justify-between gap-3 rounded-[5px] px-2.5 py-1 ${index === chosen ? "bg-accent-soft text-accent" : ""}`}
					>
						<span className="truncate">{one.name}</span>
						{one.note ? <span className="shrink-0 text-[0.93rem] text-ink-faint">{one.note}</span> : null}
					</div>
				))}
				{found.length === 0 ? (
					<p className="m-0 px-2.5 py-1 text-ink-faint">{busy ? "Looking…" : "Nothing fits."}</p>
				) : null}
			</div>
		</div>
	);
}
