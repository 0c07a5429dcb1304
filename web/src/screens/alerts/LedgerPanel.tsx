import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import { ledgerQuery, quarantineQuery } from "../../api/fleetQueries.ts";
import type { Ledger } from "../../api/types.ts";
import { useListKeys } from "../../lib/listKeys.ts";
import { rowsOf } from "../../lib/pages.ts";
import { count, plural } from "../../lib/time.ts";
import { Button } from "../../ui/Button.tsx";
import { QuarantineList } from "../../ui/QuarantineList.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";
import { Time } from "../../ui/Time.tsx";

const UNKNOWN_SHOWN = 50;

/** Due fires against decisions, and the exact holes. */
export function LedgerPanel({ hours }: { hours: number }) {
	const query = useInfiniteQuery(ledgerQuery(hours));
	const box = useRef<HTMLDivElement>(null);
	useListKeys(box);
	return (
		<div ref={box} className="flex flex-col gap-4">
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
		</div>
	);
}

function Sums({ pages, more, load, busy }: { pages: Ledger[]; more: boolean; load: () => void; busy: boolean }) {
	const first = pages[0];
	if (!first) return null;
	const due = pages.reduce((sum, page) => sum + page.due, 0);
	const decided = pages.reduce((sum, page) => sum + page.decided, 0);
	const unaccounted = pages.reduce((sum, page) => sum + page.unaccounted, 0);
	const unknown = pages.reduce((sum, page) => sum + page.unknown, 0);
	const all = pages.flatMap((page) => page.jobs);
	const jobs = all.filter((job) => job.unaccounted > 0);
	const agents = first.agents.filter((agent) => agent.holes.length > 0);
	return (
		<>
			<div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
				<Figure name="Due" value={count(due)} />
				<Figure name="Decided" value={count(decided)} />
				<Figure name="Unknown" value={count(unknown)} tone={unknown > 0 ? "text-odd" : ""} />
				<Figure name="Unaccounted" value={count(unaccounted)} tone={unaccounted > 0 ? "text-bad" : "text-good"} />
			</div>
			<Panel title="Holes" note="fires that were due and of which nothing is known">
				{jobs.length === 0 && agents.length === 0 ? (
					<p className="m-0 text-good">
						<span aria-hidden="true">✓ </span>
						{more ? "Of the jobs looked at so far no fire is missing." : "No fire is missing."}
					</p>
				) : (
					<ul className="m-0 flex list-none flex-col gap-3 p-0">
						{jobs.map((job) => (
							<li key={job.jobId}>
								<Link to="/jobs/$jobId" params={{ jobId: job.jobId }} data-stop className="link font-semibold">
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
								<Link
									to="/agents/$agentId"
									params={{ agentId: agent.agentId }}
									data-stop
									className="link font-semibold"
								>
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
			<Unknown jobs={all.filter((job) => job.unknown > 0)} />
		</>
	);
}

/** Not lost: their agents are silent, or could not know of them. Records that come later make them decided. */
function Unknown({ jobs }: { jobs: Ledger["jobs"] }) {
	if (jobs.length === 0) return null;
	return (
		<Panel title="Unknown" note="fires whose agents have not reported yet, or could not know of them">
			<ul className="m-0 flex list-none flex-col gap-1 p-0">
				{jobs.slice(0, UNKNOWN_SHOWN).map((job) => (
					<li key={job.jobId} className="flex flex-wrap gap-x-3">
						<Link to="/jobs/$jobId" params={{ jobId: job.jobId }} data-stop className="link font-semibold">
							{job.name}
						</Link>
						<span className="text-odd">
							{plural(job.unknown, "fire")} of {count(job.due)}
						</span>
						<span className="text-ink-faint">
							since <Time at={job.unknownSince} />
						</span>
					</li>
				))}
			</ul>
			{jobs.length > UNKNOWN_SHOWN ? (
				<p className="mt-2 mb-0 text-ink-faint">and {plural(jobs.length - UNKNOWN_SHOWN, "job")} more</p>
			) : null}
		</Panel>
	);
}

function Figure({ name, value, tone = "" }: { name: string; value: string; tone?: string }) {
	return (
		<div className="card px-4 py-3">
			<p className="m-0 text-ink-faint">{name}</p>
			<p className={`m-0 text-[1.6rem] font-semibold leading-tight ${tone}`}>{value}</p>
		</div>
	);
}

function QuarantinePanel() {
	const query = useInfiniteQuery(quarantineQuery());
	const rows = rowsOf(query, (page) => page.records);
	if (rows.length === 0) return null;
	return (
		<Panel title="Quarantine" note="records that could not be read: kept, not counted">
			<QuarantineList records={rows} />
		</Panel>
	);
}
