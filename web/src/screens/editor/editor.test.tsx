import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { open } from "../../../test/open.tsx";
import type { Definition } from "../../api/types.ts";

type Part<K extends keyof Definition> = Record<keyof NonNullable<Definition[K]>, true>;
type Grouped = "retry" | "rateLimit" | "catchUp" | "success" | "history" | "target" | "failover";

// The types are the contract's: a member that is new there does not compile here until the editor has a field for it.
const PLAIN: Record<Exclude<keyof Definition, Grouped>, true> = {
	schedule: true,
	api: true,
	name: true,
	timezone: true,
	method: true,
	headers: true,
	body: true,
	type: true,
	timeoutMs: true,
	connectTimeoutMs: true,
	concurrency: true,
	maxConcurrent: true,
	queueMax: true,
	jitterMs: true,
	startAt: true,
	endAt: true,
	skipAt: true,
	active: true,
};
const GROUPED: { [K in Grouped]: Part<K> } = {
	retry: {
		maxAttempts: true,
		initialBackoffMs: true,
		maxBackoffMs: true,
		multiplier: true,
		jitter: true,
		maxElapsedMs: true,
		retryOn: true,
	},
	rateLimit: { perSecond: true, burst: true },
	catchUp: { policy: true, maxAgeMs: true, maxCount: true, spacingMs: true },
	success: { statuses: true, bodyRegex: true },
	history: { policy: true, sampleN: true },
	target: { mode: true, agent: true, count: true, selector: true },
	failover: { policy: true, afterMs: true },
};
const MEMBERS = [
	...Object.keys(PLAIN),
	...Object.entries(GROUPED).flatMap(([group, part]) => Object.keys(part).map((name) => `${group}.${name}`)),
];

describe("the editor", () => {
	it("has a field for every member of a job", async () => {
		const { container } = await open("/jobs/new");
		const seen = new Set<string | null>();
		const collect = () => {
			for (const one of container.querySelectorAll("[data-path]"))
				seen.add(one.getAttribute("data-member") ?? one.getAttribute("data-path"));
		};
		const where = await screen.findByLabelText("Runs on");
		for (const mode of ["one", "count", "agent"]) {
			await userEvent.selectOptions(where, mode);
			collect();
		}
		await userEvent.selectOptions(screen.getByLabelText("Executions kept"), "sample");
		collect();
		expect(MEMBERS.filter((member) => !seen.has(member))).toEqual([]);
	});
	it("takes words with commas and leaves out what is the default", async () => {
		await open("/jobs/new");
		const statuses = await screen.findByLabelText("Statuses that are success");
		await userEvent.type(statuses, "200-204, 304");
		expect((statuses as HTMLInputElement).value).toBe("200-204, 304");
		const timeout = screen.getByLabelText("a timeout") as HTMLInputElement;
		expect(timeout.checked).toBe(true);
		await userEvent.click(timeout);
		expect(timeout.checked).toBe(false);
		expect((screen.getByLabelText("5xx") as HTMLInputElement).checked).toBe(true);
		await userEvent.click(timeout);
		expect(timeout.checked).toBe(true);
	});
});
