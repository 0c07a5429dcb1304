// What a person does, against the real thing. In order: later tests use what earlier ones made.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cutTimes, findsOne, opensSoon, still, tooWide } from "./fits.mjs";
import { agentDies } from "./offline.mjs";
import { settled } from "./page.mjs";
import { notThere, roles, sessionEnds } from "./people.mjs";
import { SCREENS } from "./screens.mjs";
import { soon } from "./soon.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const made = {};
const seen = (page, text) => page.getByText(text).first().waitFor();

async function createJob({ page, stack }) {
	await page.goto(`${stack.url}/jobs/new`);
	await page.getByLabel("Schedule", { exact: true }).fill("* * * * * *");
	await seen(page, /every second/i);
	await page.getByLabel("Address").fill(`${stack.target}/first`);
	await page.getByLabel("Name", { exact: true }).fill("first-job");
	await page.getByRole("button", { name: "Define the job" }).click();
	await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
	made.jobId = page.url().split("/").at(-1);
	await page.getByRole("list", { name: "Latest executions" }).getByText("Success").first().waitFor();
}

async function seeFailure({ page, stack }) {
	await stack.call("PATCH", `/api/jobs/${made.jobId}`, { retry: { maxAttempts: 1 } });
	await stack.tell("target 500");
	const row = page
		.getByRole("list", { name: "Latest executions" })
		.getByRole("link")
		.filter({ hasText: "Failed" })
		.first();
	await row.waitFor();
	await row.click();
	await page.waitForURL(/\/executions\//);
	await seen(page, /500/);
	await stack.tell("target 200");
}

async function editConflict({ page, stack }) {
	await page.goto(`${stack.url}/jobs/${made.jobId}/edit`);
	await page.getByLabel("Name", { exact: true }).fill("renamed-here");
	await stack.call("PATCH", `/api/jobs/${made.jobId}`, { timeoutMs: 12_000 });
	await page.getByRole("button", { name: "Save", exact: true }).click();
	await seen(page, "Somebody edited this job before you");
	await seen(page, /with yours on top, nothing is lost/);
	await page.getByRole("button", { name: "Put mine on top and save" }).click();
	await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
	const job = await stack.call("GET", `/api/jobs/${made.jobId}`);
	assert.equal(job.name, "renamed-here");
	assert.equal(job.timeoutMs, 12_000);
}

async function fieldError({ page, stack }) {
	await page.goto(`${stack.url}/jobs/new`);
	await page.getByLabel("Schedule", { exact: true }).fill("61 * * * *");
	await page.getByLabel("Address").fill(`${stack.target}/x`);
	await page.getByRole("button", { name: "Define the job" }).click();
	const field = page.getByLabel("Schedule", { exact: true });
	await page.waitForFunction(() => document.querySelector('[aria-invalid="true"]'));
	assert.equal(await field.getAttribute("aria-invalid"), "true");
	await page.getByLabel("Schedule", { exact: true }).fill("*/5 * * * *");
	await page.getByRole("link", { name: "Back" }).click();
	await page.getByRole("button", { name: "Leave" }).click();
	await page.waitForURL(/\/jobs$/);
}

async function bulkPause({ page, stack }) {
	await stack.tell("jobs 25");
	await page.goto(`${stack.url}/jobs?q=many-000`);
	await seen(page, "many-00000");
	await page.getByRole("button", { name: "Pause", exact: true }).click();
	await page.getByRole("button", { name: "Pause 25 jobs" }).click();
	await seen(page, "Paused: 25 jobs.");
	const { jobs } = await stack.call("GET", "/api/jobs?q=many-000&active=true");
	assert.equal(jobs.length, 0);
}

async function awayAndBack({ page, stack }) {
	await page.goto(`${stack.url}/jobs/${made.jobId}`);
	await seen(page, "Last 100 runs");
	await page.waitForFunction(
		(names) =>
			names.every((name) => performance.getEntriesByType("resource").some((one) => one.name.includes(`/${name}-`))),
		["Agents", "Audit", "Executions", "OverTime", "Settings", "Timeline"],
	);
	await page.evaluate(() => Object.assign(globalThis, { sinceTheBegin: true }));
	await stack.tell("central stop");
	await seen(page, /Central does not answer since/);
	await seen(page, "renamed-here");
	for (const name of ["Agents", "Executions", "Timeline", "Settings", "Jobs"]) {
		await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
		await page.locator("h1").getByText(name).waitFor();
		await seen(page, /Central does not answer since/);
	}
	assert.ok(await page.evaluate(() => globalThis.sinceTheBegin), "the page was loaded anew");
	await stack.tell("central start");
	await page.getByText(/Central does not answer since/).waitFor({ state: "detached" });
}

async function databaseAway({ page, stack }) {
	await page.goto(`${stack.url}/jobs/${made.jobId}`);
	await seen(page, "Last 100 runs");
	await stack.tell("database stop");
	await seen(page, /The database is away since/);
	await seen(page, /What you see is from/);
	await seen(page, "renamed-here");
	await stack.tell("database start");
	await page.getByText(/The database is away since/).waitFor({ state: "detached" });
}

const refresh = (page, refreshMs) =>
	page.evaluate((refreshMs) => localStorage.setItem("belfry.settings", JSON.stringify({ refreshMs })), refreshMs);

/** Both at once, on a page that asks for nothing by itself, and back one after the other. */
async function bothAway({ page, stack }) {
	await refresh(page, 0);
	await page.goto(`${stack.url}/jobs/${made.jobId}`);
	await seen(page, "Last 100 runs");
	await settled(page);
	await page.evaluate(() => Object.assign(globalThis, { sinceTheBegin: true }));
	const calls = async () => (await stack.tell("called")).called.length;
	const before = await calls();
	await stack.tell("database stop");
	await stack.tell("central kill");
	await seen(page, /Central does not answer since/);
	await seen(page, "renamed-here");
	await stack.tell("central begin");
	await seen(page, /The database is away since/);
	await seen(page, /What you see is from/);
	await stack.tell("database start");
	await page.getByText(/The database is away since/).waitFor({ state: "detached" });
	await page.waitForFunction(() => document.querySelector("main")?.getAttribute("aria-busy") === null);
	assert.ok(await page.evaluate(() => globalThis.sinceTheBegin), "the page was loaded anew");
	assert.ok((await calls()) > before, "the agent did not go on");
	await refresh(page, 5_000);
}

// The themes differ in colours only: what is not about those is looked at once.
const RULES = {
	light: { resultTypes: ["violations"] },
	dark: { resultTypes: ["violations"], runOnly: ["color-contrast"] },
};

/**
 * In the page: what axe holds against it. The page lives on meanwhile: a row that is gone by then (a fire that has passed) has
 * no colour any more, and axe takes that for black.
 */
async function seriousFindings(rules) {
	const { violations } = await globalThis.axe.run(document, { ...rules, elementRef: true });
	const found = violations
		.filter((one) => ["serious", "critical"].includes(one.impact))
		.map((one) => ({ id: one.id, node: one.nodes.find((node) => node.element?.isConnected) }))
		.filter((one) => one.node)
		.map((one) => `${one.id}: ${one.node.html.slice(0, 160)}`);
	return { found, isDark: matchMedia("(prefers-color-scheme: dark)").matches };
}

/** One walk over all screens and dialogs: axe in each theme, and the width of a telephone. */
async function fits({ page, stack }) {
	const bad = [];
	for (const screen of SCREENS) {
		await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
		await page.goto(stack.url + (await screen.path(page, stack.url)));
		await settled(page);
		await screen.act?.(page);
		await page.evaluate(AXE);
		for (const [theme, rules] of Object.entries(RULES)) {
			await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
			const { found, isDark } = await page.evaluate(seriousFindings, rules);
			assert.equal(isDark, theme === "dark");
			bad.push(...found.map((one) => `${screen.name}, ${theme}: ${one}`));
		}
		bad.push(...(await cutTimes(page)).map((head) => `${screen.name}: a time is cut under ${head}`));
		const wide = await tooWide(page);
		if (wide) bad.push(`${screen.name}: ${wide}`);
	}
	await page.emulateMedia({ colorScheme: null, reducedMotion: null });
	assert.deepEqual(bad, []);
}

async function keyboard({ page, stack }) {
	await page.goto(`${stack.url}/`);
	await settled(page);
	// Two keys are one command within a moment, of which a busy machine may leave nothing.
	for (let tries = 0; tries < 5 && !page.url().endsWith("/jobs"); tries++) {
		await page.keyboard.press("g");
		await page.keyboard.press("j");
		await page.waitForURL(/\/jobs$/, { timeout: 5_000 }).catch(() => {});
	}
	assert.match(page.url(), /\/jobs$/);
	await settled(page);
	await page.keyboard.press("/");
	await page.keyboard.type("renamed");
	await page.waitForURL(/q=renamed/);
	await seen(page, "renamed-here");
	await page.keyboard.press("Escape");
	await page.keyboard.press("Control+k");
	await page.getByRole("combobox", { name: /Find a job/ }).waitFor();
	await page.keyboard.type("renamed"); // the cursor is in the field already
	await page.getByRole("option", { name: /renamed-here/ }).waitFor();
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
}

async function logIn({ page, stack }) {
	await page.goto(`${stack.url}/jobs`);
	await page.getByLabel("Name").fill(stack.name);
	await page.getByLabel("Password").fill("wrong");
	await page.getByRole("button", { name: "Log in" }).click();
	await seen(page, "Name or password is wrong.");
	await page.getByLabel("Password").fill(stack.password);
	await page.getByRole("button", { name: "Log in" }).click();
	await page.waitForURL(/\/jobs$/);
	await page.getByRole("heading", { name: "Jobs", level: 1 }).waitFor();
}

async function link({ page, stack }) {
	await page.goto(`${stack.url}/login#${stack.link}`);
	await page.getByRole("heading", { name: "Overview" }).waitFor();
	assert.ok(!page.url().includes("#"));
}

export const TESTS = [
	["a one-time link opens the dashboard", link],
	[
		"a person logs in after a wrong password",
		(tools) =>
			tools.page
				.context()
				.clearCookies()
				.then(() => logIn(tools)),
	],
	["a job is created, and its first execution appears by itself", createJob],
	["a broken target shows as a failure with its reason", seeFailure],
	["an edit that meets another one shows both and loses neither", editConflict],
	["a schedule that can not be is refused at its field", fieldError],
	["many jobs are paused at once after a dry run", bulkPause],
	["the keyboard goes everywhere", keyboard],
	["central away is said, old data stays, and it recovers without a reload", awayAndBack],
	[
		"a dead agent is offline and its job not guessed at; what it had buffered arrives when it is back",
		(tools) => agentDies({ ...tools, jobId: made.jobId }),
	],
	["the database away is said, old data stays, and it recovers without a reload", databaseAway],
	[
		"central and the database away at once are noticed while the refresh is paused, and come back without a reload",
		bothAway,
	],
	["a session that ends loses nothing that was typed", (tools) => sessionEnds({ ...tools, jobId: made.jobId })],
	["each role is offered what it may do, and nothing else", (tools) => roles({ ...tools, jobId: made.jobId })],
	["axe finds nothing serious on any screen in both themes, none is wider than a telephone, and no time is cut", fits],
	["what is not there is said, with a way on", notThere],
	["who asked for no motion gets none", (tools) => still({ ...tools, jobId: made.jobId })],
	["the first screen is there within a second on a slow processor", opensSoon],
	["one of ten thousand jobs is found, and rows that can not be seen are not there", findsOne],
	["every screen can be used within half a second of its data, and long lists scroll smoothly", soon],
];
