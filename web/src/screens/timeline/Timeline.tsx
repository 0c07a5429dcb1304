// The fleet over time: a row for each agent, bars are executions, hatched is offline.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { timelineQuery } from "../../api/fleetQueries.ts";
import type { TimelinePage, TimelineRow } from "../../api/types.ts";
import { TimeAxis } from "../../charts/TimeAxis.tsx";
import { moreOf } from "../../lib/pages.ts";
import { useSettings } from "../../lib/settings.ts";
import { zoneFor } from "../../lib/time.ts";
import { Button } from "../../ui/Button.tsx";
import { type Column, DataTable } from "../../ui/DataTable.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { busiestOf } from "./rows.ts";
import { Track } from "./Track.tsx";

const route = getRouteApi("/shell/timeline");
const SPANS = [1, 6, 24, 72];

export default function Timeline() {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const zone = zoneFor(useSettings().zone);
	const hours = SPANS.includes(search.hours ?? 0) ? (search.hours as number) : 6;
	const query = useInfiniteQuery(timelineQuery(hours));
	const rows = useMemo(() => query.data?.pages.flatMap((page) => page.agents) ?? [], [query.data]);
	const first = query.data?.pages[0];
	const busiest = useMemo(() => busiestOf(rows), [rows]);
	const columns = useMemo(() => (first ? columnsOf(first, busiest, zone) : []), [first, busiest, zone]);
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
			<div className="card">
				<Legend />
				<Answered query={query}>
					{() =>
						first && rows.length > 0 ? (
							<DataTable
								label="Agents over time"
								columns={columns}
								rows={rows}
								rowKey={(row) => row.agentId}
								rowHeight={34}
								cardHeight={66}
								onOpen={(row) => void navigate({ to: "/agents/$agentId", params: { agentId: row.agentId } })}
								more={moreOf(query)}
								about={String(hours)}
								old={query.isPlaceholderData}
								card={(row) => (
									<div className="flex flex-col gap-1.5">
										<div className="flex items-center justify-between gap-3">
											<AgentLink row={row} />
											<PlainMark state={row.state} />
										</div>
										<Track row={row} {...placeOf(first)} busiest={busiest} height={24} />
									</div>
								)}
							/>
						) : (
							<Empty title="No agents yet">An agent has its row here as soon as it is enrolled.</Empty>
						)
					}
				</Answered>
			</div>
		</Screen>
	);
}

function Legend() {
	return (
		<ul className="m-0 flex list-none flex-wrap gap-x-5 gap-y-1 border-b border-line px-4 py-2.5 text-ink-soft">
			<li>
				<span aria-hidden="true" className="mr-1.5 inline-block size-3 rounded-sm bg-good-fill" />
				only successes
			</li>
			<li>
				<span aria-hidden="true" className="mr-1.5 inline-block size-3 rounded-sm bg-bad-fill" />
				with failures
			</li>
			<li>
				<span aria-hidden="true" className="hatched mr-1.5 inline-block h-3 w-6 rounded-sm border border-line" />
				offline: what ran is unknown until it reports
			</li>
		</ul>
	);
}

function AgentLink({ row }: { row: TimelineRow }) {
	return (
		<Link to="/agents/$agentId" params={{ agentId: row.agentId }} className="link truncate">
			{row.name}
		</Link>
	);
}

function placeOf(page: TimelinePage) {
	return { from: Date.parse(page.from), to: Date.parse(page.to), stepMs: page.stepMs };
}

function columnsOf(page: TimelinePage, busiest: number, zone: string): Column<TimelineRow>[] {
	const place = placeOf(page);
	return [
		{ id: "name", head: "Agent", width: "11rem", cell: (row) => <AgentLink row={row} /> },
		{ id: "state", head: "State", width: "7.5rem", cell: (row) => <PlainMark state={row.state} /> },
		{
			id: "track",
			head: <TimeAxis from={place.from} to={place.to} zone={zone} />,
			cell: (row) => <Track row={row} {...place} busiest={busiest} height={24} />,
		},
	];
}
