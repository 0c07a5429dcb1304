// Who changed what, and the way back.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { call } from "../../api/client.ts";
import { asApiError } from "../../api/problem.ts";
import { revisionQuery, revisionsQuery } from "../../api/queries.ts";
import type { Job, Revision } from "../../api/types.ts";
import { useMay } from "../../shell/session.ts";
import { Button } from "../../ui/Button.tsx";
import { confirm } from "../../ui/confirm.tsx";
import { DiffTable } from "../../ui/DiffTable.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";
import { Ago } from "../../ui/Time.tsx";
import { toast, toastError } from "../../ui/toast.tsx";

const route = getRouteApi("/shell/jobs/$jobId");

export function Revisions({ job }: { job: Job }) {
	const query = useQuery(revisionsQuery(job.jobId));
	const { revision = job.revision } = route.useSearch();
	return (
		<div className="grid items-start gap-4 lg:grid-cols-[20rem_minmax(0,1fr)]">
			<Panel title="Revisions" flush>
				<Answered query={query}>
					{({ revisions }) => (
						<ul className="m-0 max-h-[32rem] list-none overflow-y-auto p-0 pb-1">
							{revisions.map((one) => (
								<RevisionRow key={one.revision} one={one} job={job} chosen={one.revision === revision} />
							))}
						</ul>
					)}
				</Answered>
			</Panel>
			<Change job={job} revision={revision} />
		</div>
	);
}

function RevisionRow({ one, job, chosen }: { one: Revision; job: Job; chosen: boolean }) {
	return (
		<li>
			<Link
				to="/jobs/$jobId"
				params={{ jobId: job.jobId }}
				search={{ tab: "revisions", revision: one.revision }}
				aria-current={chosen ? "true" : undefined}
				className={`flex items-baseline gap-3 px-4 py-1.5 -outline-offset-2 ${chosen ? "bg-accent-soft text-accent" : "hover:bg-sunken"}`}
			>
				<span className="w-8 font-semibold">{one.revision}</span>
				<span className="min-w-0 flex-1 truncate">
					{one.action} by {one.author}
				</span>
				<span className={chosen ? "" : "text-ink-faint"}>
					<Ago at={one.at} />
				</span>
			</Link>
		</li>
	);
}

function Change({ job, revision }: { job: Job; revision: number }) {
	const client = useQueryClient();
	const mayEdit = useMay("editor");
	const current = revision === job.revision;
	const query = useQuery(revisionQuery(job.jobId, revision, current ? null : job.revision));
	const rollback = useMutation({
		mutationFn: () =>
			call<Job>("POST", `/api/jobs/${job.jobId}/actions/rollback`, {
				body: { revision },
				headers: { "If-Match": `"${job.revision}"` },
			}),
		onSuccess: (fresh) => {
			toast(`${fresh.name} is as it was in revision ${revision}; that is revision ${fresh.revision} now.`);
			void client.invalidateQueries({ queryKey: ["jobs"] });
		},
		onError: (error) => {
			if (asApiError(error).kind === "stale") {
				toast("Somebody edited the job meanwhile. Look at the newest revision, then try again.", true);
				void client.invalidateQueries({ queryKey: ["jobs"] });
			} else toastError(error);
		},
	});
	const goBack = async () => {
		const yes = await confirm({
			title: `Go back to revision ${revision}?`,
			consequence: `${job.name} gets the definition of revision ${revision} again, as a new revision ${job.revision + 1}. Agents take it within seconds; nothing is lost.`,
			action: "Go back",
		});
		if (yes) rollback.mutate();
	};
	return (
		<Panel
			title={current ? `Revision ${revision}, the newest` : `Revision ${revision} against the newest (${job.revision})`}
			actions={
				mayEdit && !current ? (
					<Button small busy={rollback.isPending} onClick={goBack}>
						Go back to this
					</Button>
				) : undefined
			}
		>
			<Answered query={query} rows={4}>
				{(detail) =>
					detail.diff.length ? (
						<DiffTable
							heads={
								detail.against === null
									? ["Before", "After"]
									: [`Revision ${detail.against}`, `Revision ${detail.revision}`]
							}
							rows={detail.diff.map((one) => ({ path: one.path, values: [one.before, one.after] }))}
						/>
					) : (
						<p className="m-0 text-ink-soft">
							{detail.definition === null ? "The job was deleted here." : "Nothing differs in the definition."}
						</p>
					)
				}
			</Answered>
		</Panel>
	);
}
