import { describe, expect, it } from "vitest";
import type { Job } from "../../api/types.ts";
import { bodyOf, bodyValue, copyOf, headersOf, headersValue, MASK, parseDuration, printDuration } from "./draft.ts";

describe("durations", () => {
	it.each([
		["30 s", 30_000],
		["1.5 min", 90_000],
		["2h", 7_200_000],
		["500 ms", 500],
		["1 d", 86_400_000],
		["45", 45_000],
	])("%s is %s ms", (text, ms) => {
		expect(parseDuration(text)).toBe(ms);
		expect(parseDuration(printDuration(ms))).toBe(ms);
	});
	it.each(["", "soon", "5 years", "-3 s", "1 2"])("%o is none", (text) => {
		expect(parseDuration(text)).toBeNaN();
	});
});

it("keeps a body as text, as JSON, or as the default", () => {
	for (const value of [undefined, "text", { a: [1] }, 5]) expect(bodyValue(bodyOf(value))).toEqual({ value });
	expect(bodyValue({ kind: "json", text: "{" })).toHaveProperty("error");
});

it("drops headers without a name, and none at all is no member", () => {
	expect(headersValue(headersOf({ A: "1", B: "2" }))).toEqual({ A: "1", B: "2" });
	expect(headersValue([{ name: " ", value: "x" }])).toBeUndefined();
});

it("makes a copy that does not run, has a name of its own and none of the secrets", () => {
	const job = {
		jobId: "1",
		revision: 4,
		name: "a",
		schedule: "@daily",
		skipAt: ["t"],
		headers: { Authorization: MASK, A: "1" },
	};
	expect(copyOf(job as unknown as Job)).toEqual({
		name: "a copy",
		schedule: "@daily",
		active: false,
		headers: { Authorization: "", A: "1" },
	});
});
