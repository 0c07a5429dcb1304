import { describe, expect, it } from "vitest";
import { fieldText, zonedInstant } from "./zoned.ts";

const at = (local: string, zone: string) => {
	const found = zonedInstant(local, zone);
	return found === null ? null : new Date(found).toISOString();
};

describe("a time on the wall clock of a zone", () => {
	it("is an instant", () => {
		expect(at("2026-07-05T12:20", "Europe/Berlin")).toBe("2026-07-05T10:20:00.000Z");
		expect(at("2026-07-05T12:20", "Asia/Kolkata")).toBe("2026-07-05T06:50:00.000Z");
		expect(at("2026-07-05T12:20:30", "UTC")).toBe("2026-07-05T12:20:30.000Z");
		expect(at("never", "UTC")).toBeNull();
	});
	it("that a clock change leaves out is moved by the gap; one that comes twice is the first", () => {
		expect(at("2026-03-29T02:30", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
		expect(at("2026-10-25T02:30", "Europe/Berlin")).toBe("2026-10-25T00:30:00.000Z");
		expect(at("2026-11-01T01:30", "America/New_York")).toBe("2026-11-01T05:30:00.000Z");
	});
	it.each(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"])(
		"in a field of %s reads back",
		(zone) => {
			const instant = "2026-07-05T10:20:00.000Z";
			expect(at(fieldText(instant, zone), zone)).toBe(instant);
			expect(fieldText(undefined, zone)).toBe("");
		},
	);
});
