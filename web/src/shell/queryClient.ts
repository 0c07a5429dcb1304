// Polling: every question asks again at the chosen interval; a hidden tab asks nothing; a failure keeps the old data.
import { QueryClient } from "@tanstack/react-query";
import { connection } from "../api/connection.ts";
import { asApiError } from "../api/problem.ts";
import { PAGES_POLLED_MAX } from "../lib/pages.ts";
import { onSettings, settings } from "../lib/settings.ts";

const PROBE_MS = 2_000;

export function makeQueryClient(): QueryClient {
	const client = new QueryClient({
		defaultOptions: {
			queries: {
				refetchInterval: (query) => {
					const pages = (query.state.data as { pages?: unknown[] } | undefined)?.pages;
					if (pages && pages.length > PAGES_POLLED_MAX) return false;
					return settings().refreshMs || false;
				},
				refetchIntervalInBackground: false,
				refetchOnWindowFocus: () => settings().refreshMs > 0, // paused is paused
				networkMode: "always", // loopback works without a network
				staleTime: 1_000,
				gcTime: 10 * 60_000,
				retry: (failures, error) => {
					const kind = asApiError(error).kind;
					return kind === "server" && failures < 1;
				},
			},
			mutations: { networkMode: "always", retry: false },
		},
	});
	let refreshMs = settings().refreshMs;
	onSettings(() => {
		if (settings().refreshMs === refreshMs) return;
		refreshMs = settings().refreshMs;
		if (refreshMs) void client.invalidateQueries();
	});
	return client;
}

/** While central or its database is away: knock, and ask everything anew when it answers. Works while polling is paused too. */
export function watchForReturn(client: QueryClient): () => void {
	const timer = setInterval(async () => {
		if (connection().away === null || document.hidden) return;
		try {
			const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(PROBE_MS) });
			if (answer.ok) await client.invalidateQueries();
		} catch {
			// still away
		}
	}, PROBE_MS);
	return () => clearInterval(timer);
}
