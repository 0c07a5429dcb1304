// The one row of an agent.
import { useInfiniteQuery } from "@tanstack/react-query";
import { timelineQuery } from "../../api/fleetQueries.ts";
import { TimeAxis } from "../../charts/TimeAxis.tsx";
import { useSettings } from "../../lib/settings.ts";
import { zoneFor } from "../../lib/time.ts";
import { Answered } from "../../ui/States.tsx";
import { busiestOf } from "./rows.ts";
import { Track } from "./Track.tsx";

export function AgentTimeline({ agentId, hours }: { agentId: string; hours: number }) {
	const zone = zoneFor(useSettings().zone);
	const query = useInfiniteQuery(timelineQuery(hours, agentId));
	return (
		<Answered query={query} rows={1}>
			{({ pages }) => {
				const page = pages[0];
				const row = page?.agents[0];
				if (!page || !row) return <p className="m-0 text-ink-faint">Nothing is known of this time.</p>;
				const to = Date.parse(page.to);
				return (
					<div>
						<Track
							row={row}
							from={Date.parse(page.from)}
							to={to}
							stepMs={page.stepMs}
							busiest={busiestOf([row])}
							height={40}
						/>
						<div className="mt-1 text-[0.93rem] text-ink-faint">
							<TimeAxis from={Date.parse(page.from)} to={to} zone={zone} />
						</div>
					</div>
				);
			}}
		</Answered>
	);
}
