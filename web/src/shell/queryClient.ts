// Polling: every question asks again at the chosen interval; a hidden tab asks nothing; a failure keeps the old data.
import { QueryClient } from "@tanstack/react-query";
import { connection, connectionFailed } from "../api/connection.ts";
import { asApiError } from "../api/problem.ts";
import { PAGES_POLLED_MAX } from "../lib/pages.ts";
import { onSettings, settings } from "../lib/settings.ts";

const PROBE_MS = 2_000;
const KNOCK_MS = 5_000; // a busy central is not away
const QUIET_TURNS = 5; // without an answer: then it is asked for one

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

/**
 * Knocks at central: while it or its database is away, to ask everything anew when it answers; and when nothing was asked for
 * a while, since polling is paused or slow, so that the banner does not wait for somebody's click.
 */
export function watchConnection(client: QueryClient): () => void {
	let quiet = 0; // turns since something was asked or knocked for
	let heard = connection().lastAnswerAt;
	let knocking = false;
	const timer = setInterval(async () => {
		if (document.hidden || knocking) return;
		const { away, lastAnswerAt } = connection();
		quiet = lastAnswerAt === heard ? quiet + 1 : 0;
		heard = lastAnswerAt;
		if (away === null && quiet < QUIET_TURNS) return;
		quiet = 0;
		knocking = true;
		const found = await knock();
		knocking = false;
		if (found !== "ready") connectionFailed(found);
		else if (away !== null) await client.invalidateQueries();
	}, PROBE_MS);
	return () => clearInterval(timer);
}

/** Who does not answer. */
async function knock(): Promise<"ready" | "central" | "database"> {
	try {
		const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(KNOCK_MS) });
		return answer.ok ? "ready" : answer.status === 503 ? "database" : "central";
	} catch {
		return "central";
	}
}
