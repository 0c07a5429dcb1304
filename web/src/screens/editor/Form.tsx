// The form: members of a definition, the server's preview beside it, errors at their fields, a conflict shown whole.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { call } from "../../api/client.ts";
import { asApiError } from "../../api/problem.ts";
import { zonesQuery } from "../../api/queries.ts";
import type { Job } from "../../api/types.ts";
import { Button, buttonClass } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { toast } from "../../ui/toast.tsx";
import { Advanced } from "./Advanced.tsx";
import { ConflictDialog } from "./ConflictDialog.tsx";
import { RequestPart } from "./RequestPart.tsx";
import { SchedulePart } from "./SchedulePart.tsx";
import { TargetPart } from "./TargetPart.tsx";
import { TestPart } from "./TestPart.tsx";
import { type Origin, useJobForm } from "./useJobForm.ts";

export function Form({ origin }: { origin: Origin }) {
	const navigate = useNavigate();
	const zones = useQuery(zonesQuery());
	const { form, bound, base, draft, changed, error, busy, save, conflict, ...meeting } = useJobForm(origin);
	const show = (job: Job | null) => {
		if (!job) return;
		toast(origin.kind === "new" ? `${job.name} is defined.` : `${job.name} is saved as revision ${job.revision}.`);
		void navigate({ to: "/jobs/$jobId", params: { jobId: job.jobId } });
	};
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		show(await save());
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
				<SavePanel origin={origin} changed={changed} busy={busy} />
				<TestPart busy={busy} start={test} />
			</div>
			{conflict ? (
				<ConflictDialog
					base={base}
					mine={draft}
					theirs={conflict.theirs}
					close={meeting.closeConflict}
					discard={() => meeting.take(false)}
					goOn={() => meeting.take(true)}
					overwrite={async () => show(await meeting.putMineOnTop())}
				/>
			) : null}
		</form>
	);
}

function SavePanel({ origin, changed, busy }: { origin: Origin; changed: string[]; busy: boolean }) {
	const editing = origin.kind === "edit";
	return (
		<Panel title={editing ? "Save" : "Define"}>
			<div className="flex flex-wrap gap-2">
				<Button type="submit" kind="primary" busy={busy} disabled={editing && changed.length === 0}>
					{editing ? "Save" : "Define the job"}
				</Button>
				{editing ? (
					<Link to="/jobs/$jobId" params={{ jobId: origin.job.jobId }} className={buttonClass()}>
						Back
					</Link>
				) : (
					<Link to="/jobs" className={buttonClass()}>
						Back
					</Link>
				)}
			</div>
			{editing ? (
				<p className="mt-2 mb-0 text-[0.93rem] text-ink-faint">
					{changed.length > 0 ? `Changed: ${changed.join(", ")}` : "Nothing is changed yet."}
				</p>
			) : null}
		</Panel>
	);
}
