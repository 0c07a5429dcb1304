import { describe, expect, it } from "vitest";
import { count, duration, instant, offsetOf, percent, relative, zoneFor } from "./time.ts";

describe("durations", () => {
	it.each([
		[null, "–"],
		[0, "0 ms"],
		[3.06, "3.1 ms"],
		[420.4, "420 ms"],
		[3_210, "3.21 s"],
		[59_940, "59.9 s"],
		[65_000, "1 min 5 s"],
		[119_999, "2 min"],
		[7_380_000, "2 h 3 min"],
		[90_000_000, "1 d 1 h"],
		[-2_400, "-2.4 s"],
	])("%s ms reads %s", (ms, text) => {
		expect(duration(ms)).toBe(text);
	});
});

describe("instants", () => {
	const now = Date.parse("2026-03-29T12:00:00Z");
	it("leaves the date out for today only", () => {
		expect(instant("2026-03-29T10:00:00Z", "UTC", now)).toBe("10:00:00");
		expect(instant("2026-03-28T10:00:00Z", "UTC", now)).toBe("2026-03-28 10:00:00");
	});
	it("shows both sides of a clock change in the job's zone", () => {
		expect(instant("2026-03-29T00:59:59Z", "Europe/Berlin", now)).toBe("01:59:59");
		expect(instant("2026-03-29T01:00:00Z", "Europe/Berlin", now)).toBe("03:00:00");
		expect(offsetOf("2026-03-29T00:59:59Z", "Europe/Berlin")).toBe("+01:00");
		expect(offsetOf("2026-03-29T01:00:00Z", "Europe/Berlin")).toBe("+02:00");
	});
	it("falls back to UTC for a zone that the browser does not know", () => {
		expect(instant("2026-03-29T10:00:00Z", "Nowhere/Land", now)).toBe("10:00:00");
	});
	it("keeps milliseconds when asked", () => {
		expect(instant("2026-03-29T10:00:00.042Z", "UTC", now, true)).toBe("10:00:00.042");
	});
	it("takes the job's zone only when the switch says so", () => {
		expect(zoneFor("job", "Asia/Tokyo")).toBe("Asia/Tokyo");
		expect(zoneFor("utc", "Asia/Tokyo")).toBe("UTC");
	});
	it.each([
		[500, "now"],
		[-61_000, "1 min ago"],
		[7_200_000, "in 2 h"],
	])("a distance of %s ms reads %s", (distance, text) => {
		expect(relative(now + distance, now)).toBe(text);
	});
});

it("rounds a share down, so that one failure never reads as 100%", () => {
	expect(percent(1)).toBe("100%");
	expect(percent(0.99999)).toBe("99.9+%");
	expect(percent(0.9876)).toBe("98.7%");
	expect(percent(null)).toBe("–");
});

it("shortens large counts", () => {
	expect([count(999), count(9_999), count(12_345), count(5_000_000)]).toEqual(["999", "9,999", "12.3 k", "5 M"]);
});
