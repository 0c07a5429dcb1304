// Types of routes that central/openapi.yaml does not have yet, by hand. A route that lands there leaves this file.
import type { components } from "./schema.gen.ts";

type Schemas = components["schemas"];
export type Role = Schemas["Role"];
export type Definition = Schemas["JobDefinition"];
export type Status = Schemas["ExecutionStatus"];
export type Stats = Schemas["ExecutionStats"];
export type JobStats = Schemas["JobStats"];
export type Failures = Schemas["Failures"];
export type Series = Schemas["Series"];

export interface Session {
	name: string;
	role: Role;
	kind: "session" | "token";
	expiresAt: string | null;
}

export interface ServerSettings {
	version: string;
	tzdata: string;
	timezone: string;
	offlineAfterMs: number;
	retentionDays: Record<string, number>;
	tls: boolean;
}

export type Execution = Schemas["Execution"];

export interface LastExecution {
	executionId: string;
	scheduledAt: string;
	status: Status;
	durationMs: number | null;
	reason: string | null;
}

export type Job = Schemas["Job"] & {
	name: string;
	scheduleText?: string;
	lastExecution?: LastExecution | null;
	recent?: Status[]; // newest first
	p95Ms?: number | null;
	lateSince?: string | null;
};

export interface JobPage {
	jobs: Job[];
	nextCursor: string | null;
}

export type Agent = Omit<Schemas["Agent"], "state"> & {
	state: "online" | "offline" | "draining" | "never" | "revoked";
	labels?: Record<string, string>;
	weight?: number;
	draining?: boolean;
	unknownSince?: string | null;
	behind?: { revisions: number; since: string } | null;
	keyRotatedAt?: string | null;
};

export interface AgentPage {
	agents: Agent[];
	nextCursor: string | null;
}

export type Percentiles = Record<string, number | null>;

export interface Overview {
	now: string;
	jobs: { total: number; active: number; paused: number; late: number; unassigned: number };
	agents: { total: number; online: number; offline: number; draining: number };
	last24h: {
		executions: number;
		byStatus: Partial<Record<Status, number>>;
		successRate: number | null;
		latenessMs: Percentiles;
		durationMs: Percentiles;
	};
	hours: { t: string; byStatus: Partial<Record<Status, number>> }[];
	unaccounted: number;
	quarantined: number;
	nextFires: { jobId: string; name: string; at: string }[];
}

export interface Fire {
	at: string;
	local: string;
	offset: string;
	note: string | null;
}

export interface Preview {
	text: string;
	canonical: string;
	timezone: string;
	tzdata: string;
	fires: Fire[];
	note: string | null;
}

export interface Zones {
	tzdata: string;
	zones: string[];
}

export type BulkAction = "pause" | "resume" | "run" | "delete";

export interface BulkWish {
	action: BulkAction;
	jobIds?: string[];
	filter?: Record<string, unknown>;
	dryRun: boolean;
}

export interface BulkResult {
	matched: number;
	changed: number;
	unchanged: number;
	failed: { jobId: string; detail: string }[];
	sentence: string;
	sample: { jobId: string; name: string }[];
}

export interface Revision {
	revision: number;
	at: string;
	author: string;
	action: string;
}

export interface RevisionDetail extends Revision {
	definition: Record<string, unknown> | null;
	against: number | null;
	diff: { path: string; before: unknown; after: unknown }[];
}

export interface Assignments {
	assignments: {
		agentId: string;
		agentName: string;
		agentState: Agent["state"];
		epoch: number;
		since: string;
		revision: number;
		appliedAt: string | null;
	}[];
	sentence: string;
}

export interface Why {
	at: string;
	sentences: { kind: string; text: string; at: string | null }[];
	nearest: Execution | null;
	previousFireAt: string | null;
	nextFireAt: string | null;
}
