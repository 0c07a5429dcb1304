// Every screen, for pictures and for axe. `path` may ask the API for something to show; `act` is done when it is there;
// `long`: its picture is as long as the page.
import { settled } from "./page.mjs";

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
const ofJob = (more) => async (page, url) => `/jobs/${(await firstJob(page, url)).jobId}${more}`;

const press = (key) => async (page) => {
	await page.keyboard.press(key);
	await page.getByRole("dialog").waitFor();
};
const click = (name) => async (page) => {
	await page.getByRole("main").getByRole("button", { name, exact: true }).first().click();
	await page.getByRole("dialog").waitFor();
	await settled(page);
};
const openAll = (page) =>
	page.evaluate(() => {
		for (const one of document.querySelectorAll("details")) one.open = true;
	});

export const SCREENS = [
	{ name: "login", path: at("/login") },
	{ name: "overview", path: at("/") },
	{ name: "jobs", path: at("/jobs") },
	{ name: "job", path: ofJob(""), long: true },
	{ name: "definition", path: ofJob("?tab=definition") },
	{ name: "revisions", path: ofJob("?tab=revisions&revision=1") },
	{ name: "editor-new", path: at("/jobs/new"), long: true },
	{ name: "editor", path: ofJob("/edit"), act: openAll, long: true },
	{ name: "executions", path: at("/executions") },
	{ name: "execution", path: anExecution, long: true },
	{ name: "agents", path: at("/agents") },
	{ name: "agent", path: anAgent, long: true },
	{ name: "timeline", path: at("/timeline") },
	{ name: "alerts", path: at("/alerts") },
	{ name: "late", path: at("/alerts?tab=late") },
	{ name: "ledger", path: at("/alerts?tab=ledger") },
	{ name: "audit", path: at("/audit") },
	{ name: "settings", path: at("/settings") },
	{ name: "people", path: at("/settings?tab=users") },
	{ name: "tokens", path: at("/settings?tab=tokens") },
	{ name: "enrolment", path: at("/settings?tab=enrolment") },
	{ name: "nothing-fits", path: at("/jobs?q=nothing-is-called-so") },
	{ name: "not-there", path: at("/jobs/00000000-0000-4000-8000-00000000dead") },
	{ name: "palette", path: at("/agents"), act: press("Control+k") },
	{ name: "keys", path: at("/jobs"), act: press("?") },
	{ name: "bulk", path: at("/jobs?sort=name&type=ATLEAST_ONCE"), act: click("Pause") },
	{ name: "confirm", path: ofJob(""), act: click("Delete") },
	{ name: "enrol", path: at("/agents"), act: click("Enrol an agent") },
	{ name: "person", path: at("/settings?tab=users"), act: click("Add a person") },
];
