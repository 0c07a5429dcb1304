// The made-up central's answers about one job: actions, preview, revisions, why, where it runs.
import { HttpResponse, http } from "msw";
import type { BulkWish, ListedJob } from "../../src/api/types.ts";
import { iso, makeExecutions, uuid } from "./data.ts";
import type { Fake, problem as Problem } from "./handlers.ts";

type Params = { jobId: string; action: string; revision: string };

const VERBS = { pause: "pause", resume: "resume", run: "run once now", delete: "be deleted" };

export function jobDetailHandlers(fake: () => Fake, problem: typeof Problem) {
	const find = (jobId: string | undefined) => fake().jobs.find((job) => job.jobId === jobId);
	const none = () => problem(404, "There is no job with this id.");
	const tagged = (job: ListedJob, status = 200) =>
		HttpResponse.json(job, { status, headers: { ETag: `"${job.revision}"` } });
	const stale = (request: Request, job: ListedJob) => {
		const tag = request.headers.get("If-Match");
		return tag && tag !== `"${job.revision}"` ? problem(412, `The job has revision ${job.revision} now.`) : null;
	};
	const wrong = (body: Partial<ListedJob>) => {
		if (!body.schedule || body.schedule.split(" ").length < 5)
			return problem(400, "A schedule has five or six fields.", { pointer: "/schedule" });
		if (!body.api?.startsWith("http"))
			return problem(400, "The address has to begin with http:// or https://.", { pointer: "/api" });
		return null;
	};
	return [
		http.post("*/api/bulk/jobs", async ({ request }) => {
			const wish = (await request.json()) as BulkWish;
			const matched = wish.jobIds ? fake().jobs.filter((job) => wish.jobIds?.includes(job.jobId)) : fake().jobs;
			const hit = matched.filter((job) =>
				wish.action === "pause" ? job.active : wish.action === "resume" ? !job.active : true,
			);
			if (!wish.dryRun) for (const job of hit) if (wish.action === "pause") job.active = false;
			return HttpResponse.json({
				matched: matched.length,
				changed: hit.length,
				unchanged: matched.length - hit.length,
				failed: [],
				sentence: `${hit.length} of ${matched.length} jobs would ${VERBS[wish.action]}; ${matched.length - hit.length} are that way already.`,
				sample: hit.slice(0, 20).map((job) => ({ jobId: job.jobId, name: job.name })),
			});
		}),
		http.post("*/api/schedules/preview", async ({ request }) => {
			const wish = (await request.json()) as { schedule: string; timezone: string; count: number };
			if (wish.schedule.trim().split(/\s+/).length < 5)
				return problem(400, "A schedule has five or six fields; this one has fewer.", { pointer: "/schedule" });
			const first = Math.ceil(fake().now / 86_400_000) * 86_400_000 + 5_400_000;
			return HttpResponse.json({
				text: "At 02:30 every day",
				canonical: wish.schedule,
				timezone: wish.timezone,
				tzdata: "2026b",
				note: null,
				fires: Array.from({ length: wish.count ?? 10 }, (_, index) => ({
					at: iso(first + index * 86_400_000 - (index > 0 ? 3_600_000 : 0)),
					local: iso(first + index * 86_400_000 + (index === 1 ? 5_400_000 : 3_600_000)).slice(0, 19),
					offset: index > 0 ? "+02:00" : "+01:00",
					note: index === 1 ? "DST: 02:30 does not exist that day; it fires at 03:00 instead." : null,
				})),
			});
		}),
		http.get("*/api/schedules/zones", () =>
			HttpResponse.json({ tzdata: "2026b", zones: ["Asia/Tokyo", "Europe/Berlin", "Europe/London", "UTC"] }),
		),
		http.post("*/api/jobs", async ({ request }) => {
			const body = (await request.json()) as Partial<ListedJob>;
			const no = wrong(body);
			if (no) return no;
			const job = {
				...fake().jobs[0],
				recent: [],
				lastExecution: null,
				...body,
				jobId: uuid(9, fake().jobs.length),
				revision: 1,
			} as ListedJob;
			fake().jobs.unshift(job);
			return tagged(job, 201);
		}),
		http.put<Params>("*/api/jobs/:jobId", async ({ params, request }) => {
			const job = find(params.jobId);
			if (!job) return none();
			const no = stale(request, job) ?? wrong((await request.clone().json()) as Partial<ListedJob>);
			if (no) return no;
			Object.assign(job, await request.json(), { revision: job.revision + 1 });
			return tagged(job);
		}),
		http.delete<Params>("*/api/jobs/:jobId", ({ params }) => {
			fake().jobs = fake().jobs.filter((job) => job.jobId !== params.jobId);
			return new HttpResponse(null, { status: 204 });
		}),
		http.post<Params>("*/api/jobs/:jobId/actions/:action", async ({ params, request }) => {
			const job = find(params.jobId);
			if (!job) return none();
			if (params.action === "run" || params.action === "cancel")
				return HttpResponse.json({ jobId: job.jobId, agents: 1 }, { status: 202 });
			if (params.action === "skip") {
				const { scheduledAt } = (await request.json()) as { scheduledAt: string };
				job.skipAt = [...(job.skipAt ?? []), scheduledAt];
			} else if (params.action === "rollback") job.revision++;
			else job.active = params.action === "resume";
			return tagged(job);
		}),
		http.get<Params>("*/api/jobs/:jobId/revisions", ({ params }) => {
			const job = find(params.jobId);
			if (!job) return none();
			return HttpResponse.json({
				revisions: Array.from({ length: job.revision }, (_, index) => ({
					revision: job.revision - index,
					at: iso(fake().now - (index + 1) * 7_200_000),
					author: index % 2 ? "deploy" : "maria",
					action: index === job.revision - 1 ? "created" : "edited",
				})),
				nextCursor: null,
			});
		}),
		http.get<Params>("*/api/jobs/:jobId/revisions/:revision", ({ params, request }) => {
			const against = new URL(request.url).searchParams.get("against");
			return HttpResponse.json({
				revision: Number(params.revision),
				at: iso(fake().now - 7_200_000),
				author: "maria",
				action: "edited",
				definition: {},
				against: against ? Number(against) : null,
				diff: [
					{ path: "/schedule", before: "*/10 * * * *", after: "*/5 * * * *" },
					{ path: "/retry/maxAttempts", before: 1, after: 3 },
				],
			});
		}),
		http.get<Params>("*/api/jobs/:jobId/assignments", ({ params }) => {
			const job = find(params.jobId);
			const agent = fake().agents[5];
			if (!job || !agent) return none();
			return HttpResponse.json({
				sentence: `One agent of 24 that fit holds it: ${agent.name}, for it had the fewest jobs.`,
				assignments: [
					{
						agentId: agent.agentId,
						agentName: agent.name,
						agentState: agent.state,
						epoch: 4,
						since: iso(fake().now - 86_400_000),
						revision: job.revision,
						appliedAt: null,
						place: "",
						until: null,
					},
				],
			});
		}),
		http.get<Params>("*/api/jobs/:jobId/why", ({ params, request }) => {
			const job = find(params.jobId);
			if (!job) return none();
			const at = new URL(request.url).searchParams.get("at") ?? iso(fake().now);
			return HttpResponse.json({
				at,
				sentences: [
					{
						kind: "offline",
						text: "Its agent edge-006 has been offline for 30 minutes: what it did since is unknown.",
						at,
					},
					{ kind: "due", text: "The schedule was due at 14:35:00, and that fire has no record yet.", at },
				],
				nearest: makeExecutions(job, fake().agents, 1, fake().now)[0],
				previousFireAt: iso(fake().now - 300_000),
				nextFireAt: iso(fake().now + 120_000),
			});
		}),
		http.get("*/api/observability/metrics", ({ request }) => {
			const query = new URL(request.url).searchParams;
			const start = Date.parse(query.get("startTime") ?? iso(fake().now - 86_400_000));
			const tall = query.get("metricName") === "durationP95" ? 4 : 1;
			return HttpResponse.json({
				metricName: query.get("metricName"),
				jobId: null,
				unit: "ms",
				step: "hour",
				stepMs: 3_600_000,
				startTime: iso(start),
				endTime: iso(fake().now),
				points: Array.from({ length: 24 }, (_, index) => ({
					t: iso(start + index * 3_600_000),
					value: index === 9 ? null : tall * (90 + 40 * Math.sin(index / 3)),
				})),
			});
		}),
	];
}
