import { expect, it } from "vitest";
import { jobState } from "./jobs.ts";

it.each([
	[{ active: true, held: true }, "active"],
	[{ active: true }, "active"], // one job, of which the list has not told yet
	[{ active: true, held: true, lateSince: "t" }, "late"],
	[{ active: true, held: true, lateSince: "t", unknownSince: "t" }, "unknown"],
	[{ active: true, held: false, lateSince: "t" }, "unassigned"],
	[{ active: false, held: false, lateSince: "t", unknownSince: "t" }, "paused"],
])("%o is %s", (job, state) => {
	expect(jobState(job)).toBe(state);
});
