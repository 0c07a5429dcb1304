import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { problem } from "../../test/fake/handlers.ts";
import { server } from "../../test/fake/server.ts";
import { call, callWithTag, onSessionOver } from "./client.ts";
import { connection } from "./connection.ts";
import { asApiError } from "./problem.ts";

/** A route whose answer is `body()`, tagged; tells the If-None-Match of each request. */
function tagged(path: string, body: () => unknown) {
	const asked: (string | null)[] = [];
	server.use(
		http.get(`*${path}`, ({ request }) => {
			const tag = `W/"${JSON.stringify(body()).length}"`;
			asked.push(request.headers.get("If-None-Match"));
			if (request.headers.get("If-None-Match") === tag)
				return new HttpResponse(null, { status: 304, headers: { ETag: tag } });
			return HttpResponse.json(body() as never, { headers: { ETag: tag } });
		}),
	);
	return asked;
}

const failure = (promise: Promise<unknown>) => promise.then(() => null, asApiError);

describe("asking again", () => {
	it("sends the tag back, and takes the answer from memory when nothing has changed", async () => {
		const asked = tagged("/api/agents", () => ({ agents: [1, 2] }));
		const first = await call("GET", "/api/agents", { query: { limit: 5 } });
		expect(await call("GET", "/api/agents", { query: { limit: 5 } })).toBe(first);
		expect(asked).toEqual([null, 'W/"16"']);
		await call("GET", "/api/agents", { query: { limit: 6 } });
		expect(asked[2]).toBeNull(); // another question
	});
	it("takes a new answer when there is one", async () => {
		let agents = [1];
		tagged("/api/agents", () => ({ agents }));
		await call("GET", "/api/agents");
		agents = [1, 2, 3];
		expect(await call("GET", "/api/agents")).toEqual({ agents });
	});
	it("never remembers one job: its tag is its revision, and its next fire moves on without one", async () => {
		const asked = tagged("/api/jobs/0190", () => ({ nextFireAt: "soon" }));
		await callWithTag("GET", "/api/jobs/0190");
		await callWithTag("GET", "/api/jobs/0190");
		expect(asked).toEqual([null, null]);
	});
});

describe("what went wrong", () => {
	it("tells a database that is away from one that was too slow", async () => {
		server.use(http.get("*/api/agents", () => problem(503, "the database took too long", { title: "Too Slow" })));
		expect((await failure(call("GET", "/api/agents")))?.kind).toBe("slow");
		server.use(http.get("*/api/agents", () => problem(503, "no memory to spare", { title: "Out Of Memory" })));
		expect((await failure(call("GET", "/api/agents")))?.kind).toBe("slow");
		expect(connection().away).toBeNull();
		server.use(http.get("*/api/agents", () => problem(503, "the database is away")));
		expect((await failure(call("GET", "/api/agents")))?.kind).toBe("unavailable");
		expect(connection().away).toBe("database");
	});
	it("tells central that does not answer, since when, and that it is back", async () => {
		server.use(http.get("*/api/agents", () => HttpResponse.error()));
		expect((await failure(call("GET", "/api/agents")))?.kind).toBe("network");
		const { away, since } = connection();
		expect(away).toBe("central");
		await failure(call("GET", "/api/agents"));
		expect(connection().since).toBe(since); // since the first failure in a row
		tagged("/api/agents", () => ({}));
		await call("GET", "/api/agents");
		expect(connection()).toMatchObject({ away: null, since: null });
	});
	it("tells that the session is over, but not of a wrong password", async () => {
		let over = 0;
		const stop = onSessionOver(() => over++);
		server.use(http.get("*/api/agents", () => problem(401, "No credential.")));
		expect((await failure(call("GET", "/api/agents")))?.kind).toBe("unauthorized");
		await failure(call("POST", "/api/session", { body: { name: "maria", password: "wrong" } }));
		stop();
		expect(over).toBe(1);
	});
	it("names the member of the form, and when to come again", async () => {
		server.use(
			http.post("*/api/jobs", () => problem(400, "too many", { pointer: "/retry/maxAttempts" })),
			http.post("*/api/session", () =>
				HttpResponse.json({ detail: "wait" }, { status: 429, headers: { "Retry-After": "7" } }),
			),
		);
		expect((await failure(call("POST", "/api/jobs", { body: {} })))?.field).toBe("retry.maxAttempts");
		expect(await failure(call("POST", "/api/session", { body: {} }))).toMatchObject({
			kind: "locked",
			retryAfterMs: 7_000,
		});
	});
});
