// What a job's row says of it. Pure.
import type { Job } from "../api/pending.ts";

/** The one state that is shown: late matters most. */
export function jobState(job: Pick<Job, "active" | "lateSince">): "late" | "active" | "paused" {
	return !job.active ? "paused" : job.lateSince ? "late" : "active";
}

/** Where a job may run, in words. */
export function targetSentence(target: Record<string, unknown> | undefined): string {
	const mode = String(target?.mode ?? "one");
	const selector = target?.selector ? ` of those with ${target.selector}` : "";
	if (mode === "agent") return `on agent ${target?.agent}`;
	if (mode === "all") return `on every agent${selector}`;
	if (mode === "count") return `on ${target?.count} agents${selector}`;
	return `on one agent${selector}`;
}
