// What a job's row says of it. Pure.
import type { ListedJob } from "../api/types.ts";

type Stateful = Pick<ListedJob, "active"> & Partial<Pick<ListedJob, "lateSince" | "held" | "unknownSince">>;

/** The one state that is shown: the cause before what follows from it. A silent agent's job is unknown before it is late. */
export function jobState(job: Stateful): "paused" | "unassigned" | "unknown" | "late" | "active" {
	if (!job.active) return "paused";
	if (job.held === false) return "unassigned";
	if (job.unknownSince) return "unknown";
	return job.lateSince ? "late" : "active";
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
