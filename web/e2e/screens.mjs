// Every screen, for pictures and for axe. `path` may ask the API for something to show.
const json = (page, path) => page.evaluate(async (path) => (await fetch(path)).json(), path);

async function firstJob(page, url) {
	if (!page.url().startsWith(url)) await page.goto(`${url}/favicon.svg`);
	const { jobs } = await json(page, "/api/jobs?limit=5");
	return jobs.find((job) => job.recent?.some((status) => status !== "success")) ?? jobs[0];
}

/** The newest execution that was no success, else the newest. */
async function anExecution(page, url) {
	if (!page.url().startsWith(url)) await page.goto(`${url}/favicon.svg`);
	const { executions } = await json(page, "/api/executions?limit=100");
	const one = executions.find((found) => found.status === "failed") ?? executions[0];
	return `/executions/${one.jobId}/${one.executionId}?scheduledAt=${encodeURIComponent(one.scheduledAt)}`;
}

async function anAgent(page, url) {
	if (!page.url().startsWith(url)) await page.goto(`${url}/favicon.svg`);
	const { agents } = await json(page, "/api/agents");
	return `/agents/${(agents.find((found) => found.state === "offline") ?? agents[0]).agentId}`;
}

const at = (path) => async () => path;

export const SCREENS = [
	{ name: "login", path: at("/login") },
	{ name: "overview", path: at("/") },
	{ name: "jobs", path: at("/jobs") },
	{ name: "job", path: async (page, url) => `/jobs/${(await firstJob(page, url)).jobId}` },
	{ name: "editor-new", path: at("/jobs/new") },
	{ name: "editor", path: async (page, url) => `/jobs/${(await firstJob(page, url)).jobId}/edit` },
	{ name: "executions", path: at("/executions") },
	{ name: "execution", path: anExecution },
	{ name: "agents", path: at("/agents") },
	{ name: "agent", path: anAgent },
	{ name: "timeline", path: at("/timeline") },
	{ name: "alerts", path: at("/alerts") },
	{ name: "late", path: at("/alerts?tab=late") },
	{ name: "ledger", path: at("/alerts?tab=ledger") },
	{ name: "audit", path: at("/audit") },
	{ name: "settings", path: at("/settings") },
	{ name: "people", path: at("/settings?tab=users") },
	{ name: "tokens", path: at("/settings?tab=tokens") },
	{ name: "enrolment", path: at("/settings?tab=enrolment") },
];
