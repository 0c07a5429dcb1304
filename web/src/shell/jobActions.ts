// What can be done to one job, with its words: used by the list, the job's screen and the keyboard.
import { call } from "../api/client.ts";
import type { Job } from "../api/types.ts";
import { plural } from "../lib/time.ts";
import { useAct } from "../ui/useAct.ts";

type Named = Pick<Job, "jobId" | "name">;

const order = <T>(job: Named, action: string, body?: unknown) =>
	call<T>("POST", `/api/jobs/${job.jobId}/actions/${action}`, { body });

/** Actions that ask where needed, tell how it went, and make old answers be fetched anew. */
export function useJobActions() {
	const { act, busy } = useAct("jobs", "executions", "overview");
	return {
		busy,
		run: (job: Named, agentId?: string) =>
			act(async () => {
				const given = await order<{ agents: number }>(job, "run", agentId ? { agentId } : {});
				return `${job.name}: the order to run went to ${plural(given.agents, "agent")}.`;
			}),
		pause: (job: Named) =>
			act(
				async () => {
					await order(job, "pause");
					return `${job.name} is paused.`;
				},
				{
					title: `Pause ${job.name}?`,
					consequence:
						"It stops firing within seconds on agents that are online. Fires that fall into the pause are not made up later.",
					action: "Pause",
				},
			),
		resume: (job: Named) =>
			act(async () => {
				await order(job, "resume");
				return `${job.name} fires again.`;
			}),
		cancel: (job: Named) =>
			act(
				async () => {
					const given = await order<{ agents: number }>(job, "cancel", {});
					return `${job.name}: the order to cancel went to ${plural(given.agents, "agent")}.`;
				},
				{
					title: `Cancel what runs of ${job.name}?`,
					consequence:
						"Requests that are out are broken off and recorded as interrupted; retries of them end too. What the target did with them until then stays done.",
					action: "Cancel them",
					danger: true,
				},
			),
		skip: (job: Named, scheduledAt: string) =>
			act(async () => {
				await order(job, "skip", { scheduledAt });
				return `${job.name}: that fire will be skipped.`;
			}),
		remove: (job: Named) =>
			act(
				async () => {
					await call("DELETE", `/api/jobs/${job.jobId}`);
					return `${job.name} is deleted.`;
				},
				{
					title: `Delete ${job.name}?`,
					consequence:
						"It stops firing. Its executions stay readable, and a deleted job can be brought back from its revisions.",
					action: "Delete",
					danger: true,
				},
			),
	};
}
