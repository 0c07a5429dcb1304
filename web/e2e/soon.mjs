// How soon after its data a screen can be used, and whether long lists scroll smoothly, with very much behind them.
//
// Measured is the time that the page's main thread worked, by the clock of that thread: what else the machine does while the
// test runs is not the screen's. All the work from the request for the page until nothing more comes counts, also what was
// done before the data was there: a screen that passes can be used sooner than that after its data.
import assert from "node:assert/strict";
import { SCREENS } from "./screens.mjs";

export const SOON_MS = 500;
export const NOTCH_MS = 33; // of work for a notch of the wheel: thirty frames a second
const LISTS = ["/jobs?sort=name", "/executions", "/timeline?hours=24"];
const NOTCHES = 30;
const NOTCH_PX = 120;

/** A new page, and what tells the ms that its main thread has worked so far. */
async function watched(context) {
	const page = await context.newPage();
	const devtools = await context.newCDPSession(page);
	await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
	const work = async () => {
		const { metrics } = await devtools.send("Performance.getMetrics");
		return 1_000 * metrics.find((one) => one.name === "TaskDuration").value;
	};
	return { page, work };
}

/**
 * Until the page has shown what it asked for and asks for nothing more. On a busy machine half a second without the network may
 * pass before it has begun to ask.
 */
async function arrived(page) {
	const asked = () =>
		page.evaluate(() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/")).length);
	await page.waitForFunction(
		() =>
			performance.getEntriesByType("resource").some((one) => one.name.includes("/api/")) &&
			!document.querySelector(".skeleton"),
	);
	for (let before = 0, now = await asked(); now > before; now = await asked()) {
		before = now;
		await page.waitForTimeout(500);
	}
}

/** { screen: ms } from the address to the last of its data shown; the better of `turns`. */
export async function howSoon(context, url, turns = 2) {
	const asking = await context.newPage();
	const found = {};
	for (const screen of SCREENS.filter((one) => !one.act && one.name !== "login")) {
		const path = await screen.path(asking, url);
		for (let turn = 0; turn < turns; turn++) {
			const { page, work } = await watched(context);
			await page.goto(url + path, { waitUntil: "networkidle" });
			await arrived(page);
			const ms = await work();
			assert.equal(await page.locator(".skeleton").count(), 0, `${screen.name} is still loading`);
			found[screen.name] = Math.round(Math.min(ms, found[screen.name] ?? ms));
			await page.close();
		}
	}
	await asking.close();
	return found;
}

/** { list: ms of work for each notch of the wheel }, over rows that were not drawn before. */
export async function howSmooth(context, url) {
	const found = {};
	for (const path of LISTS) {
		const { page, work } = await watched(context);
		await page.goto(url + path, { waitUntil: "networkidle" });
		await arrived(page);
		await page.mouse.move(700, 600);
		const before = await work();
		for (let turn = 0; turn < NOTCHES; turn++) {
			await page.mouse.wheel(0, NOTCH_PX);
			await page.waitForTimeout(15);
		}
		found[path.slice(1).split("?")[0]] = Math.round(((await work()) - before) / NOTCHES);
		const moved = await page.evaluate(() => document.querySelector("table")?.parentElement?.scrollTop ?? 0);
		assert.ok(moved > 2_000, `${path} was not scrolled: ${moved}`);
		await page.close();
	}
	return found;
}

const over = (found, max) => Object.entries(found).filter(([, ms]) => ms > max);

/** With 500 agents, eleven thousand jobs and two days of history; five million executions are `make bench ONLY=dashboard_5m`. */
export async function soon({ page, stack }) {
	await stack.tell("crowd");
	const screens = await howSoon(page.context(), stack.url, 1);
	const smooth = await howSmooth(page.context(), stack.url);
	console.log(`   ms of work until it is there: ${JSON.stringify(screens)}`);
	console.log(`   ms of work for a notch of the wheel: ${JSON.stringify(smooth)}`);
	assert.deepEqual(over(screens, SOON_MS), []);
	assert.deepEqual(over(smooth, NOTCH_MS), []);
}
