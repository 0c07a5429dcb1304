// The made-up central: routes of the API over test/fake/data.ts. Tests change one answer with server.use(...).
import { HttpResponse, http } from "msw";
import type { Agent, ListedJob, Session } from "../../src/api/types.ts";
import { makeAgents, makeJobs, makeOverview } from "./data.ts";
import { fleetHandlers } from "./fleet.ts";
import { jobDetailHandlers } from "./jobDetails.ts";

import { jobHandlers } from "./jobs.ts";

export interface Fake {
	now: number;
	session: Session | null;
	jobs: ListedJob[];
	agents: Agent[];
}

const JOBS = Number(globalThis.process?.env?.BELFRY_FAKE_JOBS ?? 120);
const start = (): Fake => {
	const now = Date.now();
	return {
		now,
		session: { name: "maria", role: "admin", kind: "session", expiresAt: null },
		jobs: makeJobs(JOBS, now),
		agents: makeAgents(24, now),
	};
};

export let fake: Fake = start();
export function resetFake() {
	fake = start();
}

export function problem(status: number, detail: string, more: Record<string, unknown> = {}) {
	return HttpResponse.json(
		{ type: "about:blank", title: "Problem", status, detail, ...more },
		{ status, headers: { "Content-Type": "application/problem+json" } },
	);
}

const session = [
	http.get("*/api/session", () => (fake.session ? HttpResponse.json(fake.session) : problem(401, "No credential."))),
	http.post("*/api/session", async ({ request }) => {
		const wish = (await request.json()) as { name?: string; password?: string; link?: string };
		if (wish.password !== "right" && wish.link !== "good-link") return problem(401, "Name or password is wrong.");
		fake.session = { name: wish.name ?? "maria", role: "admin", kind: "session", expiresAt: null };
		return HttpResponse.json(fake.session);
	}),
	http.delete("*/api/session", () => {
		fake.session = null;
		return new HttpResponse(null, { status: 204 });
	}),
];

export const handlers = [
	...session,
	http.get("*/readyz", () => HttpResponse.json({ status: "ready", databaseIsDurable: true })),
	http.get("*/api/settings", () =>
		HttpResponse.json({
			version: "0.1.0",
			tzdata: "2026b",
			timezone: "UTC",
			offlineAfterMs: 15_000,
			retentionDays: { executions: 30 },
			tls: false,
		}),
	),
	http.get("*/api/observability/overview", () => HttpResponse.json(makeOverview(fake.jobs, fake.agents, Date.now()))),
	http.get("*/api/agents", ({ request }) => {
		const q = new URL(request.url).searchParams.get("q") ?? "";
		return HttpResponse.json({ agents: fake.agents.filter((agent) => agent.name.includes(q)), nextCursor: null });
	}),
	...jobDetailHandlers(() => fake, problem),
	...fleetHandlers(() => fake, problem),
	...jobHandlers(() => fake, problem),
];
