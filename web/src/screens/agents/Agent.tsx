// One agent: can it be trusted, what does it hold, what happened to it.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { agentQuarantineQuery, agentQuery } from "../../api/fleetQueries.ts";
import type { AgentDetail } from "../../api/types.ts";
import { count, plural } from "../../lib/time.ts";
import { useMay } from "../../shell/session.ts";
import { Button, buttonClass } from "../../ui/Button.tsx";
import type { Question } from "../../ui/confirm.tsx";
import { Mark } from "../../ui/Mark.tsx";
import { QuarantineList } from "../../ui/QuarantineList.tsx";
import { Facts, Panel, Screen } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";
import { Ago, Time } from "../../ui/Time.tsx";
import { useAct } from "../../ui/useAct.ts";
import { AgentTimeline } from "../timeline/AgentTimeline.tsx";
import { Labels, Skew } from "./Agents.tsx";
import { LabelsDialog } from "./LabelsDialog.tsx";

const route = getRouteApi("/shell/agents/$agentId");

type Action = "drain" | "undrain" | "rotate" | "revoke" | "forget";

function question(action: Action, agent: AgentDetail): Question {
	const { name } = agent;
	const jobs = plural(agent.jobs ?? 0, "job");
	switch (action) {
		case "drain":
			return {
				title: `Drain ${name}?`,
				action: "Drain",
				consequence: `Jobs that may run elsewhere move to other agents; of its ${jobs} it keeps those that must run here. Nothing under way is cancelled.`,
			};
		case "undrain":
			return { title: `Take ${name} back into use?`, action: "Undrain", consequence: "It can be given jobs again." };
		case "rotate":
			return {
				title: `Give ${name} a new key?`,
				action: "Rotate key",
				consequence:
					agent.state === "online" || agent.state === "draining"
						? "It makes itself a new one at its next sync, and the old one stops working a second later. Its jobs go on."
						: "It makes itself a new one when it is back; until then the old one goes on working.",
			};
		case "revoke":
			return {
				title: `Revoke ${name}?`,
				action: "Revoke",
				danger: true,
				consequence: `Its key stops working at once, and its ${jobs} go to other agents where they may. Records it has not sent stay on its disk until it is enrolled again.`,
			};
		case "forget":
			return {
				title: `Forget ${name}?`,
				action: "Forget",
				danger: true,
				consequence:
					"It leaves the list. What it has reported stays in the history; fires it never reported stay unknown.",
			};
	}
}

export default function Agent() {
	const { agentId } = route.useParams();
	const query = useQuery(agentQuery(agentId));
	const agent = query.data;
	return (
		<Screen
			title={agent?.name ?? "Agent"}
			above={
				<Link to="/agents" className="hover:underline">
					Agents
				</Link>
			}
			beside={agent ? <Mark state={agent.state} /> : null}
			actions={agent ? <Actions agent={agent} /> : null}
		>
			<Answered query={query} back={{ to: "/agents", text: "To all agents" }}>
				{(found) => <Whole agent={found} />}
			</Answered>
		</Screen>
	);
}

function Actions({ agent }: { agent: AgentDetail }) {
	const navigate = route.useNavigate();
	const operator = useMay("operator");
	const admin = useMay("admin");
	const [labelling, setLabelling] = useState(false);
	const { act } = useAct("agents");
	const order = (action: Action) =>
		act(
			async () => {
				await call("POST", `/api/agents/${agent.agentId}/actions/${action}`, { body: {} });
				if (action === "forget") await navigate({ to: "/agents" });
				return action === "rotate" ? `${agent.name}: a new key is ordered` : `${agent.name}: ${action} done`;
			},
			question(action, agent),
		);
	const gone = agent.state === "revoked";
	return (
		<>
			<Link to="/executions" search={{ agentId: agent.agentId }} className={buttonClass()}>
				Executions
			</Link>
			<Link to="/jobs" search={{ agentId: agent.agentId }} className={buttonClass()}>
				Jobs
			</Link>
			{operator && !gone ? (
				<Button onClick={() => void order(agent.draining ? "undrain" : "drain")}>
					{agent.draining ? "Undrain" : "Drain"}
				</Button>
			) : null}
			{admin && !gone ? (
				<>
					<Button onClick={() => setLabelling(true)}>Labels</Button>
					{agent.keyRotationOrderedAt ? null : <Button onClick={() => void order("rotate")}>Rotate key</Button>}
					<Button onClick={() => void order("revoke")}>Revoke</Button>
				</>
			) : null}
			{admin && (gone || agent.state === "offline" || agent.state === "never") ? (
				<Button onClick={() => void order("forget")}>Forget</Button>
			) : null}
			{labelling ? <LabelsDialog agent={agent} close={() => setLabelling(false)} /> : null}
		</>
	);
}

function trust(agent: AgentDetail): string {
	if (agent.state === "revoked") return "Its key was revoked: it reports nothing any more.";
	if (agent.state === "never") return "It was enrolled and has not been heard of yet.";
	if (agent.copies)
		return `Another agent shows this one's key, from ${agent.copies.address}. It is a copy and is refused: enrol it as an agent of its own.`;
	if (agent.state === "offline")
		return "Silent. It goes on running its schedules if it lives; what it did since then is unknown until it reports.";
	if (agent.outboxFull)
		return "Online, and its outbox is full: it starts nothing new until central has taken a part of its records.";
	if ((agent.outboxDepth ?? 0) > 1_000)
		return "Online, and behind with its records: they are on its disk and on their way.";
	if (agent.behind) return `Online, ${plural(agent.behind.revisions, "revision")} of its job set behind.`;
	return "Online and up to date.";
}

function outbox(agent: AgentDetail): string {
	const held = plural(agent.outboxDepth ?? 0, "record");
	return agent.outboxMax ? `${held} of at most ${count(agent.outboxMax)}` : held;
}

/** When the host of a draining agent may be stopped. */
function Handover({ handover: { until, kept } }: { handover: NonNullable<AgentDetail["handover"]> }) {
	if (kept > 0)
		return <> Do not stop its host yet: no other agent has taken {plural(kept, "job")} of its own so far.</>;
	return (
		<>
			{" "}
			Its host may be stopped{" "}
			{until ? (
				<>
					after <Time at={until} />,{" "}
				</>
			) : null}
			once nothing runs there.
		</>
	);
}

function Whole({ agent }: { agent: AgentDetail }) {
	const holes = agent.streams.flatMap((stream) => stream.holes.map((hole) => ({ epoch: stream.epoch, ...hole })));
	return (
		<>
			<p className="card m-0 px-4 py-3 text-[1.05rem]">
				{trust(agent)}
				{agent.unknownSince ? (
					<>
						{" "}
						Unknown since <Time at={agent.unknownSince} />.
					</>
				) : null}
				{agent.handover ? <Handover handover={agent.handover} /> : null}
			</p>
			<Panel title="Last 24 hours" note="bars are executions, hatched is offline">
				<AgentTimeline agentId={agent.agentId} hours={24} />
			</Panel>
			<div className="grid gap-4 lg:grid-cols-2">
				<Panel title="Now">
					<Facts
						rows={[
							["Last sync", <Ago key="seen" at={agent.lastSeenAt} none="never" />],
							["Next fire", <Time key="next" at={agent.nextFireAt} none="none" />],
							["Jobs", count(agent.jobs ?? 0)],
							["Running", count(agent.running ?? 0)],
							["Outbox", outbox(agent)],
							["Oldest unsent", <Ago key="oldest" at={agent.oldestUnsentAt} none="none" />],
							["Clock skew", <Skew key="skew" ms={agent.clockSkewMs} />],
							["Job set", `revision ${agent.appliedRevision ?? 0} of ${agent.jobSetRevision ?? 0}`],
							...(agent.behind
								? ([["Behind since", <Ago key="behind" at={agent.behind.since} />]] as [string, React.ReactNode][])
								: []),
						]}
					/>
				</Panel>
				<Panel title="Who it is">
					<Facts
						rows={[
							["Host", agent.hostname],
							[
								"Labels",
								Object.keys(agent.labels ?? {}).length ? <Labels key="labels" labels={agent.labels} /> : "none",
							],
							["Weight", agent.weight ?? 1],
							["Version", agent.version ?? "–"],
							["Zone data", agent.tzdata ?? "–"],
							["Enrolled", <Time key="enrolled" at={agent.enrolledAt} />],
							["Key since", <Time key="key" at={agent.keyRotatedAt ?? agent.enrolledAt} />],
							...(agent.keyRotationOrderedAt
								? ([["New key ordered", <Ago key="ordered" at={agent.keyRotationOrderedAt} />]] as [
										string,
										React.ReactNode,
									][])
								: []),
							["Revoked", <Time key="revoked" at={agent.revokedAt} none="no" />],
							["Id", <code key="id">{agent.agentId}</code>],
						]}
					/>
				</Panel>
			</div>
			<Panel title="Records" note={holes.length ? `${plural(holes.length, "hole")}` : "no holes"}>
				<ul className="m-0 flex list-none flex-col gap-1 p-0">
					{agent.streams.map((stream) => (
						<li key={stream.epoch}>
							Epoch {stream.epoch}:{" "}
							{stream.ackedSeq > 0 ? `1 to ${stream.ackedSeq.toLocaleString("en-US")} all here` : "nothing sent yet"}
							{stream.holes.length ? ", except " : ""}
							{stream.holes.map((hole) => `${hole.from}–${hole.to}`).join(", ")}
						</li>
					))}
					{agent.streams.length === 0 ? <li className="text-ink-faint">Nothing was sent yet.</li> : null}
				</ul>
			</Panel>
			<Panel title="What happened to it">
				<ul className="m-0 flex list-none flex-col gap-1.5 p-0">
					{agent.events.map((event) => (
						<li key={`${event.epoch} ${event.seq}`} className="flex flex-wrap gap-x-4">
							<Time at={event.at} />
							<span className="font-medium">{event.event}</span>
							<span className="text-ink-soft">{event.detail}</span>
						</li>
					))}
					{agent.events.length === 0 ? <li className="text-ink-faint">Nothing.</li> : null}
				</ul>
			</Panel>
			<Quarantine agentId={agent.agentId} />
		</>
	);
}

function Quarantine({ agentId }: { agentId: string }) {
	const records = useQuery(agentQuarantineQuery(agentId)).data?.records ?? [];
	if (records.length === 0) return null;
	return (
		<Panel title="Quarantine" note="records that could not be read: acknowledged, kept, not counted">
			<QuarantineList records={records} />
		</Panel>
	);
}
