// Waiting for what a person would wait for.

/** The screen is there, with its data: a heading, and nothing that says it is loading. */
export async function settled(page) {
	await page.locator("h1").first().waitFor();
	await page.waitForFunction(() => !document.querySelector(".skeleton"), undefined, { timeout: 90_000 });
	await page.evaluate(() => document.fonts.ready);
}
