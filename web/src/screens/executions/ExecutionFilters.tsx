// The filters of the list of executions. Everything ends in the address.
import { useInfiniteQuery } from "@tanstack/react-query";
import { agentsQuery, jobsQuery } from "../../api/queries.ts";
import { EXECUTION_STATUSES, look, TONE_SOFT } from "../../lib/status.ts";
import { Button } from "../../ui/Button.tsx";
import { AgentChip, JobChip } from "../../ui/Chip.tsx";
import { Picker } from "../../ui/Picker.tsx";
import { Select } from "../../ui/Select.tsx";
import { SpanFields } from "../../ui/SpanFields.tsx";

export interface ExecutionFilter {
	status?: string;
	jobId?: string;
	agentId?: string;
	cause?: "schedule" | "catchUp" | "manual";
	doubled?: boolean;
	from?: string;
	to?: string;
}

/** The status filter with one more or one less. */
export function toggleStatus(filter: string | undefined, status: string): string | undefined {
	const chosen = new Set(filter ? filter.split(",") : []);
	if (!chosen.delete(status)) chosen.add(status);
	const kept = EXECUTION_STATUSES.filter((one) => chosen.has(one));
	return kept.length ? kept.join(",") : undefined;
}

const FOUND_MAX = 10;

/** A state as a button that is pressed or not. */
function Pill({ state, pressed, press }: { state: string; pressed: boolean; press: () => void }) {
	const { glyph, text, tone } = look(state);
	const tint = pressed
		? `${TONE_SOFT[tone]} border-current font-medium`
		: "border-line-strong text-ink-soft hover:bg-sunken";
	return (
		<button type="button" aria-pressed={pressed} onClick={press} className={`min-h-8 rounded-full border px-3 ${tint}`}>
			<span aria-hidden="true">{glyph}</span> {text}
		</button>
	);
}

function useJobs(q: string) {
	const query = useInfiniteQuery({
		...jobsQuery({ q, sort: "name" }, FOUND_MAX),
		enabled: q !== "",
		refetchInterval: false,
	});
	const jobs = q ? (query.data?.pages[0]?.jobs ?? []) : [];
	return {
		found: jobs.map((job) => ({ id: job.jobId, name: job.name, note: job.active ? undefined : "paused" })),
		busy: query.isFetching,
	};
}

function useAgents(q: string) {
	const query = useInfiniteQuery({ ...agentsQuery({ q }, FOUND_MAX), enabled: q !== "", refetchInterval: false });
	const agents = q ? (query.data?.pages[0]?.agents ?? []) : [];
	return {
		found: agents.map((agent) => ({
			id: agent.agentId,
			name: agent.name,
			note: agent.state === "online" ? undefined : look(agent.state).text.toLowerCase(),
		})),
		busy: query.isFetching,
	};
}

const NONE: { [K in keyof Required<ExecutionFilter>]: undefined } = {
	status: undefined,
	jobId: undefined,
	agentId: undefined,
	cause: undefined,
	doubled: undefined,
	from: undefined,
	to: undefined,
};

export function ExecutionFilters({
	filter,
	change,
}: {
	filter: ExecutionFilter;
	change: (change: Partial<ExecutionFilter>) => void;
}) {
	const chosen = new Set(filter.status?.split(",") ?? []);
	return (
		<search className="flex flex-col gap-2.5 border-b border-line px-4 py-3">
			<div className="flex flex-wrap items-center gap-x-3 gap-y-2">
				<fieldset className="m-0 flex min-w-0 flex-wrap gap-1.5 border-0 p-0">
					<legend className="sr-only">States</legend>
					{EXECUTION_STATUSES.map((status) => (
						<Pill
							key={status}
							state={status}
							pressed={chosen.has(status)}
							press={() => change({ status: toggleStatus(filter.status, status) })}
						/>
					))}
					<Pill
						state="doubled"
						pressed={filter.doubled === true}
						press={() => change({ doubled: filter.doubled ? undefined : true })}
					/>
				</fieldset>
				{filter.jobId ? (
					<JobChip jobId={filter.jobId} clear={() => change({ jobId: undefined })} />
				) : (
					<Picker label="Of a job" useFound={useJobs} pick={(jobId) => change({ jobId })} />
				)}
				{filter.agentId ? (
					<AgentChip agentId={filter.agentId} clear={() => change({ agentId: undefined })} />
				) : (
					<Picker label="On an agent" useFound={useAgents} pick={(agentId) => change({ agentId })} />
				)}
				<Select
					aria-label="Cause"
					value={filter.cause ?? ""}
					change={(cause) => change({ cause: cause || undefined })}
					choices={[
						["", "Any cause"],
						["schedule", "By schedule"],
						["catchUp", "Made up for"],
						["manual", "Run by hand"],
					]}
				/>
			</div>
			<div className="flex flex-wrap items-center gap-x-3 gap-y-2">
				<SpanFields from={filter.from} to={filter.to} change={change} />
				{Object.values(filter).some((value) => value !== undefined) ? (
					<Button small kind="quiet" onClick={() => change(NONE)}>
						Clear all
					</Button>
				) : null}
			</div>
		</search>
	);
}
