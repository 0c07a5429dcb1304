// Types of fleet, history, audit and people routes that the generated schema says less exactly than screens need.
import type { Agent, Execution, Role, Status } from "./pending.ts";

export interface ExecutionPage {
	executions: Execution[];
	nextCursor: string | null;
}

export interface Double {
	agentId: string;
	agentName: string | null;
	startedAt: string | null;
	status: Status;
	receivedAt: string;
}

export interface ExecutionDetail extends Execution {
	definition: Record<string, unknown> | null;
	doubles: Double[];
}

export interface AgentDetail extends Agent {
	streams: { epoch: number; ackedSeq: number; holes: { from: number; to: number; at?: string }[] }[];
	events: { event: string; at: string; detail: string | null; epoch: number; seq: number }[];
}

export interface TimelineRow {
	agentId: string;
	name: string;
	state: Agent["state"];
	offline: { from: string; to: string | null }[];
	bars: { t: string; success: number; bad: number }[];
}

export interface TimelinePage {
	from: string;
	to: string;
	stepMs: number;
	agents: TimelineRow[];
	nextCursor: string | null;
}

export interface LateJob {
	jobId: string;
	name: string;
	agentId: string | null;
	agentName: string | null;
	dueAt: string;
	lateSince: string;
	reason: string;
}

export interface Ledger {
	from: string;
	to: string;
	due: number;
	decided: number;
	unaccounted: number;
	jobs: {
		jobId: string;
		name: string;
		due: number;
		decided: number;
		unaccounted: number;
		holes: { from: string; to: string; count: number }[];
	}[];
	agents: { agentId: string; name: string; epoch: number; ackedSeq: number; holes: { from: number; to: number }[] }[];
	nextCursor: string | null;
}

export interface QuarantineRecord {
	agentId?: string;
	epoch: number;
	seq: number;
	at: string;
	reason: string;
	record: string;
}

export interface AuditEntry {
	auditId: number;
	at: string;
	actor: string;
	action: string;
	object: string;
	before: unknown;
	after: unknown;
	requestId: string | null;
	hash: string;
}

export interface AuditVerdict {
	ok: boolean;
	entries: number;
	firstBad: { auditId: number; detail: string } | null;
	head: { auditId: number; hash: string } | null;
}

export interface User {
	name: string;
	role: Role;
	active: boolean;
	createdAt: string;
	createdBy: string;
	lastLoginAt: string | null;
}

export interface Token {
	tokenId: string;
	name: string;
	role: Role;
	createdBy: string;
	createdAt: string;
	expiresAt: string | null;
	revokedAt: string | null;
}

export interface EnrolmentToken {
	tokenId: string;
	labels: Record<string, string>;
	name: string | null;
	createdAt: string;
	createdBy: string;
	expiresAt: string;
	usedAt: string | null;
	usedBy: string | null;
}
