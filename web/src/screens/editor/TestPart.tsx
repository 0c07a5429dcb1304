// Save it and see it run once, on an agent of one's choice.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { agentsQuery } from "../../api/queries.ts";
import { look } from "../../lib/status.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { Panel } from "../../ui/Screen.tsx";

const OFFERED_MAX = 500;

export function TestPart({ busy, start }: { busy: boolean; start: (agentId: string) => void }) {
	const agents = useInfiniteQuery({ ...agentsQuery({}, OFFERED_MAX), refetchInterval: false });
	const [agentId, setAgentId] = useState("");
	const known = agents.data?.pages.flatMap((page) => page.agents) ?? [];
	return (
		<Panel title="Test it now">
			<Field label="On" help="Saves the job, then runs it once beside its schedule and shows what came of it.">
				<select className="field" value={agentId} onChange={(event) => setAgentId(event.target.value)}>
					<option value="">the agents that hold it</option>
					{known
						.filter((agent) => agent.state !== "revoked" && agent.state !== "never")
						.map((agent) => (
							<option key={agent.agentId} value={agent.agentId} disabled={agent.state === "offline"}>
								{agent.name}
								{agent.state === "online" ? "" : ` (${look(agent.state).text.toLowerCase()})`}
							</option>
						))}
				</select>
			</Field>
			<Button className="mt-3" busy={busy} onClick={() => start(agentId)}>
				Save and run once
			</Button>
		</Panel>
	);
}
