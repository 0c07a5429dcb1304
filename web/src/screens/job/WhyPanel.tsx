// Why did it (not) run? A moment goes in, sentences come out.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { whyQuery } from "../../api/queries.ts";
import type { Job, Why } from "../../api/types.ts";
import { useSettings } from "../../lib/settings.ts";
import { partsOf, zoneFor } from "../../lib/time.ts";
import { zonedInstant } from "../../lib/zoned.ts";
import { PlainMark } from "../../ui/Mark.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";
import { Time } from "../../ui/Time.tsx";

const route = getRouteApi("/shell/jobs/$jobId");

export function WhyPanel({ job }: { job: Job }) {
	const { why } = route.useSearch();
	const navigate = route.useNavigate();
	const query = useQuery(whyQuery(job.jobId, why));
	const zone = zoneFor(useSettings().zone, job.timezone);
	const go = (at: string | null | undefined) =>
		void navigate({
			to: "/jobs/$jobId",
			params: { jobId: job.jobId },
			search: (old) => ({ ...old, why: at ?? undefined }),
			replace: true,
		});
	const shown = partsOf(why ?? query.data?.at ?? Date.now(), zone);
	return (
		<Panel title="Why did it (not) run?">
			<label className="flex flex-wrap items-center gap-2 text-ink-soft">
				Around
				<input
					type="datetime-local"
					step="1"
					className="field !min-h-8 !py-0.5"
					value={`${shown.date}T${shown.clock}`}
					onChange={(event) => {
						const at = zonedInstant(event.target.value, zone);
						if (at !== null) go(new Date(at).toISOString());
					}}
				/>
				<span className="text-ink-faint">{zone}</span>
				{why ? (
					<button type="button" className="link" onClick={() => go(undefined)}>
						Now
					</button>
				) : null}
			</label>
			<div className="mt-3">
				<Answered query={query} rows={3}>
					{(answer) => <Answer answer={answer} job={job} go={go} />}
				</Answered>
			</div>
		</Panel>
	);
}

function Answer({ answer, job, go }: { answer: Why; job: Job; go: (at: string | null) => void }) {
	const { nearest } = answer;
	return (
		<>
			<ul className="m-0 flex list-none flex-col gap-1.5 p-0">
				{answer.sentences.map((sentence) => (
					<li key={sentence.kind + sentence.text} className="border-l-2 border-accent pl-3">
						{sentence.text}
					</li>
				))}
				{answer.sentences.length === 0 ? (
					<li className="text-ink-faint">There is nothing to say about that moment.</li>
				) : null}
			</ul>
			{nearest ? (
				<p className="mt-3 mb-0">
					Nearest execution:{" "}
					<Link
						to="/executions/$jobId/$executionId"
						params={{ jobId: job.jobId, executionId: nearest.executionId }}
						search={{ scheduledAt: nearest.scheduledAt }}
						className="inline-flex gap-2 hover:underline"
					>
						<Time at={nearest.scheduledAt} zone={job.timezone} /> <PlainMark state={nearest.status} />
					</Link>
				</p>
			) : null}
			<p className="mt-3 mb-0 flex flex-wrap gap-x-4">
				{answer.previousFireAt ? (
					<button type="button" className="link" onClick={() => go(answer.previousFireAt)}>
						Fire before: <Time at={answer.previousFireAt} zone={job.timezone} />
					</button>
				) : null}
				{answer.nextFireAt ? (
					<button type="button" className="link" onClick={() => go(answer.nextFireAt)}>
						Fire after: <Time at={answer.nextFireAt} zone={job.timezone} />
					</button>
				) : null}
			</p>
		</>
	);
}
