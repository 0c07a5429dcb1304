// What this browser remembers of its person: theme, time zone, refresh. Kept in localStorage, shared between tabs.
import { useSyncExternalStore } from "react";

export const REFRESH_CHOICES_MS = [2_000, 5_000, 10_000, 30_000, 60_000, 0] as const; // 0 = paused
export type Theme = "system" | "light" | "dark";
export type ZoneMode = "job" | "browser" | "utc";

export interface Settings {
	theme: Theme;
	zone: ZoneMode;
	refreshMs: number;
}

const KEY = "belfry.settings";
const DEFAULTS: Settings = { theme: "system", zone: "browser", refreshMs: 5_000 };
const listeners = new Set<() => void>();
let current = read();

/** Takes what is usable of a stored text; the rest is default. */
export function parseSettings(text: string | null): Settings {
	let stored: Partial<Settings> = {};
	try {
		stored = (JSON.parse(text ?? "{}") ?? {}) as Partial<Settings>;
	} catch {
		// not ours
	}
	return {
		theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : DEFAULTS.theme,
		zone: stored.zone === "job" || stored.zone === "utc" ? stored.zone : DEFAULTS.zone,
		refreshMs: (REFRESH_CHOICES_MS as readonly number[]).includes(stored.refreshMs ?? -1)
			? (stored.refreshMs as number)
			: DEFAULTS.refreshMs,
	};
}

function read(): Settings {
	try {
		return parseSettings(localStorage.getItem(KEY));
	} catch {
		return DEFAULTS; // storage is forbidden
	}
}

function changed() {
	document.documentElement.dataset.theme = current.theme;
	for (const listener of listeners) listener();
}

export function settings(): Settings {
	return current;
}

export function changeSettings(change: Partial<Settings>) {
	current = { ...current, ...change };
	try {
		localStorage.setItem(KEY, JSON.stringify(current));
	} catch {
		// stays for this tab
	}
	changed();
}

export function onSettings(listener: () => void): () => void {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

export function useSettings(): Settings {
	return useSyncExternalStore(onSettings, settings);
}

/** Call once before the first render. */
export function startSettings() {
	changed();
	window.addEventListener("storage", (event) => {
		if (event.key !== KEY) return;
		current = read();
		changed();
	});
}
