// What a job's row says of it. Pure.
import type { ListedJob } from "../api/types.ts";

/** The one state that is shown: late matters most. */
export function jobState(
	job: Pick<ListedJob, "active"> & Partial<Pick<ListedJob, "lateSince">>,
): "late" | "active" | "paused" {
	return !job.active ? "paused" : job.lateSince ? "late" : "active";
}

/** Where a job may run, in words. */
export function targetSentence(target: ListedJob["target"]): string {
	const mode = String(target?.mode ?? "one");
	const selector = target?.selector ? ` of those with ${target.selector}` : "";
	if (mode === "agent") return `on agent ${target?.agent}`;
	if (mode === "all") return `on every agent${selector}`;
	if (mode === "count") return `on ${target?.count} agents${selector}`;
	return `on one agent${selector}`;
}
