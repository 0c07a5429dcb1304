import { describe, expect, it } from "vitest";
import { endOf, startOf, stretches } from "./waterfall.ts";

const BASE = {
	scheduledAt: "2026-03-01T12:00:00.000Z",
	startedAt: "2026-03-01T12:00:00.002Z",
	finishedAt: "2026-03-01T12:00:00.102Z",
	receivedAt: "2026-03-01T12:00:01.102Z",
	durationMs: 100,
	latenessMs: 2,
	attempts: 1,
	armedAt: null,
	attemptLog: null,
	timing: { connectMs: 10, firstByteMs: 60, totalMs: 100 },
};

describe("stretches", () => {
	it("lays the steps end to end from the due instant to central", () => {
		const names = stretches(BASE).map((one) => [one.name, Math.round(one.from), Math.round(one.to)]);
		expect(names).toEqual([
			["Waited", 0, 2],
			["Connect", 2, 12],
			["First byte", 12, 72],
			["Answer", 72, 102],
			["Synced", 102, 1102],
		]);
	});
	it("shows earlier tries as one stretch before the last", () => {
		const all = stretches({
			...BASE,
			attempts: 3,
			finishedAt: "2026-03-01T12:00:05.102Z",
			receivedAt: "2026-03-01T12:00:06.000Z",
		});
		expect(all[1]).toMatchObject({ name: "Earlier tries", from: 2, to: 5002 });
	});
	it("begins where the fire was armed", () => {
		const all = stretches({ ...BASE, armedAt: "2026-03-01T11:59:59.900Z" });
		expect(all[0]).toMatchObject({ name: "Armed", from: -100, to: 0 });
		expect(startOf(all, endOf(all))).toBe(-100);
		const early = stretches({ ...BASE, armedAt: "2026-03-01T11:00:00.000Z" });
		expect(startOf(early, endOf(early))).toBeCloseTo(-endOf(early) / 4);
		const late = stretches({ ...BASE, armedAt: "2026-03-01T12:00:00.001Z" });
		expect(late.slice(0, 2)).toMatchObject([
			{ name: "Armed", from: 0, to: 1 },
			{ name: "Waited", from: 1, to: 2 },
		]);
	});
	it("has a row for each attempt with the wait before it, and tells what is not known", () => {
		const all = stretches({
			...BASE,
			attempts: 6,
			finishedAt: "2026-03-01T12:00:09.000Z",
			attemptLog: {
				omitted: 3,
				list: [
					{
						number: 1,
						outcome: "status",
						httpStatus: 503,
						startedAfterMs: 2,
						durationMs: 10,
						waitMs: 2000,
						waitCause: "retryAfter",
					},
					{ number: 2, outcome: "connect", startedAfterMs: 2012, durationMs: 1, waitMs: 100, waitCause: "backoff" },
					{ number: 6, outcome: "unknown" },
					{ number: 6, outcome: "success", httpStatus: 200, startedAfterMs: 8900, durationMs: 100 },
				],
			},
		});
		const rows = all.filter((one) => one.detail).map((one) => [one.name, one.detail, one.unknown === true]);
		expect(rows).toEqual([
			["Try 1", "HTTP 503, the answer is no success", false],
			["Try 2", "could not connect; after 2 s of waiting (as its Retry-After asked)", false],
			["Tries 3 to 5", "not listed one by one", true],
			["Try 6?", "the agent stopped around then; whether it was sent nobody knows", true],
			["Try 6", "HTTP 200, succeeded", false],
		]);
		expect(all.find((one) => one.name === "Try 2")?.before).toMatchObject({ from: 12, to: 2012 });
		expect(all.some((one) => one.name === "Earlier tries")).toBe(false);
	});
	it("has nothing but the way to central for what was never sent", () => {
		expect(
			stretches({ ...BASE, startedAt: null, durationMs: null, latenessMs: null, timing: {} }).map((one) => one.name),
		).toEqual(["Synced"]);
	});
});

it("draws the whole way to central while the run can be seen beside it, else cuts its end off", () => {
	expect(endOf(stretches({ ...BASE, receivedAt: "2026-03-01T12:00:00.302Z" }))).toBeCloseTo(302);
	expect(endOf(stretches({ ...BASE, receivedAt: "2026-03-01T13:00:00.000Z" }))).toBeCloseTo(102 * 1.25);
});
