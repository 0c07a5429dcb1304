// The last runs, as bars whose height is the duration, and as a list.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { jobExecutionsQuery } from "../../api/queries.ts";
import type { Execution, Job } from "../../api/types.ts";
import { RunBars } from "../../charts/RunBars.tsx";
import { duration } from "../../lib/time.ts";
import { DoubledMark, PlainMark } from "../../ui/Mark.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";

export const RUNS = 100;
const LISTED = 8;

export function Runs({ job }: { job: Job }) {
	const query = useQuery(jobExecutionsQuery(job.jobId, RUNS));
	const navigate = useNavigate();
	const open = (one: Execution) =>
		void navigate({
			to: "/executions/$jobId/$executionId",
			params: { jobId: one.jobId, executionId: one.executionId },
			search: { scheduledAt: one.scheduledAt },
		});
	return (
		<Panel
			title={`Last ${RUNS} runs`}
			note="height is duration"
			flush
			actions={
				<Link to="/executions" search={{ jobId: job.jobId }} className="link">
					All executions
				</Link>
			}
		>
			<Answered query={query} rows={4}>
				{({ executions }) =>
					executions.length === 0 ? (
						<Empty title="It has not run yet">
							The first execution appears here by itself, seconds after it is due.
						</Empty>
					) : (
						<>
							<div className="px-4 pb-3">
								<RunBars executions={executions} slots={RUNS} onOpen={open} />
							</div>
							<ul className="m-0 list-none border-t border-line p-0" aria-label="Latest executions">
								{executions.slice(0, LISTED).map((one) => (
									<RunRow key={one.executionId + one.scheduledAt} one={one} zone={job.timezone ?? null} />
								))}
							</ul>
						</>
					)
				}
			</Answered>
		</Panel>
	);
}

function RunRow({ one, zone }: { one: Execution; zone: string | null }) {
	return (
		<li className="border-b border-line last:border-b-0">
			<Link
				to="/executions/$jobId/$executionId"
				params={{ jobId: one.jobId, executionId: one.executionId }}
				search={{ scheduledAt: one.scheduledAt }}
				className="grid grid-cols-[7.5rem_1fr_auto] items-baseline gap-x-4 px-4 py-1.5 -outline-offset-2 hover:bg-sunken md:grid-cols-[7.5rem_11rem_5rem_6rem_minmax(0,1fr)_auto]"
			>
				<PlainMark state={one.status} />
				<Time at={one.scheduledAt} zone={zone} />
				<span className="hidden text-right md:inline">{duration(one.durationMs)}</span>
				<span className="hidden truncate text-ink-faint md:inline">
					{one.cause === "schedule" ? "" : one.cause === "manual" ? "by hand" : "caught up"}
				</span>
				<span
					className="col-span-3 truncate text-ink-soft max-md:row-start-2 md:col-span-1"
					title={one.reason ?? undefined}
				>
					<DoubledMark doubled={one.doubled} /> {one.reason ?? (one.httpStatus ? `HTTP ${one.httpStatus}` : "")}
					{one.agentName ? <span className="text-ink-faint"> on {one.agentName}</span> : null}
				</span>
				<span className="text-ink-faint">
					<Ago at={one.scheduledAt} zone={zone} />
				</span>
			</Link>
		</li>
	);
}
