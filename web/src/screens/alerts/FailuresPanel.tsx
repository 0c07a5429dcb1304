import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { failuresQuery } from "../../api/fleetQueries.ts";
import { look } from "../../lib/status.ts";
import { plural } from "../../lib/time.ts";
import { Mark } from "../../ui/Mark.tsx";
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

/** Failures grouped by job, the latest first. */
export function FailuresPanel({ hours }: { hours: number }) {
	const query = useQuery(failuresQuery(hours));
	return (
		<div className="card">
			<Answered query={query}>
				{({ failures, from }) =>
					failures.length === 0 ? (
						<Empty title="Nothing failed">Every execution of this time was a success, or skipped on purpose.</Empty>
					) : (
						<ul className="m-0 list-none divide-y divide-line p-0">
							{failures.map((one) => (
								<li key={one.jobId} className="flex flex-col gap-1.5 px-4 py-3">
									<div className="flex flex-wrap items-center gap-x-3 gap-y-1">
										<Link to="/jobs/$jobId" params={{ jobId: one.jobId }} className="link font-semibold">
											{one.name ?? one.jobId}
										</Link>
										{one.last.status ? <Mark state={one.last.status} /> : null}
										<span className="text-ink-soft">{statusWords(one.byStatus)}</span>
										<Link
											to="/executions"
											search={{ jobId: one.jobId, status: "failed,timeout,missed,interrupted", from }}
											className="link ml-auto"
										>
											Show {plural(one.count, "execution")}
										</Link>
									</div>
									<p className="m-0 break-words text-ink-soft">
										{one.last.reason ??
											one.last.error ??
											(one.last.httpStatus ? `HTTP ${one.last.httpStatus}` : "No reason was given.")}
									</p>
									<p className="m-0 text-ink-faint">
										First <Time at={one.firstAt} />, last <Ago at={one.lastAt} />
									</p>
								</li>
							))}
							{failures.length === SHOWN_MAX ? (
								<li className="px-4 py-3 text-ink-faint">
									The {SHOWN_MAX} jobs that failed most.{" "}
									<Link to="/jobs" search={{ lastStatus: "failed,timeout,missed,interrupted" }} className="link">
										All jobs whose last run went wrong
									</Link>
								</li>
							) : null}
						</ul>
					)
				}
			</Answered>
		</div>
	);
}
