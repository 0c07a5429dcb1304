import { Link } from "@tanstack/react-router";
import type { ListedJob } from "../../api/types.ts";
import { RunStrip } from "../../charts/RunStrip.tsx";
import { jobState } from "../../lib/jobs.ts";
import { duration } from "../../lib/time.ts";
import type { Column } from "../../ui/DataTable.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Ago, Time } from "../../ui/Time.tsx";

function Name({ job }: { job: ListedJob }) {
	return (
		<div className="min-w-0 leading-tight">
			<Link to="/jobs/$jobId" params={{ jobId: job.jobId }} className="block truncate font-medium hover:underline">
				{job.name}
			</Link>
			<span className="block truncate text-[0.9rem] text-ink-faint" title={`${job.schedule}\n${job.timezone}`}>
				{job.scheduleText ?? job.schedule}
			</span>
		</div>
	);
}

function Last({ job }: { job: ListedJob }) {
	const last = job.lastExecution;
	if (!last) return <span className="text-ink-faint">No run yet</span>;
	return (
		<Link
			to="/executions/$jobId/$executionId"
			params={{ jobId: job.jobId, executionId: last.executionId }}
			search={{ scheduledAt: last.scheduledAt }}
			className="inline-flex items-baseline gap-2 hover:underline"
			title={last.reason ?? undefined}
		>
			<PlainMark state={last.status} />
			<span className="text-[0.9rem] text-ink-faint">
				<Ago at={last.scheduledAt} zone={job.timezone} />
			</span>
		</Link>
	);
}

function stateTitle(job: ListedJob): string | undefined {
	if (job.unknownSince) return `Its agent is silent since ${new Date(job.unknownSince).toISOString()}`;
	return job.lateSince ? `Late since ${new Date(job.lateSince).toISOString()}` : undefined;
}

export const columns: Column<ListedJob>[] = [
	{
		id: "state",
		head: "State",
		width: "7rem",
		cell: (job) => <PlainMark state={jobState(job)} title={stateTitle(job)} />,
	},
	{ id: "name", head: "Name", sort: "name", cell: (job) => <Name job={job} /> },
	{
		id: "next",
		head: "Next fire",
		width: "12.5rem",
		cell: (job) => <Time at={job.nextFireAt} zone={job.timezone} none={job.active ? "–" : "Paused"} />,
	},
	{ id: "last", head: "Last result", width: "13rem", sort: "lastAt", cell: (job) => <Last job={job} /> },
	{
		id: "runs",
		head: "Last 20 runs",
		width: "11.5rem",
		wide: true,
		cell: (job) => <RunStrip recent={job.recent} />,
	},
	{ id: "p95", head: "p95, 24 h", width: "6rem", right: true, wide: "very", cell: (job) => duration(job.p95Ms) },
	{
		id: "edited",
		head: "Edited",
		width: "8rem",
		sort: "updatedAt",
		wide: "very",
		cell: (job) => (
			<span className="text-ink-faint" title={`by ${job.updatedBy}`}>
				<Ago at={job.updatedAt} />
			</span>
		),
	},
];

export function JobCard({ job }: { job: ListedJob }) {
	return (
		<div className="flex flex-col gap-1">
			<div className="flex items-center justify-between gap-3">
				<Name job={job} />
				<PlainMark state={jobState(job)} />
			</div>
			<div className="flex items-center justify-between gap-3">
				<Last job={job} />
				<RunStrip recent={job.recent} slots={12} />
			</div>
		</div>
	);
}
