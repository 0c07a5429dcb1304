// A made-up installation: the same on each call, with something of everything that a screen has to show.
import type { Agent, Execution, ListedJob, Overview, Status } from "../../src/api/types.ts";

const MINUTE = 60_000;
export const iso = (ms: number) => new Date(ms).toISOString();

/** Numbers from 0 to 1 that look random and never change. */
export function dice(seed: number): () => number {
	let state = seed >>> 0 || 1;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

export function uuid(kind: number, index: number): string {
	return `0190${kind.toString(16).padStart(4, "0")}-0000-7000-8000-${index.toString(16).padStart(12, "0")}`;
}

const NOUNS = [
	"billing",
	"invoices",
	"search-index",
	"backup",
	"mail-digest",
	"cache-warm",
	"ledger",
	"thumbnails",
	"sitemap",
	"metrics",
];
const VERBS = ["refresh", "export", "sync", "cleanup", "check", "rebuild", "notify", "verify", "rotate", "import"];
const SCHEDULES: [string, string, number][] = [
	["*/5 * * * *", "Every 5 minutes", 5 * MINUTE],
	["0 * * * *", "At minute 0 of every hour", 60 * MINUTE],
	["30 2 * * *", "At 02:30 every day", 1440 * MINUTE],
	["*/10 * * * * *", "Every 10 seconds", 10_000],
	["31 10-15 1 * MON-FRI", "At minute 31 of hours 10 to 15 on day 1 and Monday to Friday", 360 * MINUTE],
];
const REASONS: Partial<Record<Status, string>> = {
	failed: "The target answered 503 three times.",
	timeout: "No answer within 30 s.",
	missed: "The agent was down from 02:10 to 02:41 and the catch-up policy is none.",
	interrupted: "The agent was killed while the request was out.",
	skipped: "The run before was still at work and concurrency is forbid.",
};

function statusOf(roll: number, ill: boolean): Status {
	if (roll < (ill ? 0.45 : 0.965)) return "success";
	if (roll < (ill ? 0.85 : 0.98)) return "failed";
	if (roll < (ill ? 0.95 : 0.99)) return "timeout";
	return roll < 0.994 ? "skipped" : roll < 0.998 ? "missed" : "interrupted";
}

export function makeJobs(number: number, now: number): ListedJob[] {
	return Array.from({ length: number }, (_, index) => {
		const roll = dice(index + 7);
		const [schedule, scheduleText, every] = SCHEDULES[index % SCHEDULES.length] as [string, string, number];
		const active = index % 11 !== 3;
		const ill = index % 17 === 4;
		const recent = Array.from({ length: index % 23 === 22 ? 3 : 20 }, () => statusOf(roll(), ill));
		const last = now - (now % every) - (index % 40 === 9 ? 3 * every : 0);
		const status = recent[0] as Status;
		const name = `${NOUNS[index % 10]}-${VERBS[Math.floor(index / 10) % 10]}${index >= 100 ? `-${Math.floor(index / 100)}` : ""}`;
		return {
			jobId: uuid(1, index),
			revision: 1 + (index % 9),
			name,
			schedule,
			scheduleText,
			timezone: index % 3 === 0 ? "Europe/Berlin" : "UTC",
			api: `https://${NOUNS[index % 10]}.example.internal/${VERBS[Math.floor(index / 10) % 10]}`,
			method: "POST",
			type: index % 5 === 2 ? "ATMOST_ONCE" : "ATLEAST_ONCE",
			active,
			timeoutMs: 30_000,
			connectTimeoutMs: 10_000,
			retry: { maxAttempts: 3, initialBackoffMs: 1_000, maxBackoffMs: 60_000, multiplier: 2, jitter: "full" },
			concurrency: "allow",
			target: { mode: "one", agent: null },
			headers: { Authorization: "********" },
			createdAt: iso(now - (number - index) * 3_600_000),
			createdBy: "maria",
			updatedAt: iso(now - (index % 70) * 3_000_000),
			updatedBy: index % 2 ? "maria" : "deploy",
			nextFireAt: active ? iso(last + every) : null,
			lastExecution:
				index % 23 === 21
					? null
					: {
							executionId: uuid(3, index),
							scheduledAt: iso(last),
							status,
							durationMs: 40 + roll() * 900,
							reason: REASONS[status] ?? null,
						},
			recent,
			p95Ms: 60 + roll() * 1_800,
			lateSince: active && index % 40 === 9 ? iso(last + every) : null,
			held: index % 50 !== 41,
			unknownSince: index % 16 === 6 ? iso(now - 1_770_000) : null,
		} as unknown as ListedJob;
	});
}

export function makeAgents(number: number, now: number): Agent[] {
	return Array.from({ length: number }, (_, index) => {
		const offline = index % 9 === 5;
		const state =
			index === 11 ? "revoked" : index === 7 ? "draining" : index === 13 ? "never" : offline ? "offline" : "online";
		return {
			agentId: uuid(2, index),
			name: `edge-${String(index + 1).padStart(3, "0")}`,
			state,
			hostname: `edge-${index + 1}.example.internal`,
			version: index % 6 ? "0.1.0" : "0.0.9",
			tzdata: "2026b",
			enrolledAt: iso(now - 90 * 86_400_000),
			revokedAt: null,
			lastSeenAt: state === "never" ? null : iso(now - (offline ? 1_800_000 : 600)),
			nextFireAt: iso(now + 4_000 + index * 900),
			oldestUnsentAt: offline ? iso(now - 1_750_000) : null,
			outboxDepth: offline ? 412 : index % 4,
			outboxMax: index % 6 ? 10_000_000 : null,
			outboxFull: false,
			jobs: 20,
			running: index % 3,
			clockSkewMs: index === 3 ? 2_400 : (index % 5) - 2,
			jobSetRevision: 812,
			appliedRevision: 812 - (index % 8 === 4 ? 3 : 0),
			labels: { env: index % 2 ? "prod" : "staging", role: ["web", "api", "batch"][index % 3] as string },
			weight: 1,
			draining: state === "draining",
			handover: state === "draining" ? { until: iso(now + 15_000), kept: 0, bound: 1 } : null,
			unknownSince: offline ? iso(now - 1_770_000) : null,
			behind: index % 8 === 4 ? { revisions: 3, since: iso(now - 40_000) } : null,
			copies: null,
			keyRotatedAt: null,
			keyRotationOrderedAt: index === 1 ? iso(now - 90_000) : null,
		} as Agent;
	});
}

export function makeExecutions(job: ListedJob, agents: Agent[], number: number, now: number): Execution[] {
	const roll = dice(job.jobId.charCodeAt(35) * 31 + 5);
	const every = 5 * MINUTE;
	const newest = now - (now % every);
	return Array.from({ length: number }, (_, index) => {
		const status = (job.recent?.[index] ?? statusOf(roll(), false)) as Status;
		const agent = agents[index % 3] as Agent;
		const at = newest - index * every;
		const lateness = 1 + roll() ** 6 * 900;
		const length = 30 * 10 ** (roll() * 1.4);
		const sent = status !== "missed" && status !== "skipped";
		return {
			executionId: uuid(4, Number.parseInt(job.jobId.slice(-4), 16) * 1_000 + index),
			jobId: job.jobId,
			jobRevision: job.revision,
			agentId: agent.agentId,
			jobName: job.name,
			agentName: agent.name,
			cause: index % 19 === 6 ? "manual" : "schedule",
			scheduledAt: iso(at),
			startedAt: sent ? iso(at + lateness) : null,
			finishedAt: iso(at + lateness + length),
			durationMs: sent ? length : null,
			latenessMs: sent ? lateness : null,
			status,
			reason: REASONS[status] ?? null,
			attempts: status === "failed" ? 3 : sent ? 1 : 0,
			httpStatus: status === "success" ? 200 : status === "failed" ? 503 : null,
			error: status === "timeout" ? "Timeout was reached" : null,
			responseBody: status === "success" ? '{"done":true}' : status === "failed" ? "upstream is restarting" : null,
			responseDigest: null,
			count: status === "missed" ? 6 : 1,
			lastScheduledAt: iso(at),
			receivedAt: iso(at + lateness + length + 300),
			doubled: sent && index === 2,
			timing: sent ? { dnsMs: 0.4, connectMs: 1.2, tlsMs: 6.1, firstByteMs: length * 0.8, totalMs: length } : {},
		} as Execution;
	});
}

export function makeOverview(jobs: ListedJob[], agents: Agent[], now: number): Overview {
	const roll = dice(99);
	const hours = Array.from({ length: 24 }, (_, index) => ({
		t: iso(now - (now % 3_600_000) - (23 - index) * 3_600_000),
		byStatus: {
			success: Math.round(7_000 + roll() * 1_800),
			failed: index % 7 === 2 ? Math.round(roll() * 60) : Math.round(roll() * 6),
			timeout: index % 9 === 4 ? 11 : 0,
			missed: index === 14 ? 30 : 0,
			skipped: 3,
		} as Record<string, number>,
	}));
	const byStatus: Record<string, number> = {};
	for (const hour of hours)
		for (const [status, value] of Object.entries(hour.byStatus)) byStatus[status] = (byStatus[status] ?? 0) + value;
	const executions = Object.values(byStatus).reduce((sum, value) => sum + value, 0);
	return {
		now: iso(now),
		jobs: {
			total: jobs.length,
			active: jobs.filter((job) => job.active).length,
			paused: jobs.filter((job) => !job.active).length,
			late: jobs.filter((job) => job.lateSince).length,
			unassigned: 2,
		},
		agents: {
			total: agents.length,
			online: agents.filter((agent) => agent.state === "online").length,
			offline: agents.filter((agent) => agent.state === "offline").length,
			draining: 1,
		},
		last24h: {
			executions,
			byStatus,
			successRate: (byStatus.success ?? 0) / (executions - (byStatus.skipped ?? 0)),
			latenessMs: { p50: 3.1, p99: 41 },
			durationMs: { p50: 88, p99: 1_240 },
		},
		hours,
		unaccounted: 0,
		quarantined: 0,
		nextFires: jobs
			.filter((job) => job.active)
			.slice(0, 10)
			.map((job, index) => ({ jobId: job.jobId, name: job.name, at: iso(now + 2_000 + index * 7_000) })),
	};
}
