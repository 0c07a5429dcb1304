import { EXECUTION_STATUSES, look } from "../../lib/status.ts";
import type { jobsSearch } from "../../router.tsx";
import { AgentChip } from "../../ui/Chip.tsx";
import { SearchField } from "../../ui/SearchField.tsx";
import { Select } from "../../ui/Select.tsx";

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
			<Select
				aria-label="State"
				value={state}
				change={(name) => change({ ...NO_STATE, ...STATES[name] })}
				choices={[["", "Any state"], ...Object.keys(STATES).map((name): [string, string] => [name, look(name).text])]}
			/>
			<Select
				aria-label="Last result"
				value={search.lastStatus ?? ""}
				change={(lastStatus) => change({ lastStatus: lastStatus || undefined })}
				choices={[
					["", "Any last result"],
					["failed,timeout,missed,interrupted", "Anything wrong"],
					...EXECUTION_STATUSES.map((status): [string, string] => [status, look(status).text]),
				]}
			/>
			<Select
				aria-label="Type"
				value={search.type ?? ""}
				change={(type) => change({ type: type || undefined })}
				choices={[
					["", "Any type"],
					["ATLEAST_ONCE", "At least once"],
					["ATMOST_ONCE", "At most once"],
				]}
			/>
			<Select
				aria-label="Order"
				value={search.sort ?? "name"}
				change={(sort) => change({ sort })}
				choices={[
					["name", "By name"],
					["-name", "By name, backwards"],
					["-lastAt", "Last run first"],
					["lastAt", "Longest idle first"],
					["-updatedAt", "Last edited first"],
					["-createdAt", "Newest first"],
					["createdAt", "Oldest first"],
				]}
			/>
			{search.agentId ? <AgentChip agentId={search.agentId} clear={() => change({ agentId: undefined })} /> : null}
		</search>
	);
}
