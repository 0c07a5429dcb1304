// What became of every fire, newest first. The address holds the filters; with the refresh on it is live.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { executionsQuery } from "../../api/fleetQueries.ts";
import type { Execution } from "../../api/types.ts";
import { moreOf, rowsOf } from "../../lib/pages.ts";
import { duration } from "../../lib/time.ts";
import { type Column, DataTable } from "../../ui/DataTable.tsx";
import { DoubledMark, PlainMark } from "../../ui/Mark.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Time } from "../../ui/Time.tsx";
import { ExecutionFilters } from "./ExecutionFilters.tsx";

const route = getRouteApi("/shell/executions");

export function executionReason(row: Pick<Execution, "reason" | "error" | "httpStatus" | "status">): string {
	if (row.reason) return row.reason;
	if (row.error) return row.error;
	return row.httpStatus ? `HTTP ${row.httpStatus}` : "";
}

function JobLink({ row }: { row: Execution }) {
	return (
		<Link to="/jobs/$jobId" params={{ jobId: row.jobId }} className="link">
			{row.jobName || row.jobId}
		</Link>
	);
}

const COLUMNS: Column<Execution>[] = [
	{ id: "status", head: "State", width: "8rem", cell: (row) => <PlainMark state={row.status} /> },
	{ id: "job", head: "Job", cell: (row) => <JobLink row={row} /> },
	{ id: "scheduled", head: "Due", width: "12.5rem", cell: (row) => <Time at={row.scheduledAt} /> },
	{
		id: "count",
		head: "Fires",
		width: "4.5rem",
		right: true,
		wide: "very",
		cell: (row) => (row.count > 1 ? row.count.toLocaleString("en-US") : "1"),
	},
	{ id: "late", head: "Lateness", width: "6.5rem", right: true, wide: true, cell: (row) => duration(row.latenessMs) },
	{ id: "took", head: "Took", width: "6rem", right: true, cell: (row) => duration(row.durationMs) },
	{ id: "tries", head: "Tries", width: "4rem", right: true, wide: "very", cell: (row) => row.attempts },
	{
		id: "agent",
		head: "Agent",
		width: "9rem",
		wide: true,
		cell: (row) => (
			<Link to="/agents/$agentId" params={{ agentId: row.agentId }} className="link">
				{row.agentName || row.agentId.slice(0, 8)}
			</Link>
		),
	},
	{
		id: "reason",
		head: "Reason",
		cell: (row) => (
			<>
				<DoubledMark doubled={row.doubled} /> <span title={executionReason(row)}>{executionReason(row)}</span>
			</>
		),
	},
];

export default function Executions() {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const query = useInfiniteQuery(executionsQuery(search));
	const rows = rowsOf(query, (page) => page.executions);
	const open = (row: Execution) =>
		void navigate({
			to: "/executions/$jobId/$executionId",
			params: { jobId: row.jobId, executionId: row.executionId },
			search: { scheduledAt: row.scheduledAt },
		});
	return (
		<Screen title="Executions">
			<div className="card">
				<ExecutionFilters
					filter={search}
					change={(change) => void navigate({ to: "/executions", search: { ...search, ...change }, replace: true })}
				/>
				<Answered query={query}>
					{() =>
						rows.length === 0 ? (
							<Empty title="No executions here">
								{Object.keys(search).length
									? "Nothing fits these filters."
									: "As soon as a job has run, it stands here."}
							</Empty>
						) : (
							<DataTable
								label="Executions"
								columns={COLUMNS}
								rows={rows}
								rowKey={(row) => `${row.executionId} ${row.scheduledAt}`}
								onOpen={open}
								more={moreOf(query)}
								about={JSON.stringify(search)}
								old={query.isPlaceholderData}
								height="calc(100dvh - 16.5rem)"
								card={(row) => (
									<div className="flex flex-col gap-1">
										<div className="flex items-center justify-between gap-3">
											<JobLink row={row} />
											<PlainMark state={row.status} />
										</div>
										<div className="flex justify-between gap-3 text-ink-soft">
											<Time at={row.scheduledAt} />
											<span>{duration(row.durationMs)}</span>
										</div>
										<p className="m-0 truncate text-ink-faint">
											<DoubledMark doubled={row.doubled} /> {executionReason(row)}
										</p>
									</div>
								)}
							/>
						)
					}
				</Answered>
			</div>
		</Screen>
	);
}
