import type { AgentQuarantinePage } from "../api/types.ts";
import { Time } from "./Time.tsx";

type Kept = AgentQuarantinePage["records"][number] & { agentId?: string };

/** Records that central could not read, each as it came. */
export function QuarantineList({ records }: { records: Kept[] }) {
	return (
		<ul className="m-0 flex list-none flex-col gap-2 p-0">
			{records.map((one) => (
				<li key={`${one.agentId ?? ""} ${one.epoch} ${one.seq}`}>
					<Time at={one.at} /> <span className="text-bad">{one.reason}</span>
					<details>
						<summary data-stop className="text-ink-faint">
							Record {one.seq} of epoch {one.epoch}
						</summary>
						<pre className="m-0 whitespace-pre-wrap break-all">{one.record}</pre>
					</details>
				</li>
			))}
		</ul>
	);
}
