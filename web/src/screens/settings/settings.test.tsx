import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { problem } from "../../../test/fake/handlers.ts";
import { server } from "../../../test/fake/server.ts";
import { open } from "../../../test/open.tsx";

describe("settings of people and tokens", () => {
	it("shows a new token once, in place of the form", async () => {
		const asked: unknown[] = [];
		server.use(
			http.post("*/api/tokens", async ({ request }) => {
				asked.push(await request.json());
				return HttpResponse.json({ token: "bft_made-just-now" }, { status: 201 });
			}),
		);
		await open("/settings?tab=tokens");
		await userEvent.click(await screen.findByRole("button", { name: "Make a token" }));
		const dialog = within(await screen.findByRole("dialog"));
		await userEvent.type(dialog.getByLabelText("Name"), "nightly");
		await userEvent.click(dialog.getByRole("button", { name: "Make it" }));
		expect(await screen.findByText("bft_made-just-now")).toBeTruthy();
		expect(asked).toEqual([{ name: "nightly", role: "viewer", ttlMs: 90 * 86_400_000 }]);
		expect(dialog.queryByLabelText("Name")).toBeNull();
		await userEvent.click(dialog.getByRole("button", { name: "Done" }));
		await waitFor(() => expect(screen.queryByText("bft_made-just-now")).toBeNull());
	});
	it("revokes a token after it was asked, and reads the list again", async () => {
		const revoked: string[] = [];
		let read = 0;
		server.use(
			http.delete("*/api/tokens/:tokenId", ({ params }) => {
				revoked.push(String(params.tokenId));
				return new HttpResponse(null, { status: 204 });
			}),
		);
		server.events.on("request:start", ({ request }) => {
			if (request.method === "GET" && request.url.endsWith("/api/tokens")) read++;
		});
		await open("/settings?tab=tokens");
		await userEvent.click(await screen.findByRole("button", { name: "Revoke deploy" }));
		await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
		expect(revoked).toEqual([]);
		const before = read;
		await userEvent.click(screen.getByRole("button", { name: "Revoke deploy" }));
		await userEvent.click(await screen.findByRole("button", { name: "Revoke" }));
		await waitFor(() => expect(revoked).toHaveLength(1));
		await waitFor(() => expect(read).toBeGreaterThan(before));
		server.events.removeAllListeners();
	});
	it("says in the form why an account was not made, and keeps what was typed", async () => {
		server.use(http.post("*/api/users", () => problem(409, "There is an account of this name.")));
		await open("/settings?tab=users");
		await userEvent.click(await screen.findByRole("button", { name: "Add a person" }));
		const dialog = within(await screen.findByRole("dialog"));
		await userEvent.type(dialog.getByLabelText("Name"), "maria");
		await userEvent.type(dialog.getByLabelText("Password"), "long enough");
		await userEvent.click(dialog.getByRole("button", { name: "Save" }));
		expect((await dialog.findByRole("alert")).textContent).toBe("There is an account of this name.");
		expect((dialog.getByLabelText("Name") as HTMLInputElement).value).toBe("maria");
	});
});
