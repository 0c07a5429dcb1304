// Short notes at the edge of the screen: `toast("Paused nightly-report")`. Errors stay until they are closed.
import { useSyncExternalStore } from "react";
import { asApiError } from "../api/problem.ts";

interface Toast {
	id: number;
	text: string;
	bad: boolean;
}

const SHOWN_MS = 5_000;
const SHOWN_MAX = 4;
let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: Toast[]) {
	toasts = next;
	for (const listener of listeners) listener();
}

function close(id: number) {
	set(toasts.filter((one) => one.id !== id));
}

export function toast(text: string, bad = false) {
	const id = nextId++;
	set([...toasts.filter((one) => one.text !== text), { id, text, bad }].slice(-SHOWN_MAX));
	if (!bad) setTimeout(() => close(id), SHOWN_MS);
}

/** For onError of a mutation. */
export function toastError(error: unknown) {
	const known = asApiError(error);
	if (known.kind !== "unauthorized") toast(known.message, true);
}

function subscribe(listener: () => void) {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

export function ToastHost() {
	const shown = useSyncExternalStore(subscribe, () => toasts);
	return (
		<div
			role="status"
			aria-live="polite"
			className="pointer-events-none fixed inset-x-3 bottom-3 z-50 flex flex-col items-end gap-2 sm:left-auto sm:w-96"
		>
			{shown.map((one) => (
				<div
					key={one.id}
					className="pointer-events-auto flex w-full items-start gap-2 rounded-lg border border-line bg-raised px-3.5 py-2.5 shadow-[0_6px_24px_var(--shadow)]"
				>
					<span aria-hidden="true" className={one.bad ? "text-bad" : "text-good"}>
						{one.bad ? "✕" : "✓"}
					</span>
					<span className="min-w-0 flex-1 break-words">{one.text}</span>
					<button
						type="button"
						aria-label="Close this note"
						className="text-ink-faint hover:text-ink"
						onClick={() => close(one.id)}
					>
						×
					</button>
				</div>
			))}
		</div>
	);
}
