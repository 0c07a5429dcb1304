// Debian's Chromium, headless, with a new profile for each run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = [
	"--no-sandbox",
	"--disable-gpu",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
];

/** A context whose pages are Chromium's; close() ends the browser and removes its profile. */
export async function launch({ width = 1440, height = 900, ...options } = {}) {
	const profile = mkdtempSync(join(tmpdir(), "belfry-chromium-"));
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		args: FLAGS,
		viewport: { width, height },
		timezoneId: "Europe/Berlin",
		...options,
	});
	return {
		context,
		close: async () => {
			await context.close();
			rmSync(profile, { recursive: true, force: true });
		},
	};
}
