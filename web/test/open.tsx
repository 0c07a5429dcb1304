// Opens an address of the dashboard in a test, as somebody of a role.
import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRouter, RouterProvider } from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import type { Role } from "../src/api/types.ts";
import { routeTree } from "../src/router.tsx";
import { makeQueryClient } from "../src/shell/queryClient.ts";
import { fake } from "./fake/handlers.ts";

export async function open(address: string, role: Role | null = "admin") {
	fake.session = role ? { name: "maria", role, kind: "session", expiresAt: null } : null;
	const router = createRouter({ routeTree, history: createMemoryHistory({ initialEntries: [address] }) });
	const client = makeQueryClient();
	const shown = render(
		<QueryClientProvider client={client}>
			<RouterProvider router={router as never} />
		</QueryClientProvider>,
	);
	await screen.findAllByRole("heading", { level: 1 }, { timeout: 5_000 });
	return { ...shown, router, client };
}
