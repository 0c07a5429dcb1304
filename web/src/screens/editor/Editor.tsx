// Will it run when I think? One screen for a new job, a copy and an edit.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { callWithTag } from "../../api/client.ts";
import type { Job } from "../../api/types.ts";
import { useMay } from "../../shell/session.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Empty, Failure, Loading } from "../../ui/States.tsx";
import { copyOf, START } from "./draft.ts";
import { Form } from "./Form.tsx";
import type { Origin } from "./useJobForm.ts";

/** The job with the tag that an edit is made against; read once, not polled: the form is not changed under its author. */
function useOnce(jobId: string | undefined) {
	return useQuery({
		queryKey: ["editor", jobId],
		queryFn: ({ signal }) => callWithTag<Job>("GET", `/api/jobs/${jobId}`, { signal }),
		enabled: jobId !== undefined,
		refetchInterval: false,
		refetchOnWindowFocus: false,
		staleTime: 0,
		gcTime: 0,
	});
}

export function NewJob() {
	const { copy } = getRouteApi("/shell/jobs/new").useSearch();
	const query = useOnce(copy);
	if (!copy) return <Frame title="New job" origin={{ kind: "new", definition: START }} />;
	if (!query.data) return <Waiting title="New job" error={query.error} retry={query.refetch} />;
	return (
		<Frame title={`Copy of ${query.data.data.name}`} origin={{ kind: "new", definition: copyOf(query.data.data) }} />
	);
}

export function EditJob() {
	const { jobId } = getRouteApi("/shell/jobs/$jobId/edit").useParams();
	const query = useOnce(jobId);
	if (!query.data) return <Waiting title="Edit job" error={query.error} retry={query.refetch} />;
	const { data: job, etag } = query.data;
	return <Frame title={`Edit ${job.name}`} origin={{ kind: "edit", job, etag: etag ?? `"${job.revision}"` }} />;
}

function Waiting({ title, error, retry }: { title: string; error: unknown; retry: () => unknown }) {
	return (
		<Screen title={title}>
			<div className="card">
				{error ? (
					<Failure error={error} retry={() => retry()} back={{ to: "/jobs", text: "To the jobs" }} />
				) : (
					<Loading rows={8} />
				)}
			</div>
		</Screen>
	);
}

function Frame({ title, origin }: { title: string; origin: Origin }) {
	const mayEdit = useMay("editor");
	const [start] = useState(origin); // what was read stays the base of the edit
	const above =
		start.kind === "edit" ? (
			<Link to="/jobs/$jobId" params={{ jobId: start.job.jobId }} className="hover:underline">
				{start.job.name}
			</Link>
		) : (
			<Link to="/jobs" className="hover:underline">
				Jobs
			</Link>
		);
	return (
		<Screen title={title} above={above}>
			{mayEdit ? (
				<Form origin={start} />
			) : (
				<div className="card">
					<Empty title="Your role does not allow this">Editors and admins define jobs.</Empty>
				</div>
			)}
		</Screen>
	);
}
