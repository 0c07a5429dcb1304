// The same screens for a narrow display, for who wants no motion, on a slow processor, with ten thousand jobs.
import assert from "node:assert/strict";
import { settled } from "./page.mjs";

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };
const JOBS = 10_000;
const FIND_MS = 2_000;
const FIRST_SCREEN_MS = 1_000;
const SLOWER = 4;

/** How much wider than a telephone the screen is, in words; null: it is not, what is wide scrolls within its own box. */
export async function tooWide(page) {
	await page.setViewportSize(NARROW);
	const width = await page.evaluate(
		() => new Promise((resolve) => requestAnimationFrame(() => resolve(document.documentElement.scrollWidth))),
	);
	await page.setViewportSize(WIDE);
	return width > NARROW.width ? `${width} px wide on a telephone` : null;
}

/** Columns in which a time does not fit, however it may read: on another day than today, an hour less a minute ago. */
export function cutTimes(page) {
	return page.evaluate(() => {
		const cut = [...document.querySelectorAll("td time")].filter((time) => {
			const cell = time.closest("td");
			const text = time.firstChild;
			const was = text.nodeValue;
			text.nodeValue = was.includes(":") ? "2026-12-30 20:00:00" : "59 min ago";
			const wide = cell.scrollWidth > cell.clientWidth;
			text.nodeValue = was;
			return wide;
		});
		const heads = cut.map((time) => time.closest("table").rows[0].cells[time.closest("td").cellIndex]?.textContent);
		return [...new Set(heads)];
	});
}

/** Who asked for no motion gets none: nothing runs for longer than a frame. */
export async function still({ page, stack, jobId }) {
	await page.emulateMedia({ reducedMotion: "reduce" });
	for (const path of ["/", "/jobs", `/jobs/${jobId}`, "/timeline"]) {
		await page.goto(stack.url + path);
		await page.locator("h1").first().waitFor();
		const moving = await page.evaluate(() =>
			document
				.getAnimations()
				.map((one) => ({ of: one.effect?.target?.className, ms: Number(one.effect?.getComputedTiming().endTime) }))
				.filter((one) => one.ms > 16),
		);
		assert.deepEqual(moving, [], path);
	}
	await page.emulateMedia({ reducedMotion: null });
}

/** One of ten thousand jobs is found in two seconds, and the page holds only the rows that can be seen. */
export async function findsOne({ page, stack }) {
	await stack.tell(`fill ${JOBS}`);
	await page.goto(`${stack.url}/jobs?sort=name`);
	await page.getByText("copy-00001").first().waitFor();
	for (let turn = 0; turn < 15; turn++) {
		await page.mouse.move(700, 600);
		await page.mouse.wheel(0, 4_000);
		await page.waitForTimeout(100);
	}
	await page.waitForFunction(() => /copy-00[1-9]\d\d/.test(document.querySelector("tbody")?.textContent ?? ""));
	const rows = await page.locator("tbody tr[data-row]").count();
	assert.ok(rows > 5 && rows < 120, `${rows} rows are on the page`);
	const all = [];
	do all.push(await finds(page, `copy-0${7321 + all.length}`));
	while (all.at(-1) > FIND_MS && all.length < 8); // the best of some: the machine may be busy
	console.log(`   found among ${JOBS} jobs in ${all.join(", ")} ms`);
	assert.ok(Math.min(...all) <= FIND_MS, `${all} ms`);
}

async function finds(page, name) {
	await page.keyboard.press("/");
	await page.keyboard.press("Control+a");
	const began = Date.now();
	await page.keyboard.type(name);
	await page.waitForFunction((name) => {
		const names = [...document.querySelectorAll("tbody tr[data-row]")].map((row) => row.textContent);
		return names.length === 1 && names[0].includes(name);
	}, name);
	return Date.now() - began;
}

/** How much longer a piece of work takes by the clock on the wall than by that of its thread: 1 on a machine at rest. */
async function busyness(page, devtools) {
	const worked = async () => {
		const { metrics } = await devtools.send("Performance.getMetrics");
		return 1_000 * metrics.find((one) => one.name === "TaskDuration").value;
	};
	const before = await worked();
	const wall = await page.evaluate(() => {
		const began = performance.now();
		for (let n = 0, sum = 0; n < 20_000_000; n++) sum += Math.sqrt(n + sum);
		return performance.now() - began;
	});
	return Math.max(1, wall / ((await worked()) - before));
}

async function opens(page, url) {
	const began = Date.now();
	await page.goto(url, { waitUntil: "commit" });
	await settled(page);
	await page.getByRole("link", { name: "Jobs" }).first().waitFor();
	return Date.now() - began;
}

/**
 * The first screen on a processor a quarter as fast, nothing cached: the best of at most twelve, and less what the daemons of
 * this test and whatever else the machine does take away from it.
 */
export async function opensSoon({ page, stack }) {
	const devtools = await page.context().newCDPSession(page);
	const all = [];
	await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
	await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
	await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
	try {
		do all.push(Math.round((await opens(page, `${stack.url}/`)) / (await busyness(page, devtools))));
		while (all.at(-1) > FIRST_SCREEN_MS && all.length < 12);
	} finally {
		await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
		await devtools.detach();
	}
	console.log(`   first screen on a quarter of the processor: ${all.join(", ")} ms`);
	assert.ok(Math.min(...all) <= FIRST_SCREEN_MS, `${all}`);
}
