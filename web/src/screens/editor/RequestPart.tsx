// What: the request that is sent.
import { useState } from "react";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Select } from "../../ui/Select.tsx";
import { type Body, bodyOf, bodyValue, headersOf, headersValue, MASK } from "./draft.ts";
import { type Bound, Choice, TextInput } from "./fields.tsx";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((name) => [name, name] as const);

export function RequestPart({ bound }: { bound: Bound }) {
	return (
		<Panel title="What">
			<div className="grid gap-4 sm:grid-cols-[8rem_minmax(0,1fr)]">
				<Choice bound={bound} path="method" label="Method" choices={METHODS} initial="POST" />
				<TextInput bound={bound} path="api" label="Address" mono placeholder="https://service.internal/path" />
			</div>
			<div className="mt-4 grid gap-4 sm:grid-cols-2">
				<TextInput bound={bound} path="name" label="Name" placeholder="Host and path of the address" />
				<Choice
					bound={bound}
					path="type"
					label="Promise"
					initial="ATLEAST_ONCE"
					choices={[
						["ATLEAST_ONCE", "At least once: tried again when in doubt"],
						["ATMOST_ONCE", "At most once: never sent twice"],
					]}
				/>
			</div>
			<Headers bound={bound} />
			<BodyInput bound={bound} />
		</Panel>
	);
}

function Headers({ bound }: { bound: Bound }) {
	const [rows, setRows] = useState(() => headersOf(bound.value("headers")));
	const change = (next: typeof rows) => {
		setRows(next);
		bound.set("headers", headersValue(next));
	};
	const error = bound.error("headers");
	return (
		<fieldset data-path="headers" className="m-0 mt-4 border-0 p-0">
			<legend className="mb-1 p-0 font-medium text-ink-soft">Headers</legend>
			<div className="flex flex-col gap-2">
				{rows.map((row, index) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity while they are typed
					<div key={index} className="flex gap-2">
						<input
							className="field w-2/5 font-mono"
							aria-label={`Name of header ${index + 1}`}
							placeholder="Name"
							value={row.name}
							onChange={(event) => change(rows.with(index, { ...row, name: event.target.value }))}
						/>
						<input
							className="field min-w-0 flex-1 font-mono"
							aria-label={`Value of header ${index + 1}`}
							placeholder="Value"
							value={row.value}
							onChange={(event) => change(rows.with(index, { ...row, value: event.target.value }))}
						/>
						<Button
							kind="quiet"
							small
							aria-label={`Remove header ${row.name || index + 1}`}
							onClick={() => change(rows.toSpliced(index, 1))}
						>
							×
						</Button>
					</div>
				))}
			</div>
			<Button small className="mt-2" onClick={() => change([...rows, { name: "", value: "" }])}>
				Add a header
			</Button>
			{rows.some((row) => row.value === MASK) ? (
				<p className="mt-1 mb-0 text-[0.93rem] text-ink-faint">{MASK} stands for a stored secret and keeps it.</p>
			) : null}
			{error ? (
				<p role="alert" className="mt-1 mb-0 text-bad">
					{error}
				</p>
			) : null}
		</fieldset>
	);
}

function BodyInput({ bound }: { bound: Bound }) {
	const [body, setBody] = useState<Body>(() => bodyOf(bound.value("body")));
	const change = (next: Body) => {
		setBody(next);
		const parsed = bodyValue(next);
		bound.refuse("body", "error" in parsed ? parsed.error : null);
		if ("value" in parsed) bound.set("body", parsed.value);
	};
	return (
		<div data-path="body" className="mt-4 flex flex-col gap-2">
			<Field label="Body">
				<Select
					className="field self-start"
					value={body.kind}
					change={(kind) => change({ ...body, kind })}
					choices={[
						["default", "Default: which fire of which job it is"],
						["text", "Text"],
						["json", "JSON"],
					]}
				/>
			</Field>
			{body.kind === "default" ? null : (
				<Field label={body.kind === "json" ? "JSON to send" : "Text to send"} error={bound.error("body")}>
					<textarea
						className="field min-h-32 font-mono"
						spellCheck={false}
						value={body.text}
						onChange={(event) => change({ ...body, text: event.target.value })}
					/>
				</Field>
			)}
		</div>
	);
}
