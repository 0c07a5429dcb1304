// Builds the dashboard into dist (or the folder named as argument): hashed names, .gz and .br beside each file, licences of
// what is inside, and a check that the first load stays small. A dist that breaks a rule is an error.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";
import { firstLoad, rulesBroken } from "./dist-rules.mjs";

const FIRST_LOAD_MAX = 250_000; // bytes, gzip
const COMPRESSED = new Set([".html", ".js", ".css", ".svg", ".txt", ".json"]);

const web = resolve(import.meta.dirname, "..");
const out = resolve(process.argv[2] ?? join(web, "dist"));
const fresh = `${out}.new-${process.pid}`;

function files(folder) {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}

try {
	await build({
		root: web,
		configFile: join(web, "vite.config.ts"),
		logLevel: "warn",
		build: { outDir: fresh, emptyOutDir: true },
	});
	for (const file of files(fresh)) {
		if (!COMPRESSED.has(extname(file))) continue;
		const bytes = readFileSync(file);
		writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
		writeFileSync(
			`${file}.br`,
			brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
		);
	}
	const html = readFileSync(join(fresh, "index.html"), "utf8");
	const needed = firstLoad(html, (path) => readFileSync(join(fresh, path), "utf8"));
	const size = needed.reduce(
		(sum, path) => sum + statSync(join(fresh, `${path}.gz`)).size,
		statSync(join(fresh, "index.html.gz")).size,
	);
	const broken = rulesBroken(html);
	if (size > FIRST_LOAD_MAX) broken.push(`the first load is ${size} bytes gzip, over ${FIRST_LOAD_MAX}`);
	if (broken.length) throw new Error(broken.join("\n"));
	// In place at one stroke: a central that reads the folder meets the old one or the new one.
	const old = `${out}.old-${process.pid}`;
	if (existsSync(out)) renameSync(out, old);
	renameSync(fresh, out);
	rmSync(old, { recursive: true, force: true });
	console.log(`web: first load ${(size / 1000).toFixed(1)} kB gzip of at most ${FIRST_LOAD_MAX / 1000} kB`);
} catch (error) {
	rmSync(fresh, { recursive: true, force: true });
	console.error(`web: ${error.message}`);
	process.exit(1);
}
