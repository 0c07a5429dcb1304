// Every address of the dashboard. A screen is a file of its own, loaded when it is first opened; its filters are typed here.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { connection } from "./api/connection.ts";
import { flag, listOf, number, oneOf, ownPath, readSearch, text, time } from "./lib/search.ts";
import { EXECUTION_STATUSES } from "./lib/status.ts";
import { Layout } from "./shell/Layout.tsx";
import { Screen } from "./ui/Screen.tsx";
import { Failure } from "./ui/States.tsx";

const root = createRootRoute({
	component: Outlet,
	notFoundComponent: () => (
		<Screen title="Not found">
			<Failure error={new Error("There is no page at this address.")} back={{ to: "/", text: "To the overview" }} />
		</Screen>
	),
	errorComponent: ({ error }) => (
		<main className="p-6">
			<Screen title="This page broke">
				<Failure error={error} back={{ to: "/", text: "To the overview" }} />
			</Screen>
		</main>
	),
});

/**
 * Code that cannot be fetched makes the router load the page anew, since central may have another version by now; while central is
 * away that would lose the page.
 */
const screen: typeof lazyRouteComponent = (load, name) =>
	lazyRouteComponent(
		() =>
			load().catch((error) => {
				throw connection().away === "central"
					? new Error("Central does not answer, and this screen was not open before.")
					: error;
			}),
		name,
	);

const login = createRoute({
	getParentRoute: () => root,
	path: "/login",
	validateSearch: (raw) => readSearch(raw, { next: ownPath }),
	component: screen(() => import("./screens/Login.tsx")),
});

const shell = createRoute({ getParentRoute: () => root, id: "shell", component: Layout });

const overview = createRoute({
	getParentRoute: () => shell,
	path: "/",
	component: screen(() => import("./screens/overview/Overview.tsx")),
});

export const jobsSearch = (raw: Record<string, unknown>) =>
	readSearch(raw, {
		q: text,
		active: flag,
		type: oneOf("ATLEAST_ONCE", "ATMOST_ONCE"),
		agentId: text,
		lastStatus: listOf(...EXECUTION_STATUSES),
		late: flag,
		held: flag,
		unknown: flag,
		sort: oneOf("createdAt", "-createdAt", "name", "-name", "updatedAt", "-updatedAt", "lastAt", "-lastAt"),
	});

const jobs = createRoute({
	getParentRoute: () => shell,
	path: "/jobs",
	validateSearch: jobsSearch,
	component: screen(() => import("./screens/jobs/Jobs.tsx")),
});

const jobNew = createRoute({
	getParentRoute: () => shell,
	path: "/jobs/new",
	validateSearch: (raw) => readSearch(raw, { copy: text }),
	component: screen(() => import("./screens/editor/Editor.tsx"), "NewJob"),
});

const job = createRoute({
	getParentRoute: () => shell,
	path: "/jobs/$jobId",
	validateSearch: (raw) =>
		readSearch(raw, {
			tab: oneOf("definition", "revisions"),
			why: time,
			revision: number,
			hours: number,
			of: oneOf("duration", "lateness"),
		}),
	component: screen(() => import("./screens/job/JobScreen.tsx")),
});

const jobEdit = createRoute({
	getParentRoute: () => shell,
	path: "/jobs/$jobId/edit",
	component: screen(() => import("./screens/editor/Editor.tsx"), "EditJob"),
});

const executions = createRoute({
	getParentRoute: () => shell,
	path: "/executions",
	validateSearch: (raw) =>
		readSearch(raw, {
			status: listOf(...EXECUTION_STATUSES),
			jobId: text,
			agentId: text,
			cause: oneOf("schedule", "catchUp", "manual"),
			doubled: flag,
			from: time,
			to: time,
		}),
	component: screen(() => import("./screens/executions/Executions.tsx")),
});

const execution = createRoute({
	getParentRoute: () => shell,
	path: "/executions/$jobId/$executionId",
	validateSearch: (raw) => readSearch(raw, { scheduledAt: time }),
	component: screen(() => import("./screens/executions/Execution.tsx")),
});

const agents = createRoute({
	getParentRoute: () => shell,
	path: "/agents",
	validateSearch: (raw) =>
		readSearch(raw, {
			q: text,
			state: oneOf("online", "offline", "draining", "never", "revoked"),
			selector: text,
			sort: oneOf("name", "-name", "lastSeenAt", "-lastSeenAt", "outboxDepth", "-outboxDepth"),
		}),
	component: screen(() => import("./screens/agents/Agents.tsx")),
});

const agent = createRoute({
	getParentRoute: () => shell,
	path: "/agents/$agentId",
	component: screen(() => import("./screens/agents/Agent.tsx")),
});

const timeline = createRoute({
	getParentRoute: () => shell,
	path: "/timeline",
	validateSearch: (raw) => readSearch(raw, { hours: number }),
	component: screen(() => import("./screens/timeline/Timeline.tsx")),
});

const alerts = createRoute({
	getParentRoute: () => shell,
	path: "/alerts",
	validateSearch: (raw) => readSearch(raw, { hours: number, tab: oneOf("failures", "late", "ledger") }),
	component: screen(() => import("./screens/alerts/Alerts.tsx")),
});

const audit = createRoute({
	getParentRoute: () => shell,
	path: "/audit",
	validateSearch: (raw) =>
		readSearch(raw, { actor: text, action: text, object: text, from: time, to: time, entry: number }),
	component: screen(() => import("./screens/audit/Audit.tsx")),
});

const settings = createRoute({
	getParentRoute: () => shell,
	path: "/settings",
	validateSearch: (raw) => readSearch(raw, { tab: oneOf("me", "users", "tokens", "enrolment") }),
	component: screen(() => import("./screens/settings/Settings.tsx")),
});

export const routeTree = root.addChildren([
	login,
	shell.addChildren([
		overview,
		jobs,
		jobNew,
		job,
		jobEdit,
		executions,
		execution,
		agents,
		agent,
		timeline,
		alerts,
		audit,
		settings,
	]),
]);

export const router = createRouter({ routeTree, defaultPreload: "intent", scrollRestoration: false });

declare module "@tanstack/react-router" {
	interface Register {
		router: typeof router;
	}
}
