// A filter that is on, by the name of what it asks for, with the way to take it off.
import { useQuery } from "@tanstack/react-query";
import { agentQuery } from "../api/fleetQueries.ts";
import { jobQuery } from "../api/queries.ts";

export function Chip({ text, clear }: { text: string; clear: () => void }) {
	return (
		<span className="inline-flex min-h-8 max-w-full items-center gap-1 rounded-full bg-accent-soft pr-1.5 pl-3 text-accent">
			<span className="truncate">{text}</span>
			<button
				type="button"
				aria-label={`Remove the filter: ${text}`}
				onClick={clear}
				className="grid size-6 shrink-0 place-items-center rounded-full hover:bg-accent hover:text-on-accent"
			>
				×
			</button>
		</span>
	);
}

/** Things that are gone keep the beginning of their id. */
export function JobChip({ jobId, clear }: { jobId: string; clear: () => void }) {
	const job = useQuery({ ...jobQuery(jobId), refetchInterval: false });
	return <Chip text={`Job ${job.data?.name ?? jobId.slice(0, 8)}`} clear={clear} />;
}

export function AgentChip({ agentId, clear }: { agentId: string; clear: () => void }) {
	const agent = useQuery({ ...agentQuery(agentId), refetchInterval: false });
	return <Chip text={`Agent ${agent.data?.name ?? agentId.slice(0, 8)}`} clear={clear} />;
}
