import { expect, it } from "vitest";
import { flag, listOf, number, oneOf, ownPath, readSearch, text, time } from "./search.ts";

const SHAPE = {
	q: text,
	late: flag,
	hours: number,
	from: time,
	sort: oneOf("name", "-name"),
	status: listOf("failed", "timeout"),
};

it("takes what fits its type", () => {
	const raw = {
		q: 42,
		late: "true",
		hours: "6",
		from: "2026-03-01T10:00:00+02:00",
		sort: "-name",
		status: "timeout,failed",
	};
	expect(readSearch(raw, SHAPE)).toEqual({
		q: "42",
		late: true,
		hours: 6,
		from: "2026-03-01T08:00:00.000Z",
		sort: "-name",
		status: "timeout,failed",
	});
});

it("drops what does not, and what it does not know", () => {
	const raw = { q: "", late: "perhaps", hours: "six", from: "soon", sort: "size", status: "odd", colour: "red" };
	expect(readSearch(raw, SHAPE)).toEqual({});
	expect(readSearch({ status: "odd,failed" }, SHAPE)).toEqual({ status: "failed" });
});

it.each([
	["/jobs?q=mail", "/jobs?q=mail"],
	["//evil.example/", undefined],
	["/\\evil.example", undefined],
	["/\t/evil.example", undefined],
	["https://evil.example/", undefined],
	["javascript:alert(1)", undefined],
	["jobs", undefined],
	[7, undefined],
])("after the login %s leads to %s", (next, to) => {
	expect(ownPath(next)).toBe(to);
});
