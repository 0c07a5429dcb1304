// The agent goes on firing while central is away, dies before it could send, and comes back.
import assert from "node:assert/strict";

const BUFFERED = 3;

async function until(what, check) {
	const end = Date.now() + 90_000;
	for (;;) {
		const found = await check();
		if (found) return found;
		if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

export async function agentDies({ page, stack, jobId }) {
	const called = async () => new Set((await stack.tell("called")).called);
	const reported = async () => (await stack.call("GET", `/api/executions/${jobId}?limit=200`)).executions;

	await stack.tell("central stop");
	const before = await called();
	const buffered = await until("fires while central is away", async () => {
		const fresh = [...(await called())].filter((id) => !before.has(id));
		return fresh.length > BUFFERED && fresh.slice(0, BUFFERED); // the last one may be under way still
	});
	await stack.tell("agent kill");
	const diedAt = Date.now();
	await stack.tell("central start");

	await page.goto(`${stack.url}/agents`);
	const agent = page.getByRole("table", { name: "Agents" }).locator("tbody tr[data-row]").first();
	await agent.getByText("Offline").waitFor();
	await agent.getByRole("link").first().click();
	await page.getByText(/Unknown since/).waitFor();
	const { name } = await stack.call("GET", `/api/jobs/${jobId}`);
	await page.goto(`${stack.url}/jobs?unknown=true&sort=name&q=${name}`);
	const job = page.getByRole("table", { name: "Jobs" }).locator("tbody tr[data-row]").filter({ hasText: name });
	await job.getByText("Unknown").waitFor();
	await page.goto(`${stack.url}/jobs/${jobId}`);
	await page.getByText(/^\? Unknown since/).waitFor();
	await page.getByText("has not been heard since.").first().waitFor();
	await page.getByText("Offline").first().waitFor();
	const whileOffline = await reported();
	assert.ok(whileOffline.every((one) => Date.parse(one.scheduledAt) <= diedAt));
	assert.ok(
		buffered.every((id) => !whileOffline.some((one) => one.executionId === id)),
		"nothing was buffered",
	);

	await stack.tell("agent start");
	await page.getByText("has not been heard since.").first().waitFor({ state: "detached" });
	await page.getByText(/^\? Unknown since/).waitFor({ state: "detached" });
	const arrived = await until("the buffered executions", async () => {
		const all = await reported();
		return buffered.every((id) => all.some((one) => one.executionId === id && one.status === "success")) && all;
	});
	const truly = await called();
	assert.ok(arrived.filter((one) => one.status === "success").every((one) => truly.has(one.executionId)));
	const shown = arrived.find((one) => one.executionId === buffered.at(-1));
	await page.goto(
		`${stack.url}/executions/${jobId}/${shown.executionId}?scheduledAt=${encodeURIComponent(shown.scheduledAt)}`,
	);
	await page.getByText("Success").first().waitFor();
}
