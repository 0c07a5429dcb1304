// Which agents hold the job, and whether they know its newest revision.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { assignmentsQuery } from "../../api/queries.ts";
import type { Job } from "../../api/types.ts";
import { PlainMark } from "../../ui/Mark.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";

export function Assignments({ job }: { job: Job }) {
	const query = useQuery(assignmentsQuery(job.jobId));
	return (
		<Panel title="Where it runs">
			<Answered query={query} rows={3}>
				{({ assignments, sentence }) => (
					<>
						<p className="mt-0 mb-2">{sentence}</p>
						<ul className="m-0 list-none p-0">
							{assignments.map((one) => (
								<li
									key={one.agentId}
									className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 border-b border-line py-1.5 last:border-b-0"
								>
									<Link to="/agents/$agentId" params={{ agentId: one.agentId }} className="link font-medium">
										{one.agentName}
									</Link>
									<PlainMark state={one.agentState} />
									<span className="ml-auto text-ink-faint">
										since <Ago at={one.since} />
										{one.until ? (
											<>
												, gave it away, runs it until <Time at={one.until} />
											</>
										) : null}
										{one.appliedAt ? "" : `, revision ${one.revision} not applied yet`}
									</span>
								</li>
							))}
						</ul>
					</>
				)}
			</Answered>
		</Panel>
	);
}
