// What changed, and why did it not run?
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { jobQuery, jobsQuery } from "../../api/queries.ts";
import type { Job, ListedJob } from "../../api/types.ts";
import { jobState, targetSentence } from "../../lib/jobs.ts";
import { useKeys } from "../../lib/keys.ts";
import { useJobActions } from "../../shell/jobActions.ts";
import { useMay } from "../../shell/session.ts";
import { Button, buttonClass } from "../../ui/Button.tsx";
import { Mark } from "../../ui/Mark.tsx";
import { Screen } from "../../ui/Screen.tsx";
import { Failure, Loading } from "../../ui/States.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { Ago, Time } from "../../ui/Time.tsx";
import { Assignments } from "./Assignments.tsx";
import { Definition } from "./Definition.tsx";
import { Figures } from "./Figures.tsx";
import { NextFires } from "./NextFires.tsx";
import { Revisions } from "./Revisions.tsx";
import { Runs } from "./Runs.tsx";
import { WhyPanel } from "./WhyPanel.tsx";

const route = getRouteApi("/shell/jobs/$jobId");
const BACK = (
	<Link to="/jobs" className="hover:underline">
		Jobs
	</Link>
);

export default function JobScreen() {
	const { jobId } = route.useParams();
	const query = useQuery(jobQuery(jobId));
	const job = query.data;
	if (!job) {
		return (
			<Screen title="Job" above={BACK}>
				<div className="card">
					{query.error ? (
						<Failure error={query.error} retry={() => query.refetch()} back={{ to: "/jobs", text: "To the jobs" }} />
					) : (
						<Loading rows={10} />
					)}
				</div>
			</Screen>
		);
	}
	return <Loaded job={job} />;
}

function Loaded({ job }: { job: Job }) {
	const { tab = "runs" } = route.useSearch();
	// Lateness and who holds it are the list's: they change while the job itself stays as it is.
	const listed = useInfiniteQuery(jobsQuery({ q: job.jobId }, 1)).data?.pages[0]?.jobs.find(
		(one) => one.jobId === job.jobId,
	);
	return (
		<Screen
			title={job.name}
			above={BACK}
			beside={<Mark state={jobState({ ...listed, active: job.active })} />}
			actions={<Actions job={job} />}
		>
			<Sentence job={job} listed={listed} />
			<Tabs
				label="Parts of the job"
				chosen={tab}
				tabs={[
					{ id: "runs", text: "Runs", to: "/jobs/$jobId", params: { jobId: job.jobId }, search: {} },
					{
						id: "definition",
						text: "Definition",
						to: "/jobs/$jobId",
						params: { jobId: job.jobId },
						search: { tab: "definition" },
					},
					{
						id: "revisions",
						text: "Revisions",
						to: "/jobs/$jobId",
						params: { jobId: job.jobId },
						search: { tab: "revisions" },
					},
				]}
			/>
			{tab === "runs" ? (
				<>
					<Runs job={job} />
					<div className="grid items-start gap-4 xl:grid-cols-2">
						<div className="flex min-w-0 flex-col gap-4">
							<Figures job={job} />
							<Assignments job={job} />
						</div>
						<div className="flex min-w-0 flex-col gap-4">
							<NextFires job={job} />
							<WhyPanel job={job} />
						</div>
					</div>
				</>
			) : tab === "definition" ? (
				<Definition job={job} />
			) : (
				<Revisions job={job} />
			)}
		</Screen>
	);
}

function Sentence({ job, listed }: { job: Job; listed: ListedJob | undefined }) {
	return (
		<div className="card flex flex-col gap-1 px-4 py-3">
			<p className="m-0 text-[1.07rem]">
				{job.scheduleText ?? job.schedule} <span className="text-ink-faint">({job.timezone})</span>,{" "}
				{targetSentence(job.target)}:{" "}
				<span className="break-all font-mono text-[0.93rem]">
					{job.method} {job.api}
				</span>
			</p>
			<p className="m-0 flex flex-wrap gap-x-5 gap-y-0.5 text-ink-soft">
				<span>
					<code className="rounded bg-sunken px-1.5 py-0.5">{job.schedule}</code>
				</span>
				<span>
					Next fire{" "}
					{job.nextFireAt ? (
						<>
							<Time at={job.nextFireAt} zone={job.timezone} /> (<Ago at={job.nextFireAt} zone={job.timezone} />)
						</>
					) : job.active ? (
						"none: the schedule is over"
					) : (
						"none: paused"
					)}
				</span>
				<span>{job.type === "ATMOST_ONCE" ? "At most once" : "At least once"}</span>
				<span>
					Revision {job.revision}, <Ago at={job.updatedAt} /> by {job.updatedBy}
				</span>
			</p>
			{job.active && listed?.unknownSince ? (
				<p className="m-0 font-medium text-odd">
					<span aria-hidden="true">? </span>Unknown since <Time at={listed.unknownSince} zone={job.timezone} />: its
					agent is silent. It goes on by its schedule if it lives, and reports when it is back.
				</p>
			) : job.active && listed?.lateSince ? (
				<p className="m-0 font-medium text-warn">
					<span aria-hidden="true">! </span>Late since <Time at={listed.lateSince} zone={job.timezone} />
				</p>
			) : null}
			{job.active && listed?.held === false ? (
				<p className="m-0 font-medium text-warn">
					<span aria-hidden="true">○ </span>No agent holds it: none fits its target. It does not run.
				</p>
			) : null}
			{job.note ? <p className="m-0 text-warn">{job.note}</p> : null}
		</div>
	);
}

function Actions({ job }: { job: Job }) {
	const actions = useJobActions();
	const navigate = useNavigate();
	const mayOperate = useMay("operator");
	const mayEdit = useMay("editor");
	useKeys([
		...(mayOperate ? [{ keys: "r", label: "Run now", group: "Job", run: () => void actions.run(job) }] : []),
		...(mayEdit
			? [
					{
						keys: "e",
						label: "Edit",
						group: "Job",
						run: () => void navigate({ to: "/jobs/$jobId/edit", params: { jobId: job.jobId } }),
					},
				]
			: []),
	]);
	return (
		<>
			{mayOperate ? (
				<>
					<Button busy={actions.busy} onClick={() => void actions.run(job)}>
						Run now
					</Button>
					<Button onClick={() => void (job.active ? actions.pause(job) : actions.resume(job))}>
						{job.active ? "Pause" : "Resume"}
					</Button>
					<Button onClick={() => void actions.cancel(job)}>Cancel running</Button>
				</>
			) : null}
			{mayEdit ? (
				<>
					<Link to="/jobs/new" search={{ copy: job.jobId }} className={buttonClass()}>
						Duplicate
					</Link>
					<Button
						onClick={async () => {
							if (await actions.remove(job)) void navigate({ to: "/jobs" });
						}}
					>
						Delete
					</Button>
					<Link to="/jobs/$jobId/edit" params={{ jobId: job.jobId }} className={buttonClass("primary")}>
						Edit
					</Link>
				</>
			) : null}
		</>
	);
}
