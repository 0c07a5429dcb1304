// The next fires from the server's own engine, with what a clock change does to them; one can be skipped.
import { useQuery } from "@tanstack/react-query";
import { previewQuery } from "../../api/queries.ts";
import type { Job } from "../../api/types.ts";
import { settings } from "../../lib/settings.ts";
import { useJobActions } from "../../shell/jobActions.ts";
import { useMay } from "../../shell/session.ts";
import { FireList } from "../../ui/FireList.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";

const FIRES = 10;
const SOON_MS = 2_000;
const LATER_MS = 60_000;

/** Asked anew when the first of them is past: a list of what is next has nothing of the past. */
export function untilNextLook(firstAt: string | undefined, now: number): number {
	const ahead = firstAt ? Date.parse(firstAt) - now + 500 : LATER_MS;
	return Math.max(SOON_MS, Math.min(LATER_MS, ahead));
}

export function NextFires({ job }: { job: Job }) {
	const query = useQuery({
		...previewQuery({
			schedule: job.schedule,
			timezone: job.timezone ?? "UTC",
			count: FIRES,
			jobId: job.jobId,
			anchor: job.createdAt,
			startAt: job.startAt ?? null,
			endAt: job.endAt ?? null,
		}),
		refetchInterval: (asked) => settings().refreshMs > 0 && untilNextLook(asked.state.data?.fires[0]?.at, Date.now()),
	});
	const mayOperate = useMay("operator");
	const actions = useJobActions();
	return (
		<Panel title="Next fires" note={job.active ? undefined : "if it were not paused"}>
			<Answered query={query} rows={6}>
				{(preview) => (
					<FireList
						preview={preview}
						skipped={job.skipAt ?? []}
						none={job.endAt ? "The schedule is over: nothing is due any more." : "This schedule never fires."}
						onSkip={mayOperate && job.active ? (at) => void actions.skip(job, at) : undefined}
					/>
				)}
			</Answered>
		</Panel>
	);
}
