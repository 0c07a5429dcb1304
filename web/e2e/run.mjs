// Runs the browser tests one after the other on one stack; the last line says how many passed and failed. Words as
// arguments choose tests. A failed one leaves a picture in screenshots/.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./chromium.mjs";
import { startStack } from "./stack.mjs";
import { TESTS } from "./tests.mjs";

const folder = join(import.meta.dirname, "..", "screenshots");
const wanted = process.argv.slice(2);
const stack = await startStack();
const browser = await launch();
const page = await browser.context.newPage();
browser.context.setDefaultTimeout(90_000);
const complaints = [];
page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
page.on("console", (message) => {
	if (message.type() === "error" && /Content Security Policy|Uncaught/.test(message.text()))
		complaints.push(message.text());
});
let passed = 0;
let failed = 0;
const failure = (name, why) => {
	failed++;
	console.log(`FAILED ${name}\n    ${String(why).split("\n").slice(0, 20).join("\n    ")}`);
};
for (const [name, test] of TESTS) {
	if (wanted.length && !name.includes("logs in") && !wanted.some((word) => name.includes(word))) continue;
	const started = Date.now();
	try {
		await test({ page, stack });
		if (complaints.length) throw new Error(complaints.splice(0).join("\n"));
		passed++;
		console.log(`ok ${name} (${Date.now() - started} ms)`);
	} catch (error) {
		failure(name, error.stack ?? error);
		complaints.length = 0;
		mkdirSync(folder, { recursive: true });
		await page.screenshot({ path: join(folder, `failed-${failed}.png`) }).catch(() => {});
	}
}
await browser.close();
const bad = await stack.end();
if (bad.length) failure("the daemons end well", bad.join("\n"));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
