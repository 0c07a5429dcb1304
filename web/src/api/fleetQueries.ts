// Questions about executions, agents, alerts, audit and people; queries.ts has those about jobs.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./client.ts";
import type {
	AgentDetail,
	AgentQuarantinePage,
	AuditPage,
	AuditVerdict,
	EnrolmentToken,
	ExecutionDetail,
	ExecutionPage,
	Failures,
	LatePage,
	Ledger,
	QuarantinePage,
	TimelinePage,
	Token,
	User,
} from "./types.ts";

type Filter = Record<string, string | number | boolean | undefined>;

/** A paged list: `path` with the filter, page by page. */
function pages<Page extends { nextCursor: string | null }>(key: unknown[], path: string, filter: Filter) {
	return infiniteQueryOptions({
		queryKey: [...key, filter],
		queryFn: ({ pageParam, signal }) => call<Page>("GET", path, { query: { ...filter, cursor: pageParam }, signal }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: (page: Page) => page.nextCursor ?? undefined,
	});
}

export const executionsQuery = (filter: Filter) =>
	pages<ExecutionPage>(["executions", "list"], "/api/executions", { ...filter, limit: 100 });

export const executionQuery = (jobId: string, executionId: string, scheduledAt: string | undefined) =>
	queryOptions({
		queryKey: ["executions", "one", jobId, executionId, scheduledAt],
		queryFn: ({ signal }) =>
			call<ExecutionDetail>("GET", `/api/executions/${jobId}/${executionId}`, { query: { scheduledAt }, signal }),
	});

export const agentQuery = (agentId: string) =>
	queryOptions({
		queryKey: ["agents", "one", agentId],
		queryFn: ({ signal }) => call<AgentDetail>("GET", `/api/agents/${agentId}`, { signal }),
	});

export const agentQuarantineQuery = (agentId: string) =>
	queryOptions({
		queryKey: ["agents", "quarantine", agentId],
		queryFn: ({ signal }) => call<AgentQuarantinePage>("GET", `/api/agents/${agentId}/quarantine`, { signal }),
	});

/** `hours` back from now, in the server's steps. The address stays the same within a minute, so that ETags can work. */
export const timelineQuery = (hours: number, minute: number, agentId?: string) => {
	const to = new Date(minute * 60_000);
	const from = new Date(to.getTime() - hours * 3_600_000);
	return pages<TimelinePage>(["agents", "timeline"], "/api/observability/timeline", {
		from: from.toISOString(),
		to: to.toISOString(),
		limit: 100,
		agentId,
	});
};

export const failuresQuery = (hours: number) =>
	queryOptions({
		queryKey: ["alerts", "failures", hours],
		queryFn: ({ signal }) => call<Failures>("GET", "/api/observability/alerts/failures", { query: { hours }, signal }),
	});

export const lateQuery = () => pages<LatePage>(["alerts", "late"], "/api/observability/alerts/late", {});

export const ledgerQuery = (hours: number, minute: number) => {
	const to = new Date(minute * 60_000);
	const from = new Date(to.getTime() - hours * 3_600_000);
	return pages<Ledger>(["alerts", "ledger"], "/api/observability/ledger", {
		from: from.toISOString(),
		to: to.toISOString(),
	});
};

export const quarantineQuery = () =>
	pages<QuarantinePage>(["alerts", "quarantine"], "/api/observability/quarantine", {});

export const auditQuery = (filter: Filter) =>
	pages<AuditPage>(["audit", "list"], "/api/audit", {
		...filter,
		limit: 100,
	});

export const auditVerdictQuery = () =>
	queryOptions({
		queryKey: ["audit", "verdict"],
		queryFn: ({ signal }) => call<AuditVerdict>("GET", "/api/audit/verify", { signal }),
		enabled: false,
		refetchInterval: false,
	});

export const usersQuery = () =>
	queryOptions({
		queryKey: ["users"],
		queryFn: ({ signal }) => call<{ users: User[] }>("GET", "/api/users", { signal }),
	});

export const tokensQuery = () =>
	queryOptions({
		queryKey: ["tokens"],
		queryFn: ({ signal }) => call<{ tokens: Token[] }>("GET", "/api/tokens", { signal }),
	});

export const enrolmentTokensQuery = () =>
	queryOptions({
		queryKey: ["enrolment"],
		queryFn: ({ signal }) => call<{ tokens: EnrolmentToken[] }>("GET", "/api/agents/tokens", { signal }),
	});
