// When: the schedule and its zone, with what the server makes of it while it is typed.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { asApiError } from "../../api/problem.ts";
import { previewQuery } from "../../api/queries.ts";
import type { Job, ScheduleQuestion } from "../../api/types.ts";
import { useSettled } from "../../lib/settled.ts";
import { browserZone } from "../../lib/time.ts";
import { FireList } from "../../ui/FireList.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { type Bound, TextInput } from "./fields.tsx";

const TYPING_MS = 250;
const FIRES = 6;
const HASHED = /(^|[\s,])H/;
const PRESETS = [
	["*/5 * * * *", "Every 5 minutes"],
	["@hourly", "Hourly"],
	["30 2 * * *", "Daily at 02:30"],
	["0 9 * * MON-FRI", "Weekdays at 9"],
	["0 0 1 * *", "First of the month"],
	["*/10 * * * * *", "Every 10 s"],
	["@every 1h30m", "Every 90 min"],
] as const;

/** An instant that can be read, in UTC; else nothing, for the preview must not wait for a date that is half typed. */
function instantOf(value: unknown): string | null {
	const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
	return Number.isNaN(at) ? null : new Date(at).toISOString();
}

export function SchedulePart({ bound, zones, job }: { bound: Bound; zones: string[]; job?: Job }) {
	const list = useId();
	const schedule = String(bound.value("schedule") ?? "");
	const typed: ScheduleQuestion = {
		schedule,
		timezone: String(bound.value("timezone") ?? "UTC"),
		count: FIRES,
		startAt: instantOf(bound.value("startAt")),
		endAt: instantOf(bound.value("endAt")),
		...(job ? { jobId: job.jobId, anchor: job.createdAt } : {}),
	};
	const asked = useSettled(JSON.stringify(typed), TYPING_MS);
	const preview = useQuery({
		...previewQuery(JSON.parse(asked) as ScheduleQuestion),
		placeholderData: keepPreviousData,
	});
	const wrong = preview.error ? asApiError(preview.error) : null;
	const mine = browserZone();
	const offered = mine !== typed.timezone && zones.includes(mine) ? mine : null;
	const seen: Bound = {
		...bound,
		error: (path) => (wrong?.kind === "invalid" && wrong.field === path ? wrong.message : null) ?? bound.error(path),
	};
	return (
		<Panel title="When">
			<div className="grid gap-4 sm:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
				<TextInput
					bound={seen}
					path="schedule"
					label="Schedule"
					mono
					help="Five fields of cron, or six with seconds first; @hourly, @every 1h30m, @at TIME"
				/>
				<TextInput
					bound={seen}
					path="timezone"
					label="Time zone"
					list={list}
					placeholder="UTC"
					help={
						offered ? (
							<button type="button" className="link" onClick={() => bound.set("timezone", offered)}>
								Use yours: {offered}
							</button>
						) : undefined
					}
				/>
			</div>
			<datalist id={list}>
				{zones.map((zone) => (
					<option key={zone} value={zone} />
				))}
			</datalist>
			<div className="mt-2 flex flex-wrap gap-1.5">
				{PRESETS.map(([text, name]) => (
					<button
						key={text}
						type="button"
						title={text}
						className="rounded-full border border-line px-2.5 py-0.5 text-[0.93rem] text-ink-soft hover:border-accent hover:text-accent"
						onClick={() => bound.set("schedule", text)}
					>
						{name}
					</button>
				))}
			</div>
			<div aria-live="polite" className="mt-4 rounded-[7px] bg-sunken px-4 py-3">
				{wrong ? (
					<p className="m-0 text-ink-soft">
						{wrong.kind === "invalid" ? "This schedule can not be read yet." : `No preview: ${wrong.message}`}
					</p>
				) : preview.data ? (
					<>
						<p className="mt-0 mb-2 text-[1.07rem] font-medium">{preview.data.text}</p>
						<FireList preview={preview.data} />
						{!job && HASHED.test(schedule) ? (
							<p className="mt-1 mb-0 text-[0.93rem] text-ink-faint">
								H stands for a value of the job's own, which it gets when it is defined: these times are an example.
							</p>
						) : null}
					</>
				) : (
					<p className="m-0 text-ink-faint">{schedule ? "Asking the server…" : "The next fires appear here."}</p>
				)}
			</div>
		</Panel>
	);
}
