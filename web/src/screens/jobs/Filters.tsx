import { EXECUTION_STATUSES, look } from "../../lib/status.ts";
import type { jobsSearch } from "../../router.tsx";
import { SearchField } from "../../ui/SearchField.tsx";

type Search = ReturnType<typeof jobsSearch>;

export function Filters({ search, change }: { search: Search; change: (change: Partial<Search>) => void }) {
	const state = search.late ? "late" : search.active === undefined ? "" : search.active ? "active" : "paused";
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
				onChange={({ target: { value } }) =>
					change({
						active: value === "active" ? true : value === "paused" ? false : undefined,
						late: value === "late" ? true : undefined,
					})
				}
			>
				<option value="">Any state</option>
				<option value="active">Active</option>
				<option value="paused">Paused</option>
				<option value="late">Late</option>
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
			{search.agentId ? (
				<button type="button" className="link" onClick={() => change({ agentId: undefined })}>
					Of one agent only: show all
				</button>
			) : null}
		</search>
	);
}
