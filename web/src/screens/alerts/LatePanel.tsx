import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lateQuery } from "../../api/fleetQueries.ts";
import type { LatePage } from "../../api/types.ts";
import { moreOf, rowsOf } from "../../lib/pages.ts";
import { type Column, DataTable } from "../../ui/DataTable.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";

type Late = LatePage["late"][number];

function JobLink({ one }: { one: Late }) {
	return (
		<Link
			to="/jobs/$jobId"
			params={{ jobId: one.jobId }}
			search={{ why: one.dueAt }}
			className="link block truncate font-semibold"
		>
			{one.name}
		</Link>
	);
}

function AgentLink({ one }: { one: Late }) {
	return one.agentId ? (
		<Link to="/agents/$agentId" params={{ agentId: one.agentId }} className="link">
			{one.agentName ?? one.agentId}
		</Link>
	) : (
		<span className="text-ink-faint">No agent</span>
	);
}

const COLUMNS: Column<Late>[] = [
	{ id: "job", head: "Job", cell: (one) => <JobLink one={one} /> },
	{ id: "due", head: "Due", width: "12.5rem", cell: (one) => <Time at={one.dueAt} /> },
	{ id: "since", head: "Late since", width: "9rem", cell: (one) => <Ago at={one.lateSince} /> },
	{ id: "agent", head: "Agent", width: "10rem", cell: (one) => <AgentLink one={one} /> },
	{ id: "reason", head: "Reason", cell: (one) => <span title={one.reason}>{one.reason}</span> },
];

/** Jobs whose report should have come by now; a row leads to why it did not run. */
export function LatePanel() {
	const navigate = useNavigate();
	const query = useInfiniteQuery(lateQuery());
	const rows = rowsOf(query, (page) => page.late);
	return (
		<div className="card">
			<Answered query={query}>
				{() =>
					rows.length === 0 ? (
						<Empty title="Nothing is late">Every job has reported what its schedule asked for.</Empty>
					) : (
						<DataTable
							label="Late jobs"
							columns={COLUMNS}
							rows={rows}
							rowKey={(one) => `${one.jobId} ${one.agentId ?? ""}`}
							onOpen={(one) =>
								void navigate({ to: "/jobs/$jobId", params: { jobId: one.jobId }, search: { why: one.dueAt } })
							}
							more={moreOf(query)}
							cardHeight={112}
							height="calc(100dvh - 14.5rem)"
							card={(one) => (
								<div className="flex flex-col gap-0.5">
									<div className="flex items-center justify-between gap-3">
										<JobLink one={one} />
										<span className="shrink-0 text-warn">
											<Ago at={one.lateSince} />
										</span>
									</div>
									<p className="m-0 truncate text-ink-soft">
										due <Time at={one.dueAt} />
									</p>
									<p className="m-0 truncate text-ink-faint">{one.reason}</p>
									<AgentLink one={one} />
								</div>
							)}
						/>
					)
				}
			</Answered>
		</div>
	);
}
