// The filters of the list of executions, and a picker of time spans. Everything ends in the address.
import { EXECUTION_STATUSES, look, TONE_SOFT } from "../../lib/status.ts";
import { Button } from "../../ui/Button.tsx";

export interface ExecutionFilter {
	status?: string;
	jobId?: string;
	agentId?: string;
	cause?: "schedule" | "catchUp" | "manual";
	from?: string;
	to?: string;
}

const SPANS: [string, number][] = [
	["15 min", 0.25],
	["1 h", 1],
	["24 h", 24],
	["7 days", 168],
];

/** The status filter with one more or one less. */
export function toggleStatus(filter: string | undefined, status: string): string | undefined {
	const chosen = new Set(filter ? filter.split(",") : []);
	if (!chosen.delete(status)) chosen.add(status);
	const kept = EXECUTION_STATUSES.filter((one) => chosen.has(one));
	return kept.length ? kept.join(",") : undefined;
}

/** What a datetime-local field shows for an instant, in the browser's zone. */
export function localField(at: string | undefined): string {
	if (!at) return "";
	const date = new Date(at);
	return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function fromField(value: string): string | undefined {
	const at = value ? new Date(value) : null;
	return at && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined;
}

export function ExecutionFilters({
	filter,
	change,
}: {
	filter: ExecutionFilter;
	change: (change: Partial<ExecutionFilter>) => void;
}) {
	const chosen = new Set(filter.status?.split(",") ?? []);
	return (
		<div className="flex flex-wrap items-end gap-x-4 gap-y-3 border-b border-line px-4 py-3">
			<fieldset className="m-0 flex min-w-0 flex-wrap gap-1.5 border-0 p-0">
				<legend className="sr-only">States</legend>
				{EXECUTION_STATUSES.map((status) => (
					<button
						key={status}
						type="button"
						aria-pressed={chosen.has(status)}
						onClick={() => change({ status: toggleStatus(filter.status, status) })}
						className={`min-h-8 rounded-full border px-3 ${chosen.has(status) ? `${TONE_SOFT[look(status).tone]} border-current font-medium` : "border-line-strong text-ink-soft hover:bg-sunken"}`}
					>
						<span aria-hidden="true">{look(status).glyph}</span> {look(status).text}
					</button>
				))}
			</fieldset>
			<label className="flex items-center gap-2 text-ink-soft">
				Cause
				<select
					className="field"
					value={filter.cause ?? ""}
					onChange={(event) => change({ cause: (event.target.value || undefined) as ExecutionFilter["cause"] })}
				>
					<option value="">any</option>
					<option value="schedule">schedule</option>
					<option value="catchUp">made up for</option>
					<option value="manual">run by hand</option>
				</select>
			</label>
			<div className="flex flex-wrap items-center gap-2">
				<label className="flex items-center gap-2 text-ink-soft">
					From
					<input
						type="datetime-local"
						className="field"
						value={localField(filter.from)}
						onChange={(event) => change({ from: fromField(event.target.value) })}
					/>
				</label>
				<label className="flex items-center gap-2 text-ink-soft">
					to
					<input
						type="datetime-local"
						className="field"
						value={localField(filter.to)}
						onChange={(event) => change({ to: fromField(event.target.value) })}
					/>
				</label>
				{SPANS.map(([name, hours]) => (
					<Button
						key={name}
						small
						kind="quiet"
						onClick={() => change({ from: new Date(Date.now() - hours * 3_600_000).toISOString(), to: undefined })}
					>
						{name}
					</Button>
				))}
			</div>
			{filter.jobId || filter.agentId ? (
				<div className="flex flex-wrap gap-2">
					{filter.jobId ? (
						<Chip text={`Job ${filter.jobId.slice(0, 8)}`} clear={() => change({ jobId: undefined })} />
					) : null}
					{filter.agentId ? (
						<Chip text={`Agent ${filter.agentId.slice(0, 8)}`} clear={() => change({ agentId: undefined })} />
					) : null}
				</div>
			) : null}
			{Object.values(filter).some((value) => value !== undefined) ? (
				<Button
					small
					kind="quiet"
					onClick={() =>
						change({
							status: undefined,
							jobId: undefined,
							agentId: undefined,
							cause: undefined,
							from: undefined,
							to: undefined,
						})
					}
				>
					Clear all
				</Button>
			) : null}
		</div>
	);
}

function Chip({ text, clear }: { text: string; clear: () => void }) {
	return (
		<span className="inline-flex items-center gap-1 rounded-full bg-accent-soft px-3 py-1 text-accent">
			{text}
			<button type="button" aria-label={`Remove the filter: ${text}`} onClick={clear} className="px-1">
				×
			</button>
		</span>
	);
}
