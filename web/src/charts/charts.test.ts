import { describe, expect, it } from "vitest";
import { logBins } from "./Histogram.tsx";
import { heights } from "./RunBars.tsx";
import { runSentence } from "./RunStrip.tsx";
import { bucketSums } from "./StackedBars.tsx";
import { ticks } from "./TimeAxis.tsx";

describe("a histogram on a logarithmic scale", () => {
	it("has every value in one bin, the ends too", () => {
		const values = [0, 0.5, 1, 10, 100, 1_000, 10_000];
		const bins = logBins(values);
		expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(values.length);
		expect(bins[0]?.fromMs).toBeCloseTo(0.1);
		expect(bins.at(-1)?.toMs).toBeCloseTo(10_000);
		for (const bin of bins) expect(bin.toMs / bin.fromMs).toBeCloseTo(10 ** (5 / 24), 6);
	});
	it("gives one value a width, and nothing no bins", () => {
		expect(logBins([5, 5]).reduce((sum, bin) => sum + bin.count, 0)).toBe(2);
		expect(logBins([])).toEqual([]);
	});
});

it("draws longer runs higher, and those that were never sent lowest", () => {
	const [short, long, never] = heights([20, 20_000, null]) as [number, number, number];
	expect(never).toBeLessThan(short);
	expect(short).toBeLessThan(long);
	expect(long).toBe(1);
});

it("says a strip in words", () => {
	expect(runSentence(["success", "failed", "success"])).toBe("Last 3 runs: 2 success, 1 failed");
	expect(runSentence([])).toBe("No runs yet");
});

it("counts what is bad, and skipped is not", () => {
	const byStatus = { success: 5, failed: 1, timeout: 2, missed: 3, interrupted: 4, skipped: 100 };
	expect(bucketSums({ t: "", byStatus })).toEqual({ good: 5, bad: 10 });
});

describe("the ticks of an axis", () => {
	const day = Date.parse("2026-03-29T00:00:00Z");
	it("are round on the zone's clock", () => {
		const found = ticks(day, day + 6 * 3_600_000, "Asia/Kolkata");
		expect(found.map((tick) => tick.text)).toEqual(["06:00", "07:00", "08:00", "09:00", "10:00", "11:00"]);
		expect(found[0]?.share).toBeCloseTo(0.5 / 6);
	});
	it("are few, however long it is, and name the day where one begins", () => {
		for (const hours of [1, 6, 24, 72, 700])
			expect(ticks(day + 1, day + hours * 3_600_000, "UTC").length).toBeLessThanOrEqual(10);
		expect(ticks(day - 7_200_000, day + 7_200_000, "UTC").map((tick) => tick.text)).toContain("03-29");
	});
});
