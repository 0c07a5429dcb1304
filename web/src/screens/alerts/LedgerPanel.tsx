import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ledgerQuery, quarantineQuery } from "../../api/fleetQueries.ts";
import type { Ledger } from "../../api/types.ts";
import { useNow } from "../../lib/now.ts";
import { rowsOf } from "../../lib/pages.ts";
import { count, plural } from "../../lib/time.ts";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Time } from "../../ui/Time.tsx";

const REFRESH_MINUTES = 5; // a whole day of schedules is counted anew with each new span

/** Due fires against decisions, and the exact holes. */
export function LedgerPanel({ hours }: { hours: number }) {
	const minute = Math.floor(useNow() / 60_000 / REFRESH_MINUTES) * REFRESH_MINUTES;
	const query = useInfiniteQuery(ledgerQuery(hours, minute));
	return (
		<>
			<Answered query={query}>
				{({ pages }) => (
					<Sums
						pages={pages}
						more={query.hasNextPage}
						load={() => void query.fetchNextPage()}
						busy={query.isFetchingNextPage}
					/>
				)}
			</Answered>
			<QuarantinePanel />
		</>
	);
}

function Sums({ pages, more, load, busy }: { pages: Ledger[]; more: boolean; load: () => void; busy: boolean }) {
	const first = pages[0];
	if (!first) return null;
	const due = pages.reduce((sum, page) => sum + page.due, 0);
	const decided = pages.reduce((sum, page) => sum + page.decided, 0);
	const unaccounted = pages.reduce((sum, page) => sum + page.unaccounted, 0);
	const jobs = pages.flatMap((page) => page.jobs).filter((job) => job.unaccounted > 0);
	const agents = first.agents.filter((agent) => agent.holes.length > 0);
	return (
		<>
			<div className="grid gap-3 sm:grid-cols-3">
				<Figure name="Due" value={count(due)} />
				<Figure name="Decided" value={count(decided)} />
				<Figure name="Unaccounted" value={count(unaccounted)} tone={unaccounted > 0 ? "text-bad" : "text-good"} />
			</div>
			<Panel title="Holes" note="fires that were due and of which nothing is known">
				{jobs.length === 0 && agents.length === 0 ? (
					<Empty title="No holes">
						Every due fire of {more ? "the jobs looked at so far" : "this time"} has its decision.
					</Empty>
				) : (
					<ul className="m-0 flex list-none flex-col gap-3 p-0">
						{jobs.map((job) => (
							<li key={job.jobId}>
								<Link to="/jobs/$jobId" params={{ jobId: job.jobId }} className="link font-semibold">
									{job.name}
								</Link>{" "}
								<span className="text-bad">
									{plural(job.unaccounted, "fire")} of {count(job.due)}
								</span>
								<ul className="m-0 list-none p-0 text-ink-soft">
									{job.holes.map((hole) => (
										<li key={hole.from}>
											<Time at={hole.from} /> to <Time at={hole.to} />: {plural(hole.count, "fire")}
										</li>
									))}
								</ul>
							</li>
						))}
						{agents.map((agent) => (
							<li key={`${agent.agentId} ${agent.epoch}`}>
								<Link to="/agents/$agentId" params={{ agentId: agent.agentId }} className="link font-semibold">
									{agent.name}
								</Link>{" "}
								<span className="text-bad">
									records{" "}
									{agent.holes
										.map((hole) => (hole.from === hole.to ? hole.from : `${hole.from}–${hole.to}`))
										.join(", ")}{" "}
									of epoch {agent.epoch} are missing
								</span>
							</li>
						))}
					</ul>
				)}
				{more ? (
					<Button className="mt-3" busy={busy} onClick={load}>
						Look at more jobs
					</Button>
				) : null}
			</Panel>
		</>
	);
}

function Figure({ name, value, tone = "" }: { name: string; value: string; tone?: string }) {
	return (
		<div className="card px-4 py-3">
			<p className="m-0 text-ink-faint">{name}</p>
			<p className={`m-0 text-[1.6rem] font-semibold ${tone}`}>{value}</p>
		</div>
	);
}

function QuarantinePanel() {
	const query = useInfiniteQuery(quarantineQuery());
	const rows = rowsOf(query, (page) => page.records);
	if (rows.length === 0) return null;
	return (
		<Panel title="Quarantine" note="records that could not be read: kept, not counted">
			<ul className="m-0 flex list-none flex-col gap-2 p-0">
				{rows.map((one) => (
					<li key={`${one.agentId ?? ""} ${one.epoch} ${one.seq}`}>
						<Time at={one.at} /> <span className="text-bad">{one.reason}</span>
						<details>
							<summary className="text-ink-faint">
								Record {one.seq} of epoch {one.epoch}
							</summary>
							<pre className="m-0 whitespace-pre-wrap break-all">{one.record}</pre>
						</details>
					</li>
				))}
			</ul>
		</Panel>
	);
}
