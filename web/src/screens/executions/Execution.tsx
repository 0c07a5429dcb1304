// One execution: where its time went, what was sent, what came back, and why it ended as it did.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { executionQuery } from "../../api/fleetQueries.ts";
import type { ExecutionDetail } from "../../api/types.ts";
import { GanttRow, type Span } from "../../charts/GanttRow.tsx";
import { look, TONE_TEXT } from "../../lib/status.ts";
import { duration } from "../../lib/time.ts";
import { DoubledMark, Mark, PlainMark } from "../../ui/Mark.tsx";
import { Facts, Panel, Screen } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";
import { Time } from "../../ui/Time.tsx";
import { executionReason } from "./Executions.tsx";
import { endOf, type Stretch, startOf, stretches } from "./waterfall.ts";

const route = getRouteApi("/shell/executions/$jobId/$executionId");
const CAUSES: Record<string, string> = {
	schedule: "its schedule",
	catchUp: "made up for after a gap",
	manual: "run by hand",
};

export default function Execution() {
	const { jobId, executionId } = route.useParams();
	const { scheduledAt } = route.useSearch();
	const query = useQuery(executionQuery(jobId, executionId, scheduledAt));
	return (
		<Screen
			title={query.data ? (query.data.jobName ?? query.data.jobId) : "Execution"}
			above={
				<Link to="/executions" search={{ jobId }} className="hover:underline">
					Executions
				</Link>
			}
			beside={query.data ? <Beside execution={query.data} /> : null}
		>
			<Answered query={query} back={{ to: "/executions", text: "To all executions" }}>
				{(execution) => <Whole execution={execution} />}
			</Answered>
		</Screen>
	);
}

function zoneOf(execution: ExecutionDetail): string | null {
	return (execution.definition?.timezone as string | undefined) ?? null;
}

function Beside({ execution }: { execution: ExecutionDetail }) {
	return (
		<>
			<Mark state={execution.status} />
			<DoubledMark doubled={execution.doubled} />
			<span className="text-ink-soft">
				due <Time at={execution.scheduledAt} zone={zoneOf(execution)} />
			</span>
		</>
	);
}

function Whole({ execution }: { execution: ExecutionDetail }) {
	const zone = zoneOf(execution);
	return (
		<>
			{executionReason(execution) ? (
				<p className={`card m-0 px-4 py-3 text-[1.05rem] ${TONE_TEXT[look(execution.status).tone]}`}>
					{executionReason(execution)}
				</p>
			) : null}
			<Waterfall execution={execution} />
			<div className="grid gap-4 lg:grid-cols-2">
				<Panel title="Facts">
					<Facts
						rows={[
							[
								"Job",
								<Link key="job" to="/jobs/$jobId" params={{ jobId: execution.jobId }} className="link">
									{execution.jobName || execution.jobId}
								</Link>,
							],
							["Revision", execution.jobRevision],
							[
								"Agent",
								<Link key="agent" to="/agents/$agentId" params={{ agentId: execution.agentId }} className="link">
									{execution.agentName || execution.agentId}
								</Link>,
							],
							["Due", <Time key="due" at={execution.scheduledAt} zone={zone} millis />],
							...(execution.count > 1
								? ([
										["Fires", `${execution.count.toLocaleString("en-US")}, stood for by this record`],
										["Until", <Time key="until" at={execution.lastScheduledAt} zone={zone} millis />],
									] as [string, React.ReactNode][])
								: []),
							[
								"Armed",
								<Time
									key="armed"
									at={execution.armedAt}
									zone={zone}
									millis
									none={execution.startedAt ? "not known" : "not armed"}
								/>,
							],
							["Started", <Time key="started" at={execution.startedAt} zone={zone} millis none="never sent" />],
							["Finished", <Time key="finished" at={execution.finishedAt} zone={zone} millis />],
							["Lateness", duration(execution.latenessMs)],
							["Tries", execution.attempts],
							["Because of", CAUSES[execution.cause] ?? execution.cause],
							["Idempotency key", <code key="id">{execution.executionId}</code>],
						]}
					/>
				</Panel>
				<Panel title="Request" note={execution.definition ? `as of revision ${execution.jobRevision}` : undefined}>
					<Request execution={execution} />
				</Panel>
			</div>
			<Panel title="Response" note={execution.httpStatus ? `HTTP ${execution.httpStatus}` : undefined}>
				<Response execution={execution} />
			</Panel>
			{execution.doubles.length > 0 ? <Doubles execution={execution} /> : null}
		</>
	);
}

function Waterfall({ execution }: { execution: ExecutionDetail }) {
	const all = stretches(execution);
	const end = endOf(all);
	const start = startOf(all, end);
	return (
		<Panel title="Where the time went" note="since the due instant">
			<ul className="m-0 flex list-none flex-col gap-1 p-0">
				{all.map((one, i) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: two tries may have one number
					<WaterfallRow key={i} one={one} start={start} end={end} />
				))}
			</ul>
			{execution.startedAt && !execution.armedAt ? (
				<p className="m-0 mt-3 text-ink-faint">
					When this fire was armed is not known: the agent was started anew in between, or does not tell.
				</p>
			) : null}
		</Panel>
	);
}

function WaterfallRow({ one, start, end }: { one: Stretch; start: number; end: number }) {
	const length = one.unknown ? "not known" : duration(one.to - one.from);
	const words = `${one.name}: ${length}, ${one.note}`;
	const clip = (at: number) => Math.max(start, Math.min(at, end));
	const before = one.before;
	const spans: Span[] = one.unknown
		? []
		: [{ key: "it", from: clip(one.from), to: clip(one.to), tone: one.tone, title: words }];
	if (before)
		spans.unshift({
			key: "wait",
			from: clip(before.from),
			to: clip(before.to),
			tone: "idle",
			title: before.note,
			share: 0.35,
		});
	return (
		<li className="grid grid-cols-[6.5rem_minmax(0,1fr)_5.5rem] items-center gap-x-3">
			<span className="text-ink-soft">{one.name}</span>
			<GanttRow from={start} to={end} height={18} label={words} spans={spans} />
			<span className={`text-right ${one.unknown ? "text-ink-faint" : ""}`}>
				{one.from < start ? (
					<span className="text-ink-faint" title="The bar begins before the picture">
						←{" "}
					</span>
				) : null}
				{length}
				{one.to > end ? (
					<span className="text-ink-faint" title="The bar goes on beyond the picture">
						{" "}
						→
					</span>
				) : null}
			</span>
			{one.detail ? (
				<span className="col-span-2 col-start-2 mb-1 text-[0.93rem] text-ink-soft" aria-hidden="true">
					{one.detail}
				</span>
			) : null}
		</li>
	);
}

function Request({ execution }: { execution: ExecutionDetail }) {
	const definition = execution.definition;
	if (!definition) return <p className="m-0 text-ink-faint">The definition of that time is not kept any more.</p>;
	const headers = Object.entries((definition.headers as Record<string, string> | undefined) ?? {});
	const body = definition.body;
	return (
		<div className="flex flex-col gap-3">
			<p className="m-0 break-all">
				<strong>{String(definition.method ?? "POST")}</strong> <code>{String(definition.api)}</code>
			</p>
			{headers.length ? (
				<Facts rows={headers.map(([name, value]) => [name, <code key={name}>{String(value)}</code>])} />
			) : null}
			{body === undefined || body === null ? (
				<p className="m-0 text-ink-faint">The default body: job, due instant, execution and attempt.</p>
			) : (
				<Text text={typeof body === "string" ? body : JSON.stringify(body, null, 2)} />
			)}
		</div>
	);
}

function Response({ execution }: { execution: ExecutionDetail }) {
	return (
		<div className="flex flex-col gap-3">
			{execution.error ? <p className="m-0 text-bad">{execution.error}</p> : null}
			{execution.responseBody ? (
				<Text text={execution.responseBody} />
			) : (
				<p className="m-0 text-ink-faint">No body was kept.</p>
			)}
			{execution.responseDigest ? (
				<p className="m-0 break-all text-ink-faint">
					SHA-256 <code>{execution.responseDigest}</code>
				</p>
			) : null}
		</div>
	);
}

/** A long text in a box of its own that can be reached and scrolled by keyboard. */
export function Text({ text }: { text: string }) {
	return (
		<pre
			// biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
			tabIndex={0}
			className="m-0 max-h-80 overflow-auto rounded-[7px] bg-sunken p-3 text-[0.93rem] whitespace-pre-wrap break-words"
		>
			{text}
		</pre>
	);
}

function Doubles({ execution }: { execution: ExecutionDetail }) {
	return (
		<Panel title="Also run elsewhere" note="an at-least-once job prefers running twice over not running">
			<ul className="m-0 flex list-none flex-col gap-2 p-0">
				{execution.doubles.map((double) => (
					<li key={`${double.agentId} ${double.receivedAt}`} className="flex flex-wrap items-center gap-3">
						<PlainMark state={double.status} />
						<Link to="/agents/$agentId" params={{ agentId: double.agentId }} className="link">
							{double.agentName || double.agentId}
						</Link>
						<Time at={double.startedAt} millis />
					</li>
				))}
			</ul>
		</Panel>
	);
}
