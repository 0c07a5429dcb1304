// After `npm install`: gives package-lock.json the optional packages of other platforms that a registry without them left
// out, so that `npm ci` takes the file on every platform. Their hashes are checked by no one; those of this platform are.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const OS = /(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|wasm32)/;
const CPU = /(arm64|arm|x64|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32)/;

let added = 0;
for (const parent of Object.values(lock.packages)) {
	for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
		const key = `node_modules/${name}`;
		if (lock.packages[key] || !/^\d/.test(version)) continue;
		const tail = name.split("/").at(-1);
		const os = OS.exec(tail)?.[1];
		const cpu = CPU.exec(os ? tail.slice(tail.indexOf(os)) : tail)?.[1];
		if (!os || !cpu) continue;
		lock.packages[key] = {
			version,
			cpu: [cpu],
			...(parent.dev ? { dev: true } : {}),
			...(tail.includes("musl") ? { libc: ["musl"] } : {}),
			optional: true,
			...(os === "wasm32" ? {} : { os: [os] }),
		};
		added++;
	}
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, "\t")}\n`);
console.log(`${added} packages added`);
