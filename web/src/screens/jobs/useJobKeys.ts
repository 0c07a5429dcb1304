import type { ListedJob } from "../../api/types.ts";
import { useKeys } from "../../lib/keys.ts";
import { useJobActions } from "../../shell/jobActions.ts";
import { confirm } from "../../ui/confirm.tsx";

/** r runs, p pauses or resumes the job that the cursor stands on. */
export function useJobKeys(job: ListedJob | null, may: boolean) {
	const actions = useJobActions();
	useKeys(
		may
			? [
					{
						keys: "r",
						label: "Run the job now",
						group: "Job",
						run: async () => {
							if (!job) return;
							const consequence = "It runs once now, beside its schedule.";
							if (await confirm({ title: `Run ${job.name} now?`, consequence, action: "Run" })) await actions.run(job);
						},
					},
					{
						keys: "p",
						label: "Pause or resume the job",
						group: "Job",
						run: () => job && void (job.active ? actions.pause(job) : actions.resume(job)),
					},
				]
			: [],
	);
}
