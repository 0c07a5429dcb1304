// What can be done to one job, with its words: used by the list, the job's screen and the keyboard.
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { call } from "../api/client.ts";
import type { Job } from "../api/types.ts";
import { plural } from "../lib/time.ts";
import { confirm } from "../ui/confirm.tsx";
import { toast, toastError } from "../ui/toast.tsx";

type Named = Pick<Job, "jobId" | "name">;

function refresh(client: QueryClient) {
	void client.invalidateQueries({ queryKey: ["jobs"] });
	void client.invalidateQueries({ queryKey: ["executions"] });
	void client.invalidateQueries({ queryKey: ["overview"] });
}

const act = <T>(job: Named, action: string, body?: unknown) =>
	call<T>("POST", `/api/jobs/${job.jobId}/actions/${action}`, { body });

/** Actions that ask where needed, tell how it went, and make old answers be fetched anew. */
export function useJobActions() {
	const client = useQueryClient();
	const { mutateAsync, isPending } = useMutation({
		mutationFn: (work: () => Promise<string>) => work(),
		onSuccess: (sentence) => {
			toast(sentence);
			refresh(client);
		},
		onError: toastError,
	});
	const start = (work: () => Promise<string>) =>
		mutateAsync(work).then(
			() => true,
			() => false,
		);
	return {
		busy: isPending,
		run: (job: Named, agentId?: string) =>
			start(async () => {
				const order = await act<{ agents: number }>(job, "run", agentId ? { agentId } : {});
				return `${job.name}: the order to run went to ${plural(order.agents, "agent")}.`;
			}),
		pause: async (job: Named) =>
			(await confirm({
				title: `Pause ${job.name}?`,
				consequence:
					"It stops firing within seconds on agents that are online. Fires that fall into the pause are not made up later.",
				action: "Pause",
			})) &&
			start(async () => {
				await act(job, "pause");
				return `${job.name} is paused.`;
			}),
		resume: (job: Named) =>
			start(async () => {
				await act(job, "resume");
				return `${job.name} fires again.`;
			}),
		cancel: async (job: Named) =>
			(await confirm({
				title: `Cancel what runs of ${job.name}?`,
				consequence:
					"Requests that are out are broken off and recorded as interrupted; retries of them end too. What the target did with them until then stays done.",
				action: "Cancel them",
				danger: true,
			})) &&
			start(async () => {
				const order = await act<{ agents: number }>(job, "cancel", {});
				return `${job.name}: the order to cancel went to ${plural(order.agents, "agent")}.`;
			}),
		skip: (job: Named, scheduledAt: string) =>
			start(async () => {
				await act(job, "skip", { scheduledAt });
				return `${job.name}: that fire will be skipped.`;
			}),
		remove: async (job: Named) =>
			(await confirm({
				title: `Delete ${job.name}?`,
				consequence:
					"It stops firing. Its executions stay readable, and a deleted job can be brought back from its revisions.",
				action: "Delete",
				danger: true,
			})) &&
			start(async () => {
				await call("DELETE", `/api/jobs/${job.jobId}`);
				return `${job.name} is deleted.`;
			}),
	};
}
