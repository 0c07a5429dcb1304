// Questions about executions, agents, alerts, audit and people; queries.ts has those about jobs.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { settings } from "../lib/settings.ts";
import { call } from "./client.ts";
import type {
	AgentDetail,
	AgentQuarantinePage,
	AuditEntry,
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
		placeholderData: keepPreviousData,
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

type Place = { until: number; cursor: string };

/**
 * Pages about `hours` up to now, rounded to `stepMs`: the address is the same within a step, so that ETags can work, and all
 * pages of a list are about the same time. The question keeps its key, and its data, from step to step.
 */
function pagesUntilNow<Page extends { nextCursor: string | null }>(
	key: unknown[],
	path: string,
	hours: number,
	filter: Filter,
	stepMs: number,
	round: (steps: number) => number,
) {
	return infiniteQueryOptions({
		queryKey: [...key, hours, filter],
		queryFn: async ({ pageParam, signal }) => {
			const until = pageParam?.until ?? round(Date.now() / stepMs) * stepMs;
			const query = {
				...filter,
				from: new Date(until - hours * 3_600_000).toISOString(),
				to: new Date(until).toISOString(),
				cursor: pageParam?.cursor,
			};
			return { ...(await call<Page>("GET", path, { query, signal })), until };
		},
		initialPageParam: undefined as Place | undefined,
		getNextPageParam: (page: Page & { until: number }): Place | undefined =>
			page.nextCursor ? { until: page.until, cursor: page.nextCursor } : undefined,
		placeholderData: keepPreviousData,
	});
}

export const timelineQuery = (hours: number, agentId?: string) =>
	pagesUntilNow<TimelinePage>(
		["agents", "timeline"],
		"/api/observability/timeline",
		hours,
		{ limit: 50, agentId }, // an agent has hundreds of bars
		60_000,
		Math.ceil,
	);

export const failuresQuery = (hours: number) =>
	queryOptions({
		queryKey: ["alerts", "failures", hours],
		queryFn: ({ signal }) => call<Failures>("GET", "/api/observability/alerts/failures", { query: { hours }, signal }),
	});

export const lateQuery = () => pages<LatePage>(["alerts", "late"], "/api/observability/alerts/late", {});

/** What was due is counted from the schedules: it costs more than other questions, and is asked once a minute at most. */
export const ledgerQuery = (hours: number) => ({
	...pagesUntilNow<Ledger>(["alerts", "ledger"], "/api/observability/ledger", hours, {}, 5 * 60_000, Math.floor),
	refetchInterval: () => settings().refreshMs && Math.max(60_000, settings().refreshMs),
});

export const quarantineQuery = () =>
	pages<QuarantinePage>(["alerts", "quarantine"], "/api/observability/quarantine", {});

export const auditQuery = (filter: Filter) =>
	pages<AuditPage>(["audit", "list"], "/api/audit", {
		...filter,
		limit: 100,
	});

export const auditEntryQuery = (auditId: number) =>
	queryOptions({
		queryKey: ["audit", "one", auditId],
		queryFn: ({ signal }) => call<AuditEntry>("GET", `/api/audit/${auditId}`, { signal }),
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
