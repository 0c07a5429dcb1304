// Who may do what, and a session that ends while its person works.
import assert from "node:assert/strict";
import { settled } from "./page.mjs";

const ROLES = ["viewer", "operator", "editor"];
const JOB_BUTTONS = { "Run now": "operator", Pause: "operator", "Cancel running": "operator", Delete: "editor" };
const JOB_LINKS = { Duplicate: "editor", Edit: "editor" };
const RANK = { viewer: 0, operator: 1, editor: 2, admin: 3 };
const PASSWORD = "a password of twenty-four";

async function enter(page, stack, name, password) {
	await page.context().clearCookies();
	await page.goto(`${stack.url}/login`);
	await page.getByLabel("Name").fill(name);
	await page.getByLabel("Password").fill(password);
	await page.getByRole("button", { name: "Log in" }).click();
	await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
}

async function offers(page, kind, name, expected, role) {
	const found = await page.getByRole("main").getByRole(kind, { name, exact: true }).count();
	assert.equal(found > 0, expected, `${role}: ${name} is ${found ? "" : "not "}offered`);
}

/** Each role sees what it may do and nothing else; the API says the same. */
export async function roles({ page, stack, jobId }) {
	for (const role of ROLES) {
		await stack.call("POST", "/api/users", { name: `a-${role}`, role, password: PASSWORD });
		await enter(page, stack, `a-${role}`, PASSWORD);
		await page.goto(`${stack.url}/jobs/${jobId}`);
		await page.getByText("Last 100 runs").first().waitFor();
		for (const [name, least] of Object.entries(JOB_BUTTONS))
			await offers(page, "button", name, RANK[role] >= RANK[least], role);
		for (const [name, least] of Object.entries(JOB_LINKS))
			await offers(page, "link", name, RANK[role] >= RANK[least], role);
		await page.goto(`${stack.url}/jobs?q=many-0000`);
		await page.getByText("many-00000").first().waitFor();
		await offers(page, "link", "New job", role === "editor", role);
		await offers(page, "button", "Pause", role !== "viewer", role);
		await offers(page, "button", "Delete", role === "editor", role);
		assert.equal(await page.getByRole("link", { name: "Audit" }).count(), 0, `${role} is led to the audit`);
		await page.goto(`${stack.url}/audit`);
		await page.getByText("Your role does not allow this").first().waitFor();
		if (role === "editor") continue;
		await page.goto(`${stack.url}/jobs/new`);
		await page.getByText("Your role does not allow this").first().waitFor();
	}
	await enter(page, stack, stack.name, stack.password);
	await page.getByRole("link", { name: "Audit" }).first().waitFor();
}

/** The session ends under an open form: log in on top of it, and what was typed is still there. */
export async function sessionEnds({ page, stack, jobId }) {
	await page.goto(`${stack.url}/jobs/${jobId}/edit`);
	const name = page.getByLabel("Name", { exact: true }).first();
	await name.fill("typed-before-the-end");
	assert.equal(await page.evaluate(async () => (await fetch("/api/session", { method: "DELETE" })).status), 204);
	await page.getByLabel("Schedule", { exact: true }).fill("*/7 * * * *"); // the next thing that asks central
	const dialog = page.getByRole("dialog", { name: "Your session has ended" });
	await dialog.waitFor();
	await dialog.getByLabel("Password").fill(stack.password);
	await dialog.getByRole("button", { name: "Log in", exact: true }).click();
	await dialog.waitFor({ state: "detached" });
	assert.equal(await name.inputValue(), "typed-before-the-end");
	await page.getByRole("link", { name: "Back" }).click();
	await page.getByRole("button", { name: "Leave" }).click();
	await page.waitForURL(/\/jobs\/[0-9a-f-]{36}$/);
}

/** A job that is not there is said so, with a way on. */
export async function notThere({ page, stack }) {
	await page.goto(`${stack.url}/jobs/00000000-0000-4000-8000-00000000dead`);
	await page.getByText("There is no such thing").first().waitFor();
	await page.goto(`${stack.url}/nowhere/at/all`);
	await page.getByText("There is no page at this address.").first().waitFor();
	await page.getByRole("link", { name: "To the overview" }).click();
	await settled(page);
	assert.equal(new URL(page.url()).pathname, "/");
}
