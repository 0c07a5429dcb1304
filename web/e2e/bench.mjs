// For tests/bench/dashboard_bench.py: `node e2e/bench.mjs URL LINK` prints what howSoon and howSmooth find as JSON.
import { launch } from "./chromium.mjs";
import { howSmooth, howSoon } from "./soon.mjs";

const [url, link] = process.argv.slice(2);
const browser = await launch();
const page = await browser.context.newPage();
await page.goto(`${url}/login#${link}`);
await page.waitForURL(`${url}/`);
const screen = await howSoon(browser.context, url);
const notch = await howSmooth(browser.context, url);
await browser.close();
console.log(JSON.stringify({ screen, notch }));
