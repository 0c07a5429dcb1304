// Is anything wrong, and what runs next?
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { overviewQuery } from "../../api/queries.ts";
import type { Overview as Data } from "../../api/types.ts";
import { StackedBars } from "../../charts/StackedBars.tsx";
import { TimeAxis } from "../../charts/TimeAxis.tsx";
import { useSettings } from "../../lib/settings.ts";
import { EXECUTION_STATUSES } from "../../lib/status.ts";
import { count, duration, instant, percent, plural, zoneFor } from "../../lib/time.ts";
import { useMay } from "../../shell/session.ts";
import { buttonClass } from "../../ui/Button.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Panel, Screen } from "../../ui/Screen.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { NextFires } from "./NextFires.tsx";
import { Tile } from "./Tile.tsx";
import { troubles } from "./troubles.ts";

const HOUR_MS = 3_600_000;

export default function Overview() {
	const query = useQuery(overviewQuery());
	const mayEdit = useMay("editor");
	return (
		<Screen
			title="Overview"
			actions={
				mayEdit ? (
					<Link to="/jobs/new" className={buttonClass("primary")}>
						New job
					</Link>
				) : undefined
			}
		>
			<Answered query={query} rows={10}>
				{(data) =>
					data.jobs.total === 0 && data.last24h.executions === 0 ? (
						<FirstSteps mayEdit={mayEdit} agents={data.agents.total} />
					) : (
						<Board data={data} />
					)
				}
			</Answered>
		</Screen>
	);
}

function Board({ data }: { data: Data }) {
	const zone = zoneFor(useSettings().zone);
	const navigate = useNavigate();
	const { last24h, jobs, agents } = data;
	const begin = Date.parse(data.hours[0]?.t ?? data.now);
	const bad = EXECUTION_STATUSES.filter(
		(status) => status !== "success" && status !== "skipped" && last24h.byStatus[status],
	);
	const failures = bad.reduce((sum, status) => sum + (last24h.byStatus[status] ?? 0), 0);
	return (
		<>
			<Verdict data={data} />
			<div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
				<Tile
					name="Success, 24 h"
					value={percent(last24h.successRate)}
					note={`${count(last24h.executions)} ${last24h.executions === 1 ? "execution" : "executions"}`}
					to="/executions"
				/>
				<Tile
					name="Failures, 24 h"
					value={count(failures)}
					note={failures ? bad.map((status) => `${count(last24h.byStatus[status] ?? 0)} ${status}`).join(", ") : "none"}
					to="/alerts"
					tone={failures ? "bad" : undefined}
				/>
				<Tile
					name="Agents offline"
					value={count(agents.offline)}
					note={`${plural(agents.online, "online", "online")}${agents.draining ? `, ${agents.draining} draining` : ""}`}
					to="/agents"
					search={agents.offline ? { state: "offline" } : {}}
					tone={agents.offline ? "bad" : undefined}
				/>
				<Tile
					name="Jobs late"
					value={count(jobs.late)}
					note={`${count(jobs.active)} active, ${count(jobs.paused)} paused`}
					to="/jobs"
					search={jobs.late ? { late: true } : {}}
					tone={jobs.late ? "warn" : undefined}
				/>
				<Tile
					name="Lateness p99"
					value={duration(last24h.latenessMs.p99)}
					note={`p50 ${duration(last24h.latenessMs.p50)}`}
					to="/executions"
				/>
				<Tile
					name="Unaccounted"
					value={count(data.unaccounted)}
					note={data.unaccounted ? "fires without a record" : "every fire has its record"}
					to="/alerts"
					search={{ tab: "ledger" }}
					tone={data.unaccounted ? "bad" : undefined}
				/>
			</div>
			<div className="grid gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
				<Panel
					title="Last 24 hours"
					note="failures above the line, on their own scale"
					className="flex flex-col [&>div:last-child]:flex [&>div:last-child]:grow [&>div:last-child]:flex-col"
				>
					<StackedBars
						buckets={data.hours}
						label="Executions by hour"
						name={(bucket) => instant(bucket.t, zone).slice(0, -3)}
						onOpen={(bucket) =>
							void navigate({
								to: "/executions",
								search: { from: bucket.t, to: new Date(Date.parse(bucket.t) + HOUR_MS).toISOString() },
							})
						}
					/>
					<div className="mt-1 text-[0.86rem] text-ink-faint">
						<TimeAxis from={begin} to={begin + data.hours.length * HOUR_MS} zone={zone} />
					</div>
					<ul className="mt-3 mb-0 flex list-none flex-wrap gap-x-5 gap-y-1 p-0">
						{EXECUTION_STATUSES.map((status) => (
							<li key={status}>
								<Link to="/executions" search={{ status }} className="inline-flex gap-1.5 hover:underline">
									<PlainMark state={status} />{" "}
									<span className="text-ink-soft">{count(last24h.byStatus[status] ?? 0)}</span>
								</Link>
							</li>
						))}
					</ul>
				</Panel>
				<NextFires fires={data.nextFires} />
			</div>
		</>
	);
}

/** The sentence of the first two seconds. */
function Verdict({ data }: { data: Data }) {
	const wrong = troubles(data);
	if (wrong.length === 0) {
		return (
			<p className="m-0 flex items-baseline gap-2.5 rounded-[10px] bg-good-soft px-4 py-2.5 font-medium text-good">
				<span aria-hidden="true">✓</span>All is well: no failures in the last hour, nobody offline, nothing late,
				nothing lost.
			</p>
		);
	}
	return (
		<ul aria-label="What is wrong" className="m-0 flex list-none flex-col gap-px overflow-hidden rounded-[10px] p-0">
			{wrong.map((one) => (
				<li key={one.text} className={one.severe ? "bg-bad-soft text-bad" : "bg-warn-soft text-warn"}>
					<Link
						to={one.to}
						search={one.search}
						className="flex items-baseline gap-2.5 px-4 py-2 font-medium hover:underline"
					>
						<span aria-hidden="true" className="w-3 text-center">
							{one.severe ? "✕" : "!"}
						</span>
						{one.text}
					</Link>
				</li>
			))}
		</ul>
	);
}

function FirstSteps({ mayEdit, agents }: { mayEdit: boolean; agents: number }) {
	const mayEnrol = useMay("admin");
	return (
		<div className="card">
			<Empty title="Nothing runs yet">
				<p>
					{agents === 0
						? "First an agent has to join: an enrolment token is made in Settings, and belfry-agent started with it on a host. Then a job is defined."
						: `${plural(agents, "agent")} joined. Now define a job: when, and which address is called.`}
				</p>
				<div className="mt-4 flex justify-center gap-2">
					{agents === 0 && mayEnrol ? (
						<Link to="/settings" search={{ tab: "enrolment" }} className={buttonClass("plain")}>
							Enrol an agent
						</Link>
					) : null}
					{mayEdit ? (
						<Link to="/jobs/new" className={buttonClass("primary")}>
							New job
						</Link>
					) : null}
				</div>
			</Empty>
		</div>
	);
}
