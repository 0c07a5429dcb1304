import { HttpResponse, http } from "msw";
import type { ListedJob } from "../../src/api/types.ts";
import { iso, makeExecutions } from "./data.ts";
import type { Fake, problem as Problem } from "./handlers.ts";

type Params = { jobId: string };

function filtered(jobs: ListedJob[], query: URLSearchParams): ListedJob[] {
	const q = query.get("q")?.toLowerCase();
	const active = query.get("active");
	const statuses = query.get("lastStatus")?.split(",");
	const sort = query.get("sort") ?? "createdAt";
	const key = sort.replace("-", "") as "name" | "createdAt" | "updatedAt" | "lastAt";
	const value = (job: ListedJob) => (key === "lastAt" ? (job.lastExecution?.scheduledAt ?? "") : job[key]);
	return jobs
		.filter((job) => !q || `${job.name} ${job.api} ${job.jobId}`.toLowerCase().includes(q))
		.filter((job) => active === null || String(job.active) === active)
		.filter((job) => !query.get("type") || job.type === query.get("type"))
		.filter((job) => query.get("late") !== "true" || job.lateSince)
		.filter((job) => query.get("unknown") !== "true" || job.unknownSince)
		.filter((job) => query.get("held") === null || String(job.held) === query.get("held"))
		.filter((job) => !statuses || statuses.includes(job.lastExecution?.status ?? ""))
		.sort((a, b) => ((value(a) ?? "") < (value(b) ?? "") ? -1 : 1) * (sort.startsWith("-") ? -1 : 1));
}

export function jobHandlers(fake: () => Fake, problem: typeof Problem) {
	const find = (jobId: string) => fake().jobs.find((job) => job.jobId === jobId);
	const none = () => problem(404, "There is no job with this id.");
	const tagged = (job: ListedJob, status = 200) =>
		HttpResponse.json(job, { status, headers: { ETag: `"${job.revision}"` } });
	return [
		http.get("*/api/jobs", ({ request }) => {
			const query = new URL(request.url).searchParams;
			const limit = Number(query.get("limit") ?? 100);
			const from = Number(query.get("cursor") ?? 0);
			const all = filtered(fake().jobs, query);
			return HttpResponse.json({
				jobs: all.slice(from, from + limit),
				nextCursor: from + limit < all.length ? String(from + limit) : null,
			});
		}),
		http.get<Params>("*/api/jobs/:jobId", ({ params }) => {
			const job = find(params.jobId);
			return job ? tagged(job) : none();
		}),
		http.get<Params>("*/api/executions/:jobId", ({ params, request }) => {
			const job = find(params.jobId);
			if (!job) return none();
			const limit = Number(new URL(request.url).searchParams.get("limit") ?? 5);
			return HttpResponse.json({ executions: makeExecutions(job, fake().agents, limit, fake().now), nextCursor: null });
		}),
		http.get<Params>("*/api/observability/stats/job/:jobId", ({ params }) => {
			const job = find(params.jobId);
			if (!job) return none();
			return HttpResponse.json({
				jobId: job.jobId,
				name: job.name,
				active: job.active,
				deleted: false,
				nextFireAt: job.nextFireAt,
				lastExecution: null,
				hours: 24,
				from: iso(fake().now - 86_400_000),
				to: iso(fake().now),
				executions: 288,
				byStatus: { success: 281, failed: 5, timeout: 2 },
				successRate: 281 / 288,
				attempts: 301,
				doubled: 4,
				durationMs: { avg: 120, p50: 88, p95: 420, p99: 910, max: 1_400 },
				latenessMs: { avg: 6, p50: 3, p95: 18, p99: 44, max: 210 },
			});
		}),
	];
}
