import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { failuresQuery } from "../../api/fleetQueries.ts";
import type { Failures } from "../../api/types.ts";
import { look } from "../../lib/status.ts";
import { plural } from "../../lib/time.ts";
import { type Column, DataTable } from "../../ui/DataTable.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";

const SHOWN_MAX = 200; // the server gives no more

/** "3 failed, 1 timeout" */
export function statusWords(byStatus: Record<string, number>): string {
	return Object.entries(byStatus)
		.filter(([, number]) => number > 0)
		.map(([status, number]) => `${number.toLocaleString("en-US")} ${look(status).text.toLowerCase()}`)
		.join(", ");
}

type Group = Failures["failures"][number];

function reasonOf({ last }: Group): string {
	return last.reason ?? last.error ?? (last.httpStatus ? `HTTP ${last.httpStatus}` : "No reason was given.");
}

function JobLink({ one }: { one: Group }) {
	return (
		<Link to="/jobs/$jobId" params={{ jobId: one.jobId }} className="link block truncate font-semibold">
			{one.name ?? one.jobId}
		</Link>
	);
}

function ShowLink({ one, from }: { one: Group; from: string }) {
	return (
		<Link to="/executions" search={searchOf(one, from)} className="link">
			Show {plural(one.count, "execution")}
		</Link>
	);
}

const searchOf = (one: Group, from: string) => ({
	jobId: one.jobId,
	status: "failed,timeout,missed,interrupted",
	from,
});

function columnsOf(from: string): Column<Group>[] {
	return [
		{
			id: "job",
			head: "Job",
			cell: (one) => (
				<div className="leading-tight">
					<JobLink one={one} />
					<span className="block truncate text-[0.9rem] text-ink-faint">{statusWords(one.byStatus)}</span>
				</div>
			),
		},
		{
			id: "last",
			head: "Latest",
			width: "9rem",
			cell: (one) => (one.last.status ? <PlainMark state={one.last.status} /> : null),
		},
		{
			id: "reason",
			head: "Latest reason",
			cell: (one) => <span title={reasonOf(one)}>{reasonOf(one)}</span>,
		},
		{ id: "first", head: "First", width: "12.5rem", wide: "very", cell: (one) => <Time at={one.firstAt} /> },
		{ id: "ago", head: "Last", width: "7.5rem", cell: (one) => <Ago at={one.lastAt} /> },
		{
			id: "show",
			head: <span className="sr-only">Executions</span>,
			width: "12rem",
			right: true,
			cell: (one) => <ShowLink one={one} from={from} />,
		},
	];
}

/** Failures grouped by job, the latest first. */
export function FailuresPanel({ hours }: { hours: number }) {
	const navigate = useNavigate();
	const query = useQuery(failuresQuery(hours));
	const from = query.data?.from ?? "";
	const columns = useMemo(() => columnsOf(from), [from]);
	return (
		<div className="card">
			<Answered query={query}>
				{({ failures }) =>
					failures.length === 0 ? (
						<Empty title="Nothing failed">Every execution of this time was a success, or skipped on purpose.</Empty>
					) : (
						<>
							<DataTable
								label="Failures by job"
								columns={columns}
								rows={failures}
								rowKey={(one) => one.jobId}
								rowHeight={52}
								cardHeight={112}
								about={String(hours)}
								height="calc(100dvh - 14.5rem)"
								onOpen={(one) => void navigate({ to: "/executions", search: searchOf(one, from) })}
								card={(one) => (
									<div className="flex flex-col gap-0.5">
										<div className="flex items-center justify-between gap-3">
											<JobLink one={one} />
											{one.last.status ? <PlainMark state={one.last.status} /> : null}
										</div>
										<p className="m-0 truncate text-ink-soft">{reasonOf(one)}</p>
										<p className="m-0 truncate text-ink-faint">
											{statusWords(one.byStatus)}, last <Ago at={one.lastAt} />
										</p>
										<ShowLink one={one} from={from} />
									</div>
								)}
							/>
							{failures.length === SHOWN_MAX ? (
								<p className="m-0 border-t border-line px-4 py-2 text-ink-faint">
									The {SHOWN_MAX} jobs that failed most.{" "}
									<Link to="/jobs" search={{ lastStatus: "failed,timeout,missed,interrupted" }} className="link">
										All jobs whose last run went wrong
									</Link>
								</p>
							) : null}
						</>
					)
				}
			</Answered>
		</div>
	);
}
