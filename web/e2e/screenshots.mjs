// Pictures of every screen in both themes, wide and narrow, into screenshots/. Over the made-up central of test/fake, or over
// a real one: BELFRY_URL=http://127.0.0.1:3001 BELFRY_LINK=... npm run screenshots. Words as arguments choose screens.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { launch } from "./chromium.mjs";
import { settled } from "./page.mjs";
import { SCREENS } from "./screens.mjs";

const web = resolve(import.meta.dirname, "..");
const folder = join(web, "screenshots");
const wanted = process.argv.slice(2);
const SIZES = [
	["wide", 1440, 900],
	["narrow", 390, 844],
];

async function fakeCentral() {
	process.env.BELFRY_FAKE = "1";
	const { preview } = await import("vite");
	const server = await preview({
		root: web,
		configFile: join(web, "vite.config.ts"),
		logLevel: "warn",
		preview: { port: 0 },
	});
	return { url: `http://127.0.0.1:${server.httpServer.address().port}`, close: () => server.close() };
}

mkdirSync(folder, { recursive: true });
const central = process.env.BELFRY_URL ? { url: process.env.BELFRY_URL, close: () => {} } : await fakeCentral();
const browser = await launch();
const page = await browser.context.newPage();
const complaints = [];
page.on("console", (message) => message.type() === "error" && complaints.push(`${page.url()}: ${message.text()}`));
page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
if (process.env.BELFRY_LINK) {
	await page.goto(`${central.url}/login#${process.env.BELFRY_LINK}`);
	await page.waitForURL(`${central.url}/`);
}
for (const theme of ["light", "dark"]) {
	await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
	for (const [size, width, height] of SIZES) {
		await page.setViewportSize({ width, height });
		for (const screen of SCREENS) {
			if (wanted.length && !wanted.some((word) => screen.name.includes(word))) continue;
			await page.goto(central.url + (await screen.path(page, central.url)));
			await settled(page);
			await screen.act?.(page);
			const path = join(folder, `${screen.name}-${size}-${theme}.png`);
			await page.screenshot({ path, animations: "disabled", fullPage: Boolean(screen.long) });
		}
	}
}
await browser.close();
await central.close();
console.log(`pictures in ${folder}`);
for (const complaint of complaints) console.log(complaint);
process.exit(0);
