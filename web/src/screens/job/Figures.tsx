// How long it takes and how late it starts: percentiles and their distribution, and how they went over time.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { jobExecutionsQuery, jobStatsQuery } from "../../api/queries.ts";
import type { Job, Spread } from "../../api/types.ts";
import { Histogram } from "../../charts/Histogram.tsx";
import { duration, percent, plural } from "../../lib/time.ts";
import { Panel } from "../../ui/Screen.tsx";
import { Select } from "../../ui/Select.tsx";
import { Answered } from "../../ui/States.tsx";
import { RUNS } from "./Runs.tsx";

const OverTime = lazy(() => import("./OverTime.tsx"));
const route = getRouteApi("/shell/jobs/$jobId");
const DAY = 24;
const HOURS = [
	[1, "1 hour"],
	[DAY, "24 hours"],
	[168, "7 days"],
	[720, "30 days"],
] as const;

export function Figures({ job }: { job: Job }) {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const hours = HOURS.some(([known]) => known === search.hours) ? (search.hours as number) : DAY;
	const what = search.of ?? "duration";
	const change = (next: Partial<typeof search>) =>
		void navigate({
			to: "/jobs/$jobId",
			params: { jobId: job.jobId },
			search: (old) => ({ ...old, ...next }),
			replace: true,
		});
	const stats = useQuery(jobStatsQuery(job.jobId, hours));
	const runs = useQuery(jobExecutionsQuery(job.jobId, RUNS));
	const values = (runs.data?.executions ?? [])
		.map((one) => (what === "duration" ? one.durationMs : one.latenessMs))
		.filter((value) => value !== null);
	return (
		<Panel
			title="Figures"
			actions={
				<Select
					aria-label="Of the last"
					className="field !min-h-8 !py-0.5"
					value={hours}
					change={(value) => change({ hours: value })}
					choices={HOURS}
				/>
			}
		>
			<Answered query={stats} rows={5}>
				{(data) => (
					<>
						<p className="mt-0 mb-2 text-ink-soft">
							{plural(data.executions, "execution")}, {percent(data.successRate)} successful,{" "}
							{plural(data.attempts, "attempt")}
							{data.doubled > 0 ? `, ${plural(data.doubled, "fire")} run by two agents` : ""}
						</p>
						<table className="w-full text-right">
							<thead className="text-ink-faint">
								<tr>
									<th />
									{["p50", "p95", "p99", "max"].map((name) => (
										<th key={name} className="py-0.5 font-medium">
											{name}
										</th>
									))}
								</tr>
							</thead>
							<tbody>
								<Row name="Duration" spread={data.durationMs} />
								<Row name="Lateness" spread={data.latenessMs} />
							</tbody>
						</table>
						<div className="mt-4 mb-1 flex items-center justify-between">
							<h3 className="m-0 font-medium text-ink-soft">Distribution of the last {RUNS} runs</h3>
							<Select
								aria-label="Distribution of"
								className="field !min-h-8 !py-0.5"
								value={what}
								change={(of) => change({ of })}
								choices={[
									["duration", "Duration"],
									["lateness", "Lateness"],
								]}
							/>
						</div>
						{values.length ? (
							<Histogram
								values={values}
								label={what === "duration" ? "Durations" : "Lateness"}
								marks={marks(what === "duration" ? data.durationMs : data.latenessMs)}
							/>
						) : (
							<p className="text-ink-faint">Nothing was started yet.</p>
						)}
						<Suspense fallback={<div className="skeleton h-40" />}>
							<OverTime job={job} hours={hours} />
						</Suspense>
					</>
				)}
			</Answered>
		</Panel>
	);
}

function marks(spread: Spread): { name: string; ms: number }[] {
	return ["p50", "p95"].flatMap((name) => {
		const ms = spread[name];
		return typeof ms === "number" ? [{ name, ms }] : [];
	});
}

function Row({ name, spread }: { name: string; spread: Record<string, number | null> }) {
	return (
		<tr>
			<th scope="row" className="py-0.5 text-left font-medium text-ink-soft">
				{name}
			</th>
			{["p50", "p95", "p99", "max"].map((column) => (
				<td key={column} className="py-0.5">
					{duration(spread[column])}
				</td>
			))}
		</tr>
	);
}
