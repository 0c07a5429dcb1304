import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lateQuery } from "../../api/fleetQueries.ts";
import { rowsOf } from "../../lib/pages.ts";
import { Button } from "../../ui/Button.tsx";
import { Mark } from "../../ui/Mark.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";

/** Jobs whose report should have come by now. */
export function LatePanel() {
	const query = useInfiniteQuery(lateQuery());
	const rows = rowsOf(query, (page) => page.late);
	return (
		<div className="card">
			<Answered query={query}>
				{() =>
					rows.length === 0 ? (
						<Empty title="Nothing is late">Every job has reported what its schedule asked for.</Empty>
					) : (
						<>
							<ul className="m-0 list-none divide-y divide-line p-0">
								{rows.map((one) => (
									<li key={`${one.jobId} ${one.agentId ?? ""}`} className="flex flex-col gap-1 px-4 py-3">
										<div className="flex flex-wrap items-center gap-x-3 gap-y-1">
											<Link
												to="/jobs/$jobId"
												params={{ jobId: one.jobId }}
												search={{ why: one.dueAt }}
												className="link font-semibold"
											>
												{one.name}
											</Link>
											<Mark state="late" />
											<span className="text-ink-soft">
												due <Time at={one.dueAt} />, late since <Ago at={one.lateSince} />
											</span>
										</div>
										<p className="m-0 text-ink-soft">
											{one.reason}
											{one.agentId ? (
												<>
													{" "}
													<Link to="/agents/$agentId" params={{ agentId: one.agentId }} className="link">
														{one.agentName ?? one.agentId}
													</Link>
												</>
											) : null}
										</p>
									</li>
								))}
							</ul>
							{query.hasNextPage ? (
								<Button className="m-4" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
									More
								</Button>
							) : null}
						</>
					)
				}
			</Answered>
		</div>
	);
}
