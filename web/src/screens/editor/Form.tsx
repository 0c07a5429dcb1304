// The form: members of a definition, the server's preview beside it, errors at their fields, a conflict shown whole.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { call, callWithTag } from "../../api/client.ts";
import { type ApiError, asApiError } from "../../api/problem.ts";
import { zonesQuery } from "../../api/queries.ts";
import type { Job } from "../../api/types.ts";
import { at, definitionOf, differences, rebased, type Tree, withMember } from "../../lib/definition.ts";
import { Button, buttonClass } from "../../ui/Button.tsx";
import { confirm } from "../../ui/confirm.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { toast } from "../../ui/toast.tsx";
import { Advanced } from "./Advanced.tsx";
import { ConflictDialog } from "./ConflictDialog.tsx";
import type { Bound } from "./fields.tsx";
import { RequestPart } from "./RequestPart.tsx";
import { SchedulePart } from "./SchedulePart.tsx";
import { TargetPart } from "./TargetPart.tsx";
import { TestPart } from "./TestPart.tsx";

export type Origin = { kind: "new"; definition: Tree } | { kind: "edit"; job: Job; etag: string };
type Conflict = { theirs: Job; etag: string };

export function Form({ origin }: { origin: Origin }) {
	const client = useQueryClient();
	const navigate = useNavigate();
	const zones = useQuery(zonesQuery());
	const [base, setBase] = useState(() => (origin.kind === "new" ? origin.definition : definitionOf(origin.job)));
	const [draft, setDraft] = useState(base);
	const [etag, setEtag] = useState(origin.kind === "edit" ? origin.etag : null);
	const [error, setError] = useState<ApiError | null>(null);
	const [local, setLocal] = useState<Record<string, string>>({}); // what can not even be sent
	const [conflict, setConflict] = useState<Conflict | null>(null);
	const [busy, setBusy] = useState(false);
	const form = useRef<HTMLFormElement>(null);
	const saved = useRef(false);
	const dirty = differences(base, draft).length > 0;

	useBlocker({
		shouldBlockFn: async () => {
			if (!dirty || saved.current) return false;
			return !(await confirm({
				title: "Leave without saving?",
				consequence: "What you changed on this page is lost.",
				action: "Leave",
				danger: true,
			}));
		},
		enableBeforeUnload: () => dirty && !saved.current,
	});

	const bound: Bound = {
		value: (path) => at(draft, path),
		set: (path, value) => {
			setDraft((old) => withMember(old, path, value));
			if (error?.field && (error.field === path || error.field.startsWith(`${path}.`))) setError(null);
		},
		error: (path) =>
			local[path] ?? (error?.field === path || error?.field?.startsWith(`${path}.`) ? error.message : null),
		refuse: (path, sentence) =>
			setLocal((old) => {
				const { [path]: _, ...rest } = old;
				return sentence ? { ...rest, [path]: sentence } : rest;
			}),
	};

	/** The saved job, or null when it was not saved and the form says why. */
	const save = async (definition = draft, tag = etag): Promise<Job | null> => {
		if (Object.keys(local).length) return null;
		setBusy(true);
		setError(null);
		try {
			const answer =
				origin.kind === "new"
					? await callWithTag<Job>("POST", "/api/jobs", { body: definition })
					: await callWithTag<Job>("PUT", `/api/jobs/${origin.job.jobId}`, {
							body: definition,
							headers: { "If-Match": tag ?? "*" },
						});
			saved.current = true;
			void client.invalidateQueries({ queryKey: ["jobs"] });
			void client.invalidateQueries({ queryKey: ["overview"] });
			return answer.data;
		} catch (thrown) {
			const known = asApiError(thrown);
			if (known.kind === "stale" && origin.kind === "edit") await meet(origin.job.jobId);
			else setError(known);
			requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
			return null;
		} finally {
			setBusy(false);
		}
	};
	const meet = async (jobId: string) => {
		try {
			const now = await callWithTag<Job>("GET", `/api/jobs/${jobId}`);
			setConflict({ theirs: now.data, etag: now.etag ?? `"${now.data.revision}"` });
		} catch (thrown) {
			setError(asApiError(thrown));
		}
	};
	const show = (job: Job) => {
		toast(origin.kind === "new" ? `${job.name} is defined.` : `${job.name} is saved as revision ${job.revision}.`);
		void navigate({ to: "/jobs/$jobId", params: { jobId: job.jobId } });
	};
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		const job = await save();
		if (job) show(job);
	};
	const test = async (agentId: string) => {
		const job = await save();
		if (!job) return;
		try {
			await call("POST", `/api/jobs/${job.jobId}/actions/run`, { body: agentId ? { agentId } : {} });
		} catch (thrown) {
			toast(`Saved, but not started: ${asApiError(thrown).message}`, true);
		}
		show(job);
	};
	/** Mine goes on top of theirs; the form goes on from there. */
	const take = (mine: boolean) => {
		if (!conflict) return;
		const theirs = definitionOf(conflict.theirs);
		const merged = mine ? rebased(base, draft, theirs) : theirs;
		setBase(theirs);
		setDraft(merged);
		setEtag(conflict.etag);
		setConflict(null);
		return { merged, etag: conflict.etag };
	};
	const shownAtField =
		error?.field && form.current?.querySelector(`[data-path="${CSS.escape(error.field.split(".")[0] ?? "")}"]`);
	return (
		<form ref={form} onSubmit={submit} noValidate className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_24rem]">
			<div className="flex min-w-0 flex-col gap-4">
				{error && !shownAtField ? (
					<p role="alert" className="m-0 rounded-[10px] bg-bad-soft px-4 py-2.5 text-bad">
						{error.message}
						{error.field ? ` (${error.field})` : ""}
					</p>
				) : null}
				<SchedulePart
					bound={bound}
					zones={zones.data?.zones ?? []}
					job={origin.kind === "edit" ? origin.job : undefined}
				/>
				<RequestPart bound={bound} />
				<TargetPart bound={bound} />
				<Advanced bound={bound} />
			</div>
			<div className="flex min-w-0 flex-col gap-4 xl:sticky xl:top-[4.5rem]">
				<Panel title={origin.kind === "new" ? "Define" : "Save"}>
					<div className="flex flex-wrap gap-2">
						<Button type="submit" kind="primary" busy={busy} disabled={origin.kind === "edit" && !dirty}>
							{origin.kind === "new" ? "Define the job" : "Save"}
						</Button>
						{origin.kind === "edit" ? (
							<Link to="/jobs/$jobId" params={{ jobId: origin.job.jobId }} className={buttonClass()}>
								Back
							</Link>
						) : (
							<Link to="/jobs" className={buttonClass()}>
								Back
							</Link>
						)}
					</div>
					{origin.kind === "edit" ? (
						<p className="mt-2 mb-0 text-[0.93rem] text-ink-faint">
							{dirty ? `Changed: ${differences(base, draft).join(", ")}` : "Nothing is changed yet."}
						</p>
					) : null}
				</Panel>
				<TestPart busy={busy} start={test} />
			</div>
			{conflict ? (
				<ConflictDialog
					base={base}
					mine={draft}
					theirs={conflict.theirs}
					close={() => setConflict(null)}
					discard={() => take(false)}
					goOn={() => take(true)}
					overwrite={async () => {
						const next = take(true);
						const job = next ? await save(next.merged, next.etag) : null;
						if (job) show(job);
					}}
				/>
			) : null}
		</form>
	);
}
