import { describe, expect, it } from "vitest";
import { at, definitionOf, differences, rebased, withMember } from "./definition.ts";

const BASE = { name: "a", timeoutMs: 30_000, retry: { maxAttempts: 3, jitter: "full" }, headers: { A: "1", B: "2" } };

describe("members by path", () => {
	it("reads and changes without touching the original", () => {
		const changed = withMember(BASE, "retry.maxAttempts", 5);
		expect(at(changed, "retry.maxAttempts")).toBe(5);
		expect(at(BASE, "retry.maxAttempts")).toBe(3);
		expect(at(changed, "retry.nothing.here")).toBeUndefined();
		expect(withMember({}, "target.mode", "all")).toEqual({ target: { mode: "all" } });
		expect("name" in withMember(BASE, "name", undefined)).toBe(false);
	});
	it("leaves out what central adds", () => {
		const job = { name: "a", jobId: "1", revision: 2, recent: [], held: true, unknownSince: null, lateSince: null };
		expect(definitionOf(job)).toEqual({ name: "a" });
	});
});

describe("differences", () => {
	it("are the paths of what differs, whatever the order of members", () => {
		const after = { ...BASE, timeoutMs: 1, retry: { jitter: "full", maxAttempts: 4 }, headers: { B: "2", A: "1" } };
		expect(differences(BASE, after)).toEqual(["retry.maxAttempts", "timeoutMs"]);
	});
	it("take headers whole: names with dots are no paths", () => {
		expect(differences(BASE, { ...BASE, headers: { A: "1", "x.y": "3" } })).toEqual(["headers"]);
	});
	it("see what was added and what was taken away", () => {
		expect(differences({ a: 1 }, { b: 2 })).toEqual(["a", "b"]);
	});
});

it("lays my edits over theirs: theirs stay where I changed nothing, mine win where we both did", () => {
	const mine = withMember(withMember(BASE, "name", "mine"), "retry.maxAttempts", 9);
	const theirs = withMember(withMember(BASE, "name", "theirs"), "timeoutMs", 1);
	expect(rebased(BASE, mine, theirs)).toEqual({
		...BASE,
		name: "mine",
		timeoutMs: 1,
		retry: { maxAttempts: 9, jitter: "full" },
	});
	expect(rebased(BASE, withMember(BASE, "name", undefined), theirs)).not.toHaveProperty("name");
});
