import { screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { open } from "../../test/open.tsx";

it("sends somebody without a session to the login, once, with the way back", async () => {
	const { router } = await open("/jobs?q=mail", null);
	await screen.findByRole("button", { name: "Log in" });
	await waitFor(() => expect(router.state.location.search).toEqual({ next: "/jobs?q=mail" }));
});
