// Starts e2e/stack.py and talks to it.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export async function startStack() {
	const child = spawn("/usr/bin/python3", [join(import.meta.dirname, "stack.py")], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const read = async () => {
		const { value, done } = await lines.next();
		if (done) throw new Error("the stack ended before its time");
		return JSON.parse(value);
	};
	const facts = await read();
	const tell = async (command) => {
		child.stdin.write(`${command}\n`);
		return read();
	};
	return {
		...facts,
		tell,
		/** A call of the REST API beside the browser. */
		call: async (method, path, body) => {
			const answer = await fetch(facts.url + path, {
				method,
				headers: { Authorization: `Bearer ${facts.token}`, "Content-Type": "application/json" },
				body: body && JSON.stringify(body),
			});
			if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
			return answer.status === 204 ? null : answer.json();
		},
		end: async () => (await tell("end")).complaints,
	};
}
