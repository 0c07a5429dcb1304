import { describe, expect, it } from "vitest";
import { endOf, stretches } from "./waterfall.ts";

const BASE = {
	scheduledAt: "2026-03-01T12:00:00.000Z",
	startedAt: "2026-03-01T12:00:00.002Z",
	finishedAt: "2026-03-01T12:00:00.102Z",
	receivedAt: "2026-03-01T12:00:01.102Z",
	durationMs: 100,
	latenessMs: 2,
	attempts: 1,
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
