import { describe, expect, it } from "vitest";
import { barsOf, busiestOf, offlineOf, rowSentence } from "./rows.ts";
import { outline } from "./Track.tsx";

const ROW = {
	agentId: "a",
	name: "edge-1",
	state: "online" as const,
	offline: [{ from: "2026-03-01T10:00:00.000Z", to: null }],
	bars: [
		{ t: "2026-03-01T09:00:00.000Z", success: 100, bad: 0 },
		{ t: "2026-03-01T09:01:00.000Z", success: 3, bad: 1 },
		{ t: "2026-03-01T09:02:00.000Z", success: 0, bad: 0 },
	],
};

describe("rows of the timeline", () => {
	it("colours a bar by its failures and leaves empty ones out", () => {
		const bars = barsOf(ROW, 60_000, busiestOf([ROW]));
		expect(bars.map((bar) => bar.bad)).toEqual([false, true]);
		expect(bars[0]?.share).toBeCloseTo(Math.sqrt(100 / 128));
		expect(bars[1]?.title()).toBe("2026-03-01T09:01:00.000Z: 4 executions, 1 not successful");
	});
	it("draws an open offline window to the end", () => {
		const to = Date.parse("2026-03-01T11:00:00.000Z");
		expect(offlineOf(ROW, to)).toMatchObject([{ from: Date.parse("2026-03-01T10:00:00.000Z"), to }]);
	});
	it("says in words what is drawn", () => {
		expect(rowSentence(ROW)).toBe("edge-1: 103 successes, 1 others, offline once");
	});
	it("outlines each bar once, within the box and at least two units wide", () => {
		const spans = [
			{ from: 0, to: 10, bad: false, title: String, share: 1 },
			{ from: 99.9, to: 200, bad: false, title: String, share: 0 },
		];
		expect(outline(spans, 0, 100, 24)).toBe("M0 2h400v20h-400zM3996 10h8v4h-8z");
		expect(outline([], 0, 100, 24)).toBe("");
	});
});
