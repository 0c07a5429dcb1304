// Who did what: an append-only, hash-chained record, and the check of its chain.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { auditEntryQuery, auditQuery, auditVerdictQuery } from "../../api/fleetQueries.ts";
import type { AuditEntry } from "../../api/types.ts";
import { moreOf, rowsOf } from "../../lib/pages.ts";
import { plural } from "../../lib/time.ts";
import { Button } from "../../ui/Button.tsx";
import { type Column, DataTable } from "../../ui/DataTable.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Facts, Screen } from "../../ui/Screen.tsx";
import { SearchField } from "../../ui/SearchField.tsx";
import { SpanFields } from "../../ui/SpanFields.tsx";
import { Answered, Empty, Failure } from "../../ui/States.tsx";
import { Time } from "../../ui/Time.tsx";
import { Text } from "../executions/Execution.tsx";

const route = getRouteApi("/shell/audit");

const COLUMNS: Column<AuditEntry>[] = [
	{ id: "at", head: "When", width: "12.5rem", cell: (row) => <Time at={row.at} /> },
	{ id: "actor", head: "Who", width: "11rem", cell: (row) => row.actor },
	{ id: "action", head: "What", width: "11rem", cell: (row) => row.action },
	{ id: "object", head: "On", cell: (row) => <span title={row.object}>{row.objectName ?? row.object}</span> },
	{
		id: "hash",
		head: "Hash",
		width: "8.5rem",
		wide: true,
		cell: (row) => (row.hash ? <code title={row.hash}>{row.hash.slice(0, 10)}</code> : "not in the chain"),
	},
];

export default function Audit() {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const { entry, ...filter } = search;
	const query = useInfiniteQuery(auditQuery(filter));
	const rows = rowsOf(query, (page) => page.entries);
	const verdict = useQuery(auditVerdictQuery());
	const listed = rows.find((row) => row.auditId === entry);
	const asked = useQuery({
		...auditEntryQuery(entry ?? 0),
		enabled: entry !== undefined && !query.isPending && !listed,
	});
	const shown = listed ?? (entry === undefined ? undefined : asked.data);
	const change = (next: Partial<typeof search>) =>
		void navigate({ to: "/audit", search: { ...search, ...next }, replace: true });
	return (
		<Screen
			title="Audit"
			actions={
				<Button busy={verdict.isFetching} onClick={() => void verdict.refetch()}>
					Verify the chain
				</Button>
			}
		>
			{verdict.error ? <Failure error={verdict.error} /> : null}
			{verdict.data ? (
				<p role="status" className={`card m-0 px-4 py-3 ${verdict.data.ok ? "text-good" : "text-bad"}`}>
					{verdict.data.ok
						? `✓ ${plural(verdict.data.entries, "entry", "entries")}, the chain is whole. Head ${verdict.data.head?.hash.slice(0, 16) ?? "none"}.`
						: `✕ The chain breaks at entry ${verdict.data.firstBad?.auditId}: ${verdict.data.firstBad?.detail}`}
				</p>
			) : null}
			<div className="card">
				<div className="flex flex-wrap gap-3 border-b border-line px-4 py-3">
					<SearchField value={search.actor} label="Who" placeholder="Who" change={(actor) => change({ actor })} />
					<SearchField
						value={search.action}
						label="What"
						placeholder="Action"
						change={(action) => change({ action })}
					/>
					<SearchField
						value={search.object}
						label="On what"
						placeholder="Object"
						change={(object) => change({ object })}
					/>
					<SpanFields from={search.from} to={search.to} change={change} />
				</div>
				<Answered query={query}>
					{() =>
						rows.length === 0 ? (
							<Empty title="No entries">Nothing fits these filters.</Empty>
						) : (
							<DataTable
								label="Audit entries"
								columns={COLUMNS}
								rows={rows}
								rowKey={(row) => String(row.auditId)}
								onOpen={(row) => change({ entry: row.auditId })}
								more={moreOf(query)}
								about={JSON.stringify(filter)}
								old={query.isPlaceholderData}
								cardHeight={68}
								height="calc(100dvh - 17.5rem)"
								card={(row) => (
									<div className="flex flex-col gap-1">
										<div className="flex justify-between gap-3">
											<strong>{row.action}</strong>
											<Time at={row.at} />
										</div>
										<p className="m-0 truncate text-ink-soft">
											{row.actor}: {row.objectName ?? row.object}
										</p>
									</div>
								)}
							/>
						)
					}
				</Answered>
			</div>
			{shown ? <Entry entry={shown} close={() => change({ entry: undefined })} /> : null}
			{entry !== undefined && asked.error ? (
				<Dialog open onClose={() => change({ entry: undefined })} title={`Entry ${entry}`}>
					<Failure error={asked.error} />
				</Dialog>
			) : null}
		</Screen>
	);
}

function pretty(value: unknown): string {
	if (typeof value !== "string") return JSON.stringify(value, null, 2);
	try {
		return JSON.stringify(JSON.parse(value), null, 2);
	} catch {
		return value;
	}
}

function Entry({ entry, close }: { entry: AuditEntry; close: () => void }) {
	return (
		<Dialog open wide onClose={close} title={`Entry ${entry.auditId}: ${entry.action}`}>
			<div className="flex flex-col gap-4">
				<Facts
					rows={[
						["When", <Time key="at" at={entry.at} millis />],
						["Who", entry.actor],
						["On", entry.objectName ? `${entry.objectName} (${entry.object})` : entry.object],
						["Request", entry.requestId ?? "–"],
						["Hash", <code key="hash">{entry.hash}</code>],
					]}
				/>
				<div className="grid gap-4 sm:grid-cols-2">
					{(["before", "after"] as const).map((side) => (
						<div key={side} className="min-w-0">
							<h3 className="mt-0 mb-1 text-[1rem] font-semibold">{side === "before" ? "Before" : "After"}</h3>
							{entry[side] === null || entry[side] === undefined ? (
								<p className="m-0 text-ink-faint">Nothing.</p>
							) : (
								<Text text={pretty(entry[side])} />
							)}
						</div>
					))}
				</div>
			</div>
		</Dialog>
	);
}
