// What is read from the server: one options object per question, shared by screens so that an answer is fetched once.
// Keys begin with the noun, so that an action can say which answers are old: queryClient.invalidateQueries({queryKey: ["jobs"]}).
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client.ts";
import type {
	AgentPage,
	Assignments,
	ExecutionPage,
	Job,
	JobPage,
	JobStats,
	Overview,
	Preview,
	RevisionDetail,
	RevisionPage,
	ScheduleQuestion,
	Series,
	ServerSettings,
	Session,
	Why,
	Zones,
} from "./types.ts";

type Filter = Record<string, string | number | boolean | undefined>;

export const sessionQuery = () =>
	queryOptions({
		queryKey: ["session"],
		queryFn: ({ signal }) => call<Session>("GET", "/api/session", { signal }),
		staleTime: 60_000,
		refetchInterval: false,
		retry: false,
	});

export const serverSettingsQuery = () =>
	queryOptions({
		queryKey: ["settings"],
		queryFn: ({ signal }) => call<ServerSettings>("GET", "/api/settings", { signal }),
		staleTime: 300_000,
		refetchInterval: false,
	});

export const overviewQuery = () =>
	queryOptions({
		queryKey: ["overview"],
		queryFn: ({ signal }) => call<Overview>("GET", "/api/observability/overview", { signal }),
	});

export const jobsQuery = (filter: Filter, limit = 100) =>
	infiniteQueryOptions({
		queryKey: ["jobs", "list", filter, limit],
		queryFn: ({ pageParam, signal }) =>
			call<JobPage>("GET", "/api/jobs", { query: { ...filter, limit, cursor: pageParam }, signal }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: (page) => page.nextCursor ?? undefined,
		placeholderData: keepPreviousData,
	});

export const jobQuery = (jobId: string) =>
	queryOptions({
		queryKey: ["jobs", "one", jobId],
		queryFn: ({ signal }) => call<Job>("GET", `/api/jobs/${jobId}`, { signal }),
	});

export const jobStatsQuery = (jobId: string, hours: number) =>
	queryOptions({
		queryKey: ["jobs", "stats", jobId, hours],
		queryFn: ({ signal }) =>
			call<JobStats>("GET", `/api/observability/stats/job/${jobId}`, { query: { hours }, signal }),
	});

export const jobExecutionsQuery = (jobId: string, limit: number) =>
	queryOptions({
		queryKey: ["executions", "ofJob", jobId, limit],
		queryFn: ({ signal }) =>
			call<ExecutionPage>("GET", `/api/executions/${jobId}`, {
				query: { limit },
				signal,
			}),
	});

export const seriesQuery = (metricName: string, jobId: string, startTime: string, step: string) =>
	queryOptions({
		queryKey: ["series", metricName, jobId, startTime, step],
		queryFn: ({ signal }) =>
			call<Series>("GET", "/api/observability/metrics", { query: { metricName, jobId, startTime, step }, signal }),
	});

export const revisionsQuery = (jobId: string) =>
	queryOptions({
		queryKey: ["jobs", "revisions", jobId],
		queryFn: ({ signal }) => call<RevisionPage>("GET", `/api/jobs/${jobId}/revisions`, { signal }),
	});

export const revisionQuery = (jobId: string, revision: number, against: number | null) =>
	queryOptions({
		queryKey: ["jobs", "revision", jobId, revision, against],
		queryFn: ({ signal }) =>
			call<RevisionDetail>("GET", `/api/jobs/${jobId}/revisions/${revision}`, { query: { against }, signal }),
		staleTime: 60_000,
		refetchInterval: false,
	});

export const assignmentsQuery = (jobId: string) =>
	queryOptions({
		queryKey: ["jobs", "assignments", jobId],
		queryFn: ({ signal }) => call<Assignments>("GET", `/api/jobs/${jobId}/assignments`, { signal }),
	});

export const whyQuery = (jobId: string, at: string | undefined) =>
	queryOptions({
		queryKey: ["jobs", "why", jobId, at],
		queryFn: ({ signal }) => call<Why>("GET", `/api/jobs/${jobId}/why`, { query: { at }, signal }),
	});

export const previewQuery = (question: ScheduleQuestion) =>
	queryOptions({
		queryKey: ["preview", question],
		queryFn: ({ signal }) => call<Preview>("POST", "/api/schedules/preview", { body: question, signal }),
		enabled: question.schedule.trim() !== "",
		refetchInterval: false as number | false,
		retry: false,
	});

export const zonesQuery = () =>
	queryOptions({
		queryKey: ["zones"],
		queryFn: ({ signal }) => call<Zones>("GET", "/api/schedules/zones", { signal }),
		staleTime: Number.POSITIVE_INFINITY,
		refetchInterval: false,
	});

export const agentsQuery = (filter: Filter, limit = 100) =>
	infiniteQueryOptions({
		queryKey: ["agents", "list", filter, limit],
		queryFn: ({ pageParam, signal }) =>
			call<AgentPage>("GET", "/api/agents", { query: { ...filter, limit, cursor: pageParam }, signal }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: (page) => page.nextCursor ?? undefined,
		placeholderData: keepPreviousData,
	});
