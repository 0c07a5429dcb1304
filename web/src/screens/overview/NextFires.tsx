// What runs next, below a line that is now.
import { Link } from "@tanstack/react-router";
import type { Overview } from "../../api/types.ts";
import { useNow } from "../../lib/now.ts";
import { useSettings } from "../../lib/settings.ts";
import { instant, zoneFor } from "../../lib/time.ts";
import { Panel } from "../../ui/Screen.tsx";
import { Empty } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";

export function NextFires({ fires }: { fires: Overview["nextFires"] }) {
	const now = useNow();
	const zone = zoneFor(useSettings().zone);
	const past = fires.filter((fire) => Date.parse(fire.at) <= now);
	const next = fires.filter((fire) => Date.parse(fire.at) > now);
	const row = (fire: Overview["nextFires"][number]) => (
		<li
			key={fire.jobId + fire.at}
			className="flex items-baseline gap-3 border-b border-line px-4 py-1.5 last:border-b-0"
		>
			<span className="min-w-[5.2rem] shrink-0 text-ink-faint">
				<Time at={fire.at} />
			</span>
			<Link to="/jobs/$jobId" params={{ jobId: fire.jobId }} className="link min-w-0 flex-1 truncate">
				{fire.name}
			</Link>
			<span className="shrink-0 text-ink-faint">
				<Ago at={fire.at} />
			</span>
		</li>
	);
	return (
		<Panel title="Next" flush>
			{fires.length === 0 ? (
				<Empty title="Nothing is due">No active job has a fire ahead.</Empty>
			) : (
				<ul className="m-0 list-none p-0 pb-1.5">
					{past.map(row)}
					<li aria-label={`Now, ${instant(now, zone, now)}`} className="flex items-center gap-3 px-4 py-1 text-accent">
						<span className="w-[5.2rem] shrink-0 font-semibold">{instant(now, zone, now)}</span>
						<span className="h-0.5 flex-1 rounded bg-accent" />
						<span className="font-semibold">now</span>
					</li>
					{next.map(row)}
				</ul>
			)}
		</Panel>
	);
}
