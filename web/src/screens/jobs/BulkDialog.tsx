// Many jobs at once: first a dry run that says what would happen, then the deed, then what did not work.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { call } from "../../api/client.ts";
import type { BulkAction, BulkResult } from "../../api/types.ts";
import { plural } from "../../lib/time.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Answered } from "../../ui/States.tsx";
import { toast, toastError } from "../../ui/toast.tsx";

export type BulkScope = { jobIds: string[] } | { filter: Record<string, unknown> };

const WORDS: Record<BulkAction, { title: string; action: string; done: string }> = {
	pause: { title: "Pause jobs", action: "Pause", done: "Paused" },
	resume: { title: "Resume jobs", action: "Resume", done: "Resumed" },
	run: { title: "Run jobs now", action: "Run", done: "Started" },
	delete: { title: "Delete jobs", action: "Delete", done: "Deleted" },
};

export function BulkDialog({
	action,
	scope,
	close,
}: {
	action: BulkAction;
	scope: BulkScope;
	close: (done: boolean) => void;
}) {
	const client = useQueryClient();
	const words = WORDS[action];
	const dry = useQuery({
		queryKey: ["bulk", action, scope],
		queryFn: () => call<BulkResult>("POST", "/api/bulk/jobs", { body: { action, ...scope, dryRun: true } }),
		refetchInterval: false,
		staleTime: 0,
		gcTime: 0,
		retry: false,
	});
	const deed = useMutation({
		mutationFn: () => call<BulkResult>("POST", "/api/bulk/jobs", { body: { action, ...scope, dryRun: false } }),
		onSuccess: (result) => {
			void client.invalidateQueries({ queryKey: ["jobs"] });
			toast(`${words.done}: ${plural(result.changed, "job")}.`);
			if (result.failed.length === 0) close(true);
		},
		onError: toastError,
	});
	const changes = dry.data?.changed ?? 0;
	return (
		<Dialog
			open
			onClose={() => close(deed.isSuccess)}
			title={words.title}
			footer={
				deed.isSuccess ? (
					<Button onClick={() => close(true)}>Close</Button>
				) : (
					<>
						<Button onClick={() => close(false)}>Cancel</Button>
						<Button
							kind={action === "delete" ? "danger" : "primary"}
							disabled={!dry.data || changes === 0}
							busy={deed.isPending}
							onClick={() => deed.mutate()}
						>
							{changes ? `${words.action} ${plural(changes, "job")}` : words.action}
						</Button>
					</>
				)
			}
		>
			<Answered query={dry} rows={3}>
				{(result) => <Outcome result={deed.data ?? result} over={deed.isSuccess} />}
			</Answered>
		</Dialog>
	);
}

function Outcome({ result, over }: { result: BulkResult; over: boolean }) {
	return (
		<div className="flex flex-col gap-3">
			<p className="m-0 font-medium">{result.sentence}</p>
			{result.sample.length && !over ? (
				<ul
					// biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by keyboard
					tabIndex={0}
					aria-label="Some of them"
					className="m-0 max-h-56 list-none overflow-y-auto rounded-[7px] border border-line p-0"
				>
					{result.sample.map((job) => (
						<li key={job.jobId} className="truncate border-b border-line px-3 py-1 last:border-b-0">
							{job.name}
						</li>
					))}
					{result.changed > result.sample.length ? (
						<li className="px-3 py-1 text-ink-faint">
							and {(result.changed - result.sample.length).toLocaleString("en-US")} more
						</li>
					) : null}
				</ul>
			) : null}
			{result.failed.length ? (
				<div role="alert">
					<p className="mt-0 mb-1 font-medium text-bad">{plural(result.failed.length, "job")} can not take part:</p>
					<ul className="m-0 max-h-40 overflow-y-auto pl-5 text-ink-soft">
						{result.failed.map((one) => (
							<li key={one.jobId}>{one.detail}</li>
						))}
					</ul>
				</div>
			) : null}
		</div>
	);
}
