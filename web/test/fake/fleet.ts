// The made-up central's executions, agents, alerts, audit and people.
import { HttpResponse, http } from "msw";
import { dice, iso, makeExecutions, uuid } from "./data.ts";
import type { Fake, problem as Problem } from "./handlers.ts";

const MINUTE = 60_000;
type Wanted = Record<string, string>;
type Made = ReturnType<typeof makeExecutions>[number];

/** Armed a little before, and a note of each attempt where there were several. */
function attemptsOf(made: Made) {
	const armedAt = made.startedAt ? iso(Date.parse(made.scheduledAt) - 420) : null;
	if (made.attempts < 2) return { armedAt, attemptLog: null };
	const first = { number: 1, outcome: "status", httpStatus: 503, startedAfterMs: 1.2, durationMs: 31, waitMs: 512 };
	const second = { number: 2, outcome: "unknown" };
	const third = { number: 2, outcome: "timeout", startedAfterMs: 2100, durationMs: 400, waitMs: 1000 };
	const list = [{ ...first, waitCause: "backoff" }, second, { ...third, waitCause: "retryAfter" }];
	const last = made.durationMs ?? 0;
	const outcome = made.status === "success" ? "success" : "status";
	const finished = Date.parse(made.scheduledAt) + 3_520 + last;
	return {
		armedAt,
		finishedAt: iso(finished),
		receivedAt: iso(finished + 300),
		attemptLog: {
			omitted: 0,
			list: [
				...list,
				{ number: 3, outcome, httpStatus: made.httpStatus ?? undefined, startedAfterMs: 3_520, durationMs: last },
			],
		},
	};
}

function timeline({ agents }: Fake, query: URLSearchParams) {
	const to = Date.parse(query.get("to") ?? iso(Date.now()));
	const from = Date.parse(query.get("from") ?? iso(to - 6 * 60 * MINUTE));
	const stepMs = Math.max(MINUTE, Math.round((to - from) / 180 / MINUTE) * MINUTE);
	const wanted = query.get("agentId");
	const rows = agents
		.map((agent, index) => {
			const roll = dice(index + 3);
			const away = agent.state === "offline" ? Date.parse(agent.unknownSince ?? iso(to)) : to;
			const gap = index % 6 === 2 ? [to - 150 * MINUTE, to - 110 * MINUTE] : null;
			const offline = gap ? [{ from: iso(gap[0] as number), to: iso(gap[1] as number) }] : [];
			const bars = [];
			for (let at = from; at < Math.min(to, away); at += stepMs) {
				if (gap && at >= (gap[0] as number) && at < (gap[1] as number)) continue;
				bars.push({ t: iso(at), success: Math.round(20 + roll() * 60), bad: roll() > 0.96 ? 2 : 0 });
			}
			return {
				agentId: agent.agentId,
				name: agent.name,
				state: agent.state,
				offline: agent.state === "offline" ? [...offline, { from: iso(away), to: null }] : offline,
				bars: agent.state === "never" ? [] : bars,
			};
		})
		.filter((row) => !wanted || row.agentId === wanted);
	return { from: iso(from), to: iso(to), stepMs, agents: rows, nextCursor: null };
}

function failures({ jobs, now }: Fake) {
	const failed = jobs.filter((job) => job.recent?.some((status) => status === "failed")).slice(0, 12);
	return failed.map((job, index) => ({
		jobId: job.jobId,
		name: job.name,
		count: 4 + index * 3,
		byStatus: { failed: 3 + index * 3, timeout: 1 },
		firstAt: iso(now - (20 - index) * 3_600_000),
		lastAt: iso(now - (index + 1) * 9 * MINUTE),
		last: {
			executionId: uuid(4, index),
			status: "failed",
			httpStatus: 503,
			error: null,
			reason: "The target answered 503 three times.",
		},
	}));
}

const audit = (now: number) =>
	Array.from({ length: 60 }, (_, index) => ({
		auditId: 960 - index,
		at: iso(now - index * 17 * MINUTE),
		actor: index % 3 ? "maria" : "deploy",
		action: ["job.edit", "job.pause", "token.create", "agent.drain"][index % 4],
		object: index % 4 === 3 ? "agent edge-008" : `job ${uuid(1, index)}`,
		objectName: null,
		before: index % 2 ? '{"active":true}' : null,
		after: '{"active":false}',
		requestId: uuid(6, index).slice(0, 16),
		hash: (0x1234567 * (index + 1)).toString(16).padStart(64, "7"),
	}));

/** Another agent ran it as well. */
function doublesOf(one: Made) {
	const { agentId, agentName, startedAt, status, receivedAt } = {
		...one,
		agentId: uuid(3, 77),
		agentName: "edge-heir",
	};
	return one.doubled ? [{ agentId, agentName, startedAt, status, receivedAt }] : [];
}

export function fleetHandlers(fake: () => Fake, problem: typeof Problem) {
	const everything = () => {
		const { jobs, agents, now } = fake();
		return jobs
			.slice(0, 40)
			.flatMap((job) => makeExecutions(job, agents, 5, now))
			.sort((a, b) => (a.scheduledAt < b.scheduledAt ? 1 : -1));
	};
	return [
		http.get("*/api/executions", ({ request }) => {
			const query = new URL(request.url).searchParams;
			const statuses = query.get("status")?.split(",");
			const executions = everything()
				.filter((one) => !statuses || statuses.includes(one.status))
				.filter((one) => query.get("doubled") !== "true" || one.doubled)
				.filter((one) => !query.get("jobId") || one.jobId === query.get("jobId"));
			return HttpResponse.json({ executions, nextCursor: null });
		}),
		http.get<Wanted>("*/api/executions/:jobId/:executionId", ({ params }) => {
			const job = fake().jobs.find((one) => one.jobId === params.jobId);
			const found = job
				? makeExecutions(job, fake().agents, 20, fake().now).find((one) => one.executionId === params.executionId)
				: undefined;
			return found
				? HttpResponse.json({ ...found, definition: job, doubles: doublesOf(found), ...attemptsOf(found) })
				: problem(404, "There is no such execution.");
		}),
		http.get<Wanted>("*/api/agents/:agentId/quarantine", () => HttpResponse.json({ records: [], nextCursor: null })),
		http.get("*/api/agents/tokens", () =>
			HttpResponse.json({
				tokens: [0, 1].map((index) => ({
					tokenId: uuid(7, index),
					labels: { env: "prod" },
					name: null,
					createdAt: iso(fake().now - index * 3_600_000),
					createdBy: "maria",
					expiresAt: iso(fake().now + (1 - 2 * index) * 500_000),
					usedAt: index ? iso(fake().now - 3_000_000) : null,
					usedBy: null,
				})),
			}),
		),
		http.get<Wanted>("*/api/agents/:agentId", ({ params }) => {
			const agent = fake().agents.find((one) => one.agentId === params.agentId);
			if (!agent) return problem(404, "There is no agent with this id.");
			const at = iso(fake().now - 7 * 86_400_000);
			return HttpResponse.json({
				...agent,
				streams: [{ epoch: 1, ackedSeq: 182_311, holes: [] }],
				events: [{ event: "started", at, detail: "version 0.1.0 after a reboot", epoch: 1, seq: 1 }],
			});
		}),
		http.get("*/api/observability/timeline", ({ request }) =>
			HttpResponse.json(timeline(fake(), new URL(request.url).searchParams)),
		),
		http.get("*/api/observability/alerts/failures", () =>
			HttpResponse.json({
				hours: 24,
				from: iso(fake().now - 86_400_000),
				to: iso(fake().now),
				failures: failures(fake()),
			}),
		),
		http.get("*/api/observability/alerts/late", () =>
			HttpResponse.json({
				late: fake()
					.jobs.filter((job) => job.lateSince)
					.map((job) => ({
						jobId: job.jobId,
						name: job.name,
						agentId: uuid(2, 5),
						agentName: "edge-006",
						dueAt: job.lateSince,
						lateSince: job.lateSince,
						reason: "Its agent has been silent for half an hour.",
					})),
				nextCursor: null,
			}),
		),
		http.get("*/api/observability/ledger", () =>
			HttpResponse.json({
				from: iso(fake().now - 86_400_000),
				to: iso(fake().now),
				due: 201_400,
				decided: 201_304,
				unaccounted: 0,
				unknown: 96,
				jobs: [6, 22].map((index) => ({
					jobId: uuid(1, index),
					name: fake().jobs[index]?.name ?? "",
					due: 288,
					decided: 240,
					unaccounted: 0,
					unknown: 48,
					unknownSince: iso(fake().now - 1_770_000),
					holes: [],
				})),
				agents: [],
				nextCursor: null,
			}),
		),
		http.get("*/api/observability/quarantine", () => HttpResponse.json({ records: [], nextCursor: null })),
		http.get("*/api/audit/verify", () =>
			HttpResponse.json({ ok: true, entries: 960, firstBad: null, head: { auditId: 960, hash: "7".repeat(64) } }),
		),
		http.get("*/api/audit/:auditId", ({ params }) => {
			const entry = audit(fake().now).find((one) => String(one.auditId) === params.auditId);
			return entry ? HttpResponse.json(entry) : problem(404, "there is no such entry");
		}),
		http.get("*/api/audit", () => HttpResponse.json({ entries: audit(fake().now), nextCursor: null })),
		http.get("*/api/users", () =>
			HttpResponse.json({
				users: (["admin", "editor", "operator", "viewer"] as const).map((role, index) => ({
					name: ["maria", "jonas", "ines", "wall-screen"][index],
					role,
					active: index !== 2,
					createdAt: iso(fake().now - 90 * 86_400_000),
					createdBy: "init",
					lastLoginAt: index === 3 ? null : iso(fake().now - index * 5_000_000),
				})),
			}),
		),
		http.get("*/api/tokens", () =>
			HttpResponse.json({
				tokens: ["deploy", "backup-check", "old"].map((name, index) => ({
					tokenId: uuid(8, index),
					name,
					role: ["editor", "viewer", "admin"][index],
					createdBy: "maria",
					createdAt: iso(fake().now - (index + 1) * 8 * 86_400_000),
					expiresAt: index === 1 ? iso(fake().now + 30 * 86_400_000) : null,
					revokedAt: index === 2 ? iso(fake().now - 86_400_000) : null,
				})),
			}),
		),
	];
}
