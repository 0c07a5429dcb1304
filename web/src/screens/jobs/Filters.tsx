import { EXECUTION_STATUSES, look } from "../../lib/status.ts";
import type { jobsSearch } from "../../router.tsx";
import { AgentChip } from "../../ui/Chip.tsx";
import { SearchField } from "../../ui/SearchField.tsx";

type Search = ReturnType<typeof jobsSearch>;

const NO_STATE: Partial<Search> = { active: undefined, late: undefined, held: undefined, unknown: undefined };
/** What each choice asks the server for. */
const STATES: Record<string, Partial<Search>> = {
	active: { active: true },
	paused: { active: false },
	late: { late: true },
	unknown: { unknown: true },
	unassigned: { active: true, held: false },
};

export function stateOf(search: Search): string {
	if (search.late) return "late";
	if (search.unknown) return "unknown";
	if (search.held === false) return "unassigned";
	return search.active === undefined ? "" : search.active ? "active" : "paused";
}

export function Filters({ search, change }: { search: Search; change: (change: Partial<Search>) => void }) {
	const state = stateOf(search);
	return (
		<search className="flex flex-wrap items-center gap-2 border-b border-line p-3">
			<SearchField
				label="Search jobs"
				placeholder="Name, address or id"
				value={search.q}
				change={(q) => change({ q })}
			/>
			<select
				aria-label="State"
				className="field"
				value={state}
				onChange={(event) => change({ ...NO_STATE, ...STATES[event.target.value] })}
			>
				<option value="">Any state</option>
				{Object.keys(STATES).map((name) => (
					<option key={name} value={name}>
						{look(name).text}
					</option>
				))}
			</select>
			<select
				aria-label="Last result"
				className="field"
				value={search.lastStatus ?? ""}
				onChange={(event) => change({ lastStatus: event.target.value || undefined })}
			>
				<option value="">Any last result</option>
				<option value="failed,timeout,missed,interrupted">Anything wrong</option>
				{EXECUTION_STATUSES.map((status) => (
					<option key={status} value={status}>
						{look(status).text}
					</option>
				))}
			</select>
			<select
				aria-label="Type"
				className="field"
				value={search.type ?? ""}
				onChange={(event) => change({ type: (event.target.value || undefined) as Search["type"] })}
			>
				<option value="">Any type</option>
				<option value="ATLEAST_ONCE">At least once</option>
				<option value="ATMOST_ONCE">At most once</option>
			</select>
			<select
				aria-label="Order"
				className="field"
				value={search.sort ?? "name"}
				onChange={(event) => change({ sort: event.target.value as Search["sort"] })}
			>
				<option value="name">By name</option>
				<option value="-name">By name, backwards</option>
				<option value="-lastAt">Last run first</option>
				<option value="lastAt">Longest idle first</option>
				<option value="-updatedAt">Last edited first</option>
				<option value="-createdAt">Newest first</option>
				<option value="createdAt">Oldest first</option>
			</select>
			{search.agentId ? <AgentChip agentId={search.agentId} clear={() => change({ agentId: undefined })} /> : null}
		</search>
	);
}
