// Find one of thousands: search, filter and sort are the server's, and live in the address.
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { jobsQuery } from "../../api/queries.ts";
import type { BulkAction, ListedJob } from "../../api/types.ts";
import { moreOf, rowsOf } from "../../lib/pages.ts";
import { useMay } from "../../shell/session.ts";
import { buttonClass } from "../../ui/Button.tsx";
import { DataTable } from "../../ui/DataTable.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Empty, Failure, Loading } from "../../ui/States.tsx";
import { BulkBar } from "./BulkBar.tsx";
import { BulkDialog, type BulkScope } from "./BulkDialog.tsx";
import { columns, JobCard } from "./columns.tsx";
import { Filters } from "./Filters.tsx";
import { useJobKeys } from "./useJobKeys.ts";

const route = getRouteApi("/shell/jobs");

export default function Jobs() {
	const search = route.useSearch();
	const navigate = useNavigate();
	const mayEdit = useMay("editor");
	const mayOperate = useMay("operator");
	const { sort = "name", ...filter } = search;
	const query = useInfiniteQuery(jobsQuery({ ...filter, sort }));
	const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
	const [bulk, setBulk] = useState<{ action: BulkAction; scope: BulkScope } | null>(null);
	const [here, setHere] = useState<ListedJob | null>(null);
	const rows = rowsOf(query, (page) => page.jobs);
	const filtered = Object.keys(filter).length > 0;
	const open = (job: ListedJob) => void navigate({ to: "/jobs/$jobId", params: { jobId: job.jobId } });
	useJobKeys(here, mayOperate);

	return (
		<Screen
			title="Jobs"
			actions={
				mayEdit ? (
					<Link to="/jobs/new" className={buttonClass("primary")}>
						New job
					</Link>
				) : undefined
			}
		>
			<section aria-label="Jobs" className="card min-w-0">
				<Filters
					search={search}
					change={(change) => {
						setSelected(new Set());
						void navigate({ to: "/jobs", search: { ...search, ...change }, replace: true });
					}}
				/>
				{mayOperate && rows.length > 0 ? (
					<BulkBar
						selected={selected}
						filtered={filtered}
						mayDelete={mayEdit}
						clear={() => setSelected(new Set())}
						act={(action, all) => setBulk({ action, scope: all ? { filter } : { jobIds: [...selected] } })}
					/>
				) : null}
				{query.data ? (
					rows.length ? (
						<DataTable
							label="Jobs"
							columns={columns}
							rows={rows}
							rowKey={(job) => job.jobId}
							onOpen={open}
							onRow={setHere}
							card={(job) => <JobCard job={job} />}
							rowHeight={52}
							sort={sort}
							onSort={(next) =>
								void navigate({ to: "/jobs", search: { ...search, sort: next as typeof sort }, replace: true })
							}
							selected={mayOperate ? selected : undefined}
							onSelect={mayOperate ? setSelected : undefined}
							more={moreOf(query)}
							about={JSON.stringify(search)}
							old={query.isPlaceholderData}
						/>
					) : filtered ? (
						<Empty title="No job fits">
							<Link to="/jobs" className="link">
								Show all jobs
							</Link>
						</Empty>
					) : (
						<Empty title="There are no jobs yet">A job is a schedule and an address to call.</Empty>
					)
				) : query.error ? (
					<Failure error={query.error} retry={() => query.refetch()} />
				) : (
					<Loading rows={10} />
				)}
			</section>
			{bulk ? (
				<BulkDialog
					action={bulk.action}
					scope={bulk.scope}
					close={(done) => {
						setBulk(null);
						if (done) setSelected(new Set());
					}}
				/>
			) : null}
		</Screen>
	);
}
