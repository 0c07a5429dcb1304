import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { fake } from "../../test/fake/handlers.ts";
import { server } from "../../test/fake/server.ts";
import { open } from "../../test/open.tsx";
import { onKeyDown } from "../lib/keys.ts";

const press = (...keys: string[]) => {
	for (const key of keys) act(() => onKeyDown(new KeyboardEvent("keydown", { key })));
};

const SLOW = { timeout: 10_000 };

describe("screens of fleet, history and people", () => {
	it("shows an execution with its reason, its waterfall and its request", async () => {
		const job = fake.jobs[4];
		const { executions } = await (await fetch(`http://localhost/api/executions/${job?.jobId}?limit=20`)).json();
		const failed = executions.find((one: { status: string }) => one.status === "failed");
		await open(`/executions/${job?.jobId}/${failed.executionId}?scheduledAt=${encodeURIComponent(failed.scheduledAt)}`);
		expect(await screen.findByText("The target answered 503 three times.")).toBeTruthy();
		expect(await screen.findByText("First byte")).toBeTruthy();
		expect(await screen.findByText("upstream is restarting")).toBeTruthy();
	});
	it("marks a fire that two agents ran, in the lists and where it is shown", async () => {
		const job = fake.jobs[4];
		const { executions } = await (await fetch(`http://localhost/api/executions/${job?.jobId}?limit=20`)).json();
		const twice = executions.find((one: { doubled: boolean }) => one.doubled);
		for (const list of [`/executions?jobId=${job?.jobId}`, `/jobs/${job?.jobId}`]) {
			const { unmount } = await open(list);
			expect(await screen.findAllByText("Twice")).toHaveLength(1);
			if (list.startsWith("/jobs")) expect(await screen.findByText(/, 4 fires run by two agents/)).toBeTruthy();
			unmount();
		}
		await open(`/executions/${job?.jobId}/${twice.executionId}?scheduledAt=${encodeURIComponent(twice.scheduledAt)}`);
		expect(await screen.findByText("Also run elsewhere")).toBeTruthy();
		expect(screen.getByRole("link", { name: "edge-heir" })).toBeTruthy();
		expect(screen.getByText("Twice")).toBeTruthy();
	});
	it("shows only what two agents ran, when that is asked for", async () => {
		const { router } = await open("/executions");
		await userEvent.click(await screen.findByRole("button", { name: "Twice" }));
		await waitFor(() => expect(router.state.location.search).toEqual({ doubled: true }));
		const shown = () => screen.getAllByRole("row").slice(1);
		await waitFor(() => expect(shown().every((row) => row.textContent?.includes("Twice"))).toBe(true), SLOW);
		expect(shown().length).toBeGreaterThan(0);
		await userEvent.click(screen.getByRole("button", { name: "Twice" }));
		await waitFor(() => expect(router.state.location.search).toEqual({}));
	});
	it("says of a silent agent what is unknown, and offers a viewer nothing to do", async () => {
		const silent = fake.agents.find((agent) => agent.state === "offline");
		await open(`/agents/${silent?.agentId}`, "viewer");
		expect(await screen.findByText(/what it did since then is unknown until it reports/)).toBeTruthy();
		expect(screen.queryByRole("button", { name: "Drain" })).toBeNull();
		expect(screen.queryByRole("button", { name: "Revoke" })).toBeNull();
	});
	it("says of a draining agent until when its host is needed", async () => {
		await open(`/agents/${fake.agents.find((agent) => agent.draining)?.agentId}`, "viewer");
		expect(await screen.findByText(/Its host may be stopped after .*, once nothing runs there/)).toBeTruthy();
	});
	it("says in the list how far a draining agent is", async () => {
		await open("/agents");
		expect(await screen.findByText(/^runs until/)).toBeTruthy();
	});
	it("asks with the consequence before an agent is revoked", async () => {
		await open(`/agents/${fake.agents[0]?.agentId}`, "admin");
		await userEvent.click(await screen.findByRole("button", { name: "Revoke" }));
		expect(await screen.findByText(/Its key stops working at once/)).toBeTruthy();
		await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
	});
	it("says what a new key means before it is ordered, and that one is ordered already", async () => {
		await open(`/agents/${fake.agents[0]?.agentId}`, "admin");
		await userEvent.click(await screen.findByRole("button", { name: "Rotate key" }));
		expect(await screen.findByText(/the old one stops working a second later/)).toBeTruthy();
		await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
		await open(`/agents/${fake.agents[1]?.agentId}`, "admin");
		expect(await screen.findByText("New key ordered")).toBeTruthy();
		expect(screen.getAllByRole("button", { name: "Revoke" })).toBeTruthy();
	});
	it("leaves a new key to admins", async () => {
		await open(`/agents/${fake.agents[0]?.agentId}`, "operator");
		expect(await screen.findByRole("button", { name: "Drain" })).toBeTruthy();
		expect(screen.queryByRole("button", { name: "Rotate key" })).toBeNull();
	});
	it("shows the fleet's timeline with words for those who do not see the bars", async () => {
		await open("/timeline");
		expect(await screen.findByRole("img", { name: /^edge-001: \d+ successes/ })).toBeTruthy();
	});
	it("keeps the timeline on the screen while the next minute's is on its way", async () => {
		vi.useFakeTimers({ now: Date.parse("2026-03-01T10:00:30Z"), toFake: ["Date"] });
		const { client } = await open("/timeline");
		await screen.findByRole("img", { name: /^edge-001: / });
		vi.setSystemTime("2026-03-01T10:01:30Z");
		const until: (string | null)[] = [];
		server.events.on("request:start", ({ request }) => until.push(new URL(request.url).searchParams.get("to")));
		const asked = client.invalidateQueries({ queryKey: ["agents"] });
		expect(screen.queryByRole("status", { name: "Loading" })).toBeNull();
		await asked;
		expect(until).toEqual(["2026-03-01T10:02:00.000Z"]);
		expect(screen.getByRole("img", { name: /^edge-001: / })).toBeTruthy();
		server.events.removeAllListeners();
		vi.useRealTimers();
	});
	it("groups failures by job and leads to their executions", async () => {
		await open("/alerts");
		expect((await screen.findAllByRole("link", { name: /^Show \d+ executions$/ })).length).toBeGreaterThan(3);
	});
	it("goes to late jobs with j and opens one with o", async () => {
		const { router } = await open("/alerts?tab=late");
		const table = await screen.findByRole("table", { name: "Late jobs" });
		press("j");
		await waitFor(() => expect(document.activeElement === table.querySelector("tr[data-row]")).toBe(true));
		press("o");
		await waitFor(() => expect(router.state.location.href).toMatch(/^\/jobs\/[^/]+\?why=/));
	});
	it("goes through what the ledger misses with j and k", async () => {
		await open("/alerts?tab=ledger");
		await screen.findByRole("heading", { name: /^Holes/ });
		const stops = document.querySelectorAll("[data-stop]");
		press("j", "j", "k");
		expect(stops.length).toBeGreaterThan(1);
		expect(document.activeElement === stops[0]).toBe(true);
	});
	it("opens an entry of the audit by its address, also one that is not in the list", async () => {
		await open("/audit?entry=958");
		expect(await screen.findByRole("dialog", { name: /^Entry 958: / })).toBeTruthy();
		await open("/audit?entry=950&action=job.edit");
		expect(await screen.findByRole("dialog", { name: /^Entry 950: / })).toBeTruthy();
		await open("/audit?entry=7");
		expect(await screen.findByRole("dialog", { name: "Entry 7" })).toBeTruthy();
	});
	it("verifies the chain of the audit", async () => {
		await open("/audit");
		await userEvent.click(await screen.findByRole("button", { name: "Verify the chain" }));
		expect(await screen.findByText(/960 entries, the chain is whole/)).toBeTruthy();
	});
	it("shows people and tokens to admins only", async () => {
		await open("/settings?tab=users", "viewer");
		expect(await screen.findByText("How things are shown")).toBeTruthy();
		expect(screen.queryByText("API tokens")).toBeNull();
	});
});
