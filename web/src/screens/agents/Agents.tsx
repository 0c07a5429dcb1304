// Can the edge be trusted? Every agent with its state, backlog and clock.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { agentsQuery } from "../../api/queries.ts";
import type { Agent } from "../../api/types.ts";
import { moreOf, rowsOf } from "../../lib/pages.ts";
import { look } from "../../lib/status.ts";
import { count, duration, plural } from "../../lib/time.ts";
import { useMay } from "../../shell/session.ts";
import { Button } from "../../ui/Button.tsx";
import { type Column, DataTable } from "../../ui/DataTable.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { SearchField } from "../../ui/SearchField.tsx";
import { Select } from "../../ui/Select.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";
import { EnrolDialog } from "./EnrolDialog.tsx";

const route = getRouteApi("/shell/agents");
const STATES = ["online", "offline", "draining", "never", "revoked"] as const;
const SKEW_WARN_MS = 1_000;

export function Skew({ ms }: { ms: number | null | undefined }) {
	if (ms === null || ms === undefined) return <span className="text-ink-faint">–</span>;
	const bad = Math.abs(ms) >= SKEW_WARN_MS;
	return (
		<span className={bad ? "text-warn" : ""}>
			{bad ? "! " : ""}
			{duration(ms)}
		</span>
	);
}

export function Labels({ labels, oneLine }: { labels: Record<string, string> | undefined; oneLine?: boolean }) {
	const pairs = Object.entries(labels ?? {});
	const all = pairs.map(([name, value]) => `${name}=${value}`).join(", ");
	return (
		<span className={`inline-flex gap-1 ${oneLine ? "" : "flex-wrap"}`} title={oneLine ? all : undefined}>
			{pairs.map(([name, value]) => (
				<span key={name} className="whitespace-nowrap rounded bg-idle-soft px-1.5 text-[0.9rem] text-ink-soft">
					{name}={value}
				</span>
			))}
		</span>
	);
}

/** What a draining agent has yet to do. */
function Handover({ handover: { until, kept } }: { handover: NonNullable<Agent["handover"]> }) {
	return (
		<span className="block text-[0.9rem] text-ink-faint">
			{kept > 0 ? (
				<>{plural(kept, "job")} left</>
			) : until ? (
				<>
					runs until <Time at={until} />
				</>
			) : (
				"handed over"
			)}
		</span>
	);
}

const COLUMNS: Column<Agent>[] = [
	{
		id: "name",
		head: "Name",
		sort: "name",
		cell: (row) => (
			<Link to="/agents/$agentId" params={{ agentId: row.agentId }} className="link font-medium">
				{row.name}
			</Link>
		),
	},
	{
		id: "state",
		head: "State",
		width: "13rem",
		cell: (row) => (
			<div className="leading-tight">
				<PlainMark state={row.state} />
				{row.unknownSince ? (
					<span className="block text-[0.9rem] text-ink-faint">
						since <Time at={row.unknownSince} />
					</span>
				) : null}
				{row.handover ? <Handover handover={row.handover} /> : null}
			</div>
		),
	},
	{
		id: "seen",
		head: "Last sync",
		width: "8rem",
		sort: "lastSeenAt",
		cell: (row) => <Ago at={row.lastSeenAt} none="never" />,
	},
	{ id: "jobs", head: "Jobs", width: "5.5rem", right: true, cell: (row) => count(row.jobs ?? 0) },
	{
		id: "running",
		head: "Running",
		width: "5.5rem",
		right: true,
		wide: "very",
		cell: (row) => count(row.running ?? 0),
	},
	{
		id: "outbox",
		head: "Outbox",
		width: "6rem",
		right: true,
		sort: "outboxDepth",
		cell: (row) => count(row.outboxDepth ?? 0),
	},
	{
		id: "oldest",
		head: "Oldest unsent",
		width: "8rem",
		wide: true,
		cell: (row) => <Ago at={row.oldestUnsentAt} none="none" />,
	},
	{
		id: "skew",
		head: "Clock skew",
		width: "7rem",
		right: true,
		wide: true,
		cell: (row) => <Skew ms={row.clockSkewMs} />,
	},
	{
		id: "version",
		head: "Version",
		width: "9rem",
		wide: "very",
		cell: (row) => (
			<span title={`Version ${row.version ?? "unknown"}, zone data ${row.tzdata ?? "unknown"}`}>
				{row.version ?? "–"} <span className="text-ink-faint">{row.tzdata}</span>
			</span>
		),
	},
	{ id: "labels", head: "Labels", wide: "very", cell: (row) => <Labels labels={row.labels} oneLine /> },
];

export default function Agents() {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const query = useInfiniteQuery(agentsQuery(search));
	const rows = rowsOf(query, (page) => page.agents);
	const mayEnrol = useMay("admin");
	const [enrolling, setEnrolling] = useState(false);
	const change = (next: Partial<typeof search>) =>
		void navigate({ to: "/agents", search: { ...search, ...next }, replace: true });
	return (
		<Screen
			title="Agents"
			actions={
				mayEnrol ? (
					<Button kind="primary" onClick={() => setEnrolling(true)}>
						Enrol an agent
					</Button>
				) : null
			}
		>
			<div className="card">
				<div className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-3">
					<SearchField value={search.q} label="Search by name" placeholder="Name" change={(q) => change({ q })} />
					<SearchField
						value={search.selector}
						label="Label selector"
						placeholder="env=prod,role in (web,api)"
						change={(selector) => change({ selector })}
					/>
					<label className="flex items-center gap-2 text-ink-soft">
						State
						<Select
							value={search.state ?? ""}
							change={(state) => change({ state: state || undefined })}
							choices={[["", "any"], ...STATES.map((state) => [state, look(state).text] as const)]}
						/>
					</label>
				</div>
				<Answered query={query}>
					{() =>
						rows.length === 0 ? (
							<Empty title={Object.keys(search).length ? "No agent fits" : "No agents yet"}>
								{mayEnrol
									? "An agent runs the jobs on its host. Enrol one to begin."
									: "An agent runs the jobs on its host."}
							</Empty>
						) : (
							<DataTable
								label="Agents"
								columns={COLUMNS}
								rows={rows}
								rowKey={(row) => row.agentId}
								onOpen={(row) => void navigate({ to: "/agents/$agentId", params: { agentId: row.agentId } })}
								sort={search.sort ?? "name"}
								onSort={(sort) => change({ sort: sort as typeof search.sort })}
								more={moreOf(query)}
								about={JSON.stringify(search)}
								old={query.isPlaceholderData}
								cardHeight={68}
								card={(row) => (
									<div className="flex flex-col gap-1">
										<div className="flex items-center justify-between gap-3">
											<Link to="/agents/$agentId" params={{ agentId: row.agentId }} className="link font-medium">
												{row.name}
											</Link>
											<PlainMark state={row.state} />
										</div>
										<div className="flex justify-between gap-3 text-ink-soft">
											<span>
												Synced <Ago at={row.lastSeenAt} none="never" />
											</span>
											<span>
												{count(row.jobs ?? 0)} jobs, outbox {count(row.outboxDepth ?? 0)}
											</span>
										</div>
									</div>
								)}
							/>
						)
					}
				</Answered>
			</div>
			{enrolling ? <EnrolDialog close={() => setEnrolling(false)} /> : null}
		</Screen>
	);
}
