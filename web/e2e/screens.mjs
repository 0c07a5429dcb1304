// Every screen, for pictures and for axe. `path` may ask the API for something to show.
const json = (page, path) => page.evaluate(async (path) => (await fetch(path)).json(), path);

async function firstJob(page, url) {
	if (!page.url().startsWith(url)) await page.goto(`${url}/favicon.svg`);
	const { jobs } = await json(page, "/api/jobs?limit=5");
	return jobs.find((job) => job.recent?.some((status) => status !== "success")) ?? jobs[0];
}

const at = (path) => async () => path;

export const SCREENS = [
	{ name: "login", path: at("/login") },
	{ name: "overview", path: at("/") },
	{ name: "jobs", path: at("/jobs") },
	{ name: "job", path: async (page, url) => `/jobs/${(await firstJob(page, url)).jobId}` },
	{ name: "editor-new", path: at("/jobs/new") },
	{ name: "editor", path: async (page, url) => `/jobs/${(await firstJob(page, url)).jobId}/edit` },
];
