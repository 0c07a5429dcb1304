// The next fires from the server's own engine, with what a clock change does to them; one can be skipped.
import { useQuery } from "@tanstack/react-query";
import { previewQuery } from "../../api/queries.ts";
import type { Job } from "../../api/types.ts";
import { useJobActions } from "../../shell/jobActions.ts";
import { useMay } from "../../shell/session.ts";
import { FireList } from "../../ui/FireList.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";

const FIRES = 10;

export function NextFires({ job }: { job: Job }) {
	const query = useQuery({ ...previewQuery(job.schedule, job.timezone ?? "UTC", FIRES), refetchInterval: 60_000 });
	const mayOperate = useMay("operator");
	const actions = useJobActions();
	return (
		<Panel title="Next fires" note={job.active ? undefined : "if it were not paused"}>
			<Answered query={query} rows={6}>
				{(preview) => (
					<FireList
						preview={preview}
						skipped={job.skipAt ?? []}
						onSkip={mayOperate && job.active ? (at) => void actions.skip(job, at) : undefined}
					/>
				)}
			</Answered>
		</Panel>
	);
}
