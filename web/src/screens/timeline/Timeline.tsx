// The fleet over time: a row for each agent, bars are executions, hatched is offline.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { timelineQuery } from "../../api/fleetQueries.ts";
import { GanttRow, HatchPattern } from "../../charts/GanttRow.tsx";
import { useNow } from "../../lib/now.ts";
import { rowsOf } from "../../lib/pages.ts";
import { Button } from "../../ui/Button.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Time } from "../../ui/Time.tsx";
import { barsOf, busiestOf, offlineOf, rowSentence } from "./rows.ts";

const route = getRouteApi("/shell/timeline");
const SPANS = [1, 6, 24, 72];

export default function Timeline() {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const hours = SPANS.includes(search.hours ?? 0) ? (search.hours as number) : 6;
	const now = useNow();
	const query = useInfiniteQuery(timelineQuery(hours, Math.ceil(now / 60_000)));
	const rows = rowsOf(query, (page) => page.agents);
	const busiest = busiestOf(rows);
	return (
		<Screen
			title="Fleet timeline"
			actions={
				<fieldset className="m-0 flex gap-1 border-0 p-0">
					<legend className="sr-only">Span</legend>
					{SPANS.map((span) => (
						<Button
							key={span}
							small
							kind={span === hours ? "primary" : "plain"}
							aria-pressed={span === hours}
							onClick={() => void navigate({ to: "/timeline", search: { hours: span }, replace: true })}
						>
							{span} h
						</Button>
					))}
				</fieldset>
			}
		>
			<div className="card px-4 py-3">
				<ul className="m-0 mb-3 flex list-none flex-wrap gap-x-5 gap-y-1 p-0 text-ink-soft">
					<li>
						<span aria-hidden="true" className="mr-1.5 inline-block size-3 rounded-sm bg-good-fill" />
						only successes
					</li>
					<li>
						<span aria-hidden="true" className="mr-1.5 inline-block size-3 rounded-sm bg-bad-fill" />
						with failures
					</li>
					<li>
						<span aria-hidden="true" className="hatched mr-1.5 inline-block size-3 rounded-sm" />
						offline: what ran is unknown until it reports
					</li>
				</ul>
				<HatchPattern />
				<Answered query={query}>
					{({ pages }) => {
						const first = pages[0];
						if (!first || rows.length === 0) return <Empty title="No agents yet" />;
						const from = Date.parse(first.from);
						const to = Date.parse(first.to);
						return (
							<>
								<ul className="m-0 flex list-none flex-col gap-1.5 p-0">
									{rows.map((row) => (
										<li
											key={row.agentId}
											className="grid items-center gap-x-3 gap-y-1 sm:grid-cols-[9rem_7rem_minmax(0,1fr)]"
										>
											<Link to="/agents/$agentId" params={{ agentId: row.agentId }} className="link truncate">
												{row.name}
											</Link>
											<PlainMark state={row.state} />
											<GanttRow
												from={from}
												to={to}
												height={24}
												now={now}
												spans={barsOf(row, first.stepMs, busiest)}
												hatched={offlineOf(row, to)}
												label={rowSentence(row)}
											/>
										</li>
									))}
								</ul>
								<div className="mt-1.5 flex justify-between text-ink-faint sm:pl-[17.5rem]">
									<Time at={first.from} />
									<Time at={first.to} />
								</div>
								{query.hasNextPage ? (
									<Button className="mt-3" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
										More agents
									</Button>
								) : null}
							</>
						);
					}}
				</Answered>
			</div>
		</Screen>
	);
}
