// What the form holds: a definition as it would be sent, kept as a tree of members. Pure.
import type { Job } from "../../api/types.ts";
import { definitionOf, type Tree } from "../../lib/definition.ts";

export const MASK = "********";
export const START: Tree = { schedule: "*/5 * * * *", timezone: "UTC", api: "", method: "POST", type: "ATLEAST_ONCE" };

/** A copy has a name of its own, and none of the secrets: what is masked can not be copied. */
export function copyOf(job: Job): Tree {
	const copy = definitionOf(job);
	copy.name = `${job.name} copy`.slice(0, 128);
	copy.active = false;
	delete copy.skipAt;
	if (copy.headers && typeof copy.headers === "object") {
		copy.headers = Object.fromEntries(
			Object.entries(copy.headers).map(([name, value]) => [name, value === MASK ? "" : value]),
		);
	}
	return copy;
}

export type Body = { kind: "default" | "text" | "json"; text: string };

export function bodyOf(value: unknown): Body {
	if (value === undefined || value === null) return { kind: "default", text: "" };
	if (typeof value === "string") return { kind: "text", text: value };
	return { kind: "json", text: JSON.stringify(value, null, 2) };
}

/** The body to send, or what is wrong with it. */
export function bodyValue(body: Body): { value: unknown } | { error: string } {
	if (body.kind === "default") return { value: undefined };
	if (body.kind === "text") return { value: body.text };
	try {
		return { value: JSON.parse(body.text) };
	} catch (error) {
		return { error: `This is not JSON: ${(error as Error).message}` };
	}
}

export type Header = { name: string; value: string };

export function headersOf(value: unknown): Header[] {
	return Object.entries((value ?? {}) as Record<string, string>).map(([name, text]) => ({ name, value: text }));
}

export function headersValue(rows: Header[]): Record<string, string> | undefined {
	const kept = rows.filter((row) => row.name.trim() !== "");
	return kept.length ? Object.fromEntries(kept.map((row) => [row.name.trim(), row.value])) : undefined;
}

/** "30 s" and the like in milliseconds: a number with ms, s, min, h or d; a bare number is seconds. NaN for anything else. */
export function parseDuration(text: string): number {
	const found = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?\s*$/.exec(text);
	if (!found) return Number.NaN;
	const unit = { ms: 1, s: 1_000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[found[2] ?? "s"] ?? 1_000;
	return Math.round(Number(found[1]) * unit);
}

export function printDuration(ms: unknown): string {
	if (typeof ms !== "number") return "";
	for (const [unit, size] of [
		["d", 86_400_000],
		["h", 3_600_000],
		["min", 60_000],
		["s", 1_000],
	] as const) {
		if (ms >= size && ms % size === 0) return `${ms / size} ${unit}`;
	}
	return `${ms} ms`;
}
