// A present that ticks while the tab is seen: one timer for all readers.
import { useSyncExternalStore } from "react";

let present = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;
const listeners = new Set<() => void>();

function tick() {
	if (typeof document !== "undefined" && document.hidden) return;
	present = Date.now();
	for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
	listeners.add(listener);
	timer ??= setInterval(tick, 1_000);
	return () => {
		listeners.delete(listener);
		if (listeners.size === 0 && timer) {
			clearInterval(timer);
			timer = null;
		}
	};
}

/** Wall ms, renewed each second. */
export function useNow(): number {
	return useSyncExternalStore(subscribe, () => present);
}
