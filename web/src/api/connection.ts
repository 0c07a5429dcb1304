// Whether central and its database answer, and since when not. Each answer of the API is told here; the banner reads it.
import { useSyncExternalStore } from "react";

export interface Connection {
	away: null | "central" | "database";
	since: number | null; // wall ms of the first failure in a row
	lastAnswerAt: number | null; // of the last good answer
}

let state: Connection = { away: null, since: null, lastAnswerAt: null };
const listeners = new Set<() => void>();

function set(next: Connection) {
	state = next;
	for (const listener of listeners) listener();
}

export function connectionFailed(away: "central" | "database", now = Date.now()) {
	if (state.away === away) return;
	set({ ...state, away, since: state.since ?? now });
}

export function connectionAnswered(now = Date.now()) {
	if (state.away === null) state.lastAnswerAt = now;
	else set({ away: null, since: null, lastAnswerAt: now });
}

export function connection(): Connection {
	return state;
}

export function useConnection(): Connection {
	return useSyncExternalStore(subscribe, connection);
}

function subscribe(listener: () => void) {
	listeners.add(listener);
	return () => listeners.delete(listener);
}
