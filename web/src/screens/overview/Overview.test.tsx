import { screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { makeOverview } from "../../../test/fake/data.ts";
import { problem } from "../../../test/fake/handlers.ts";
import { server } from "../../../test/fake/server.ts";
import { open } from "../../../test/open.tsx";

it("says in words what is wrong, with a way there", async () => {
	await open("/");
	const link = await screen.findByRole("link", { name: /agents are offline/ });
	expect(link.getAttribute("href")).toBe("/agents?state=offline");
});

it("says that all is well when nothing is wrong", async () => {
	const calm = makeOverview([], [], Date.now());
	calm.jobs = { total: 3, active: 3, paused: 0, late: 0, unassigned: 0 };
	calm.hours = calm.hours.map((hour) => ({ ...hour, byStatus: { success: 10 } }));
	server.use(http.get("*/api/observability/overview", () => HttpResponse.json(calm)));
	await open("/");
	expect(await screen.findByText(/All is well/)).toBeTruthy();
});

it("keeps a viewer from what a viewer may not do", async () => {
	await open("/", "viewer");
	await screen.findByRole("heading", { name: "Overview" });
	expect(screen.queryByRole("link", { name: "New job" })).toBeNull();
	expect(screen.queryByRole("link", { name: "Audit" })).toBeNull();
});

it("tells that the database is away, and since when", async () => {
	server.use(http.get("*/api/observability/overview", () => problem(503, "The database is away.")));
	await open("/");
	expect(await screen.findByText(/The database is away since/)).toBeTruthy();
});

it("leads from an empty central to an agent, then to a job, as far as a role may go", async () => {
	const empty = makeOverview([], [], Date.now());
	empty.jobs = { total: 0, active: 0, paused: 0, late: 0, unassigned: 0 };
	empty.last24h = { ...empty.last24h, executions: 0 };
	server.use(http.get("*/api/observability/overview", () => HttpResponse.json(empty)));
	const first = await open("/", "editor");
	expect(await screen.findByText(/First an agent has to join/)).toBeTruthy();
	expect(screen.queryByRole("link", { name: "Enrol an agent" })).toBeNull();
	first.unmount();
	empty.agents = { total: 1, online: 1, offline: 0, draining: 0 };
	await open("/");
	expect(await screen.findByText(/1 agent joined. Now define a job/)).toBeTruthy();
	expect(screen.queryByText(/All is well/)).toBeNull();
});
