// Keyboard: screens register what their keys do, the `?` sheet lists it. A press in a text field belongs to the field.
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface KeyAction {
	keys: string; // "/", "j", "g j", "Mod+k"
	label: string; // "Next row"
	group: string; // heading on the sheet
	run: () => void;
}

const SEQUENCE_MS = 1_200;
let registered: KeyAction[][] = [];
let snapshot: KeyAction[] = [];
let first: { key: string; at: number } | null = null; // the "g" of "g j"
const listeners = new Set<() => void>();

function changed() {
	snapshot = registered.flat();
	for (const listener of listeners) listener();
}

/** The name of a press as KeyAction.keys writes it. */
export function nameOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">): string {
	return event.ctrlKey || event.metaKey ? `Mod+${event.key.toLowerCase()}` : event.key;
}

export function belongsToField(target: EventTarget | null): boolean {
	const element = target as HTMLElement | null;
	if (!element?.tagName) return false;
	if (element.isContentEditable || element.tagName === "TEXTAREA" || element.tagName === "SELECT") return true;
	return element.tagName === "INPUT" && !["checkbox", "radio", "button"].includes((element as HTMLInputElement).type);
}

function dialogIsOpen(): boolean {
	return document.querySelector('[role="dialog"],[role="alertdialog"]') !== null;
}

export function onKeyDown(event: KeyboardEvent, now = Date.now()) {
	const name = nameOf(event);
	if (event.altKey || event.isComposing) return;
	if (!name.startsWith("Mod+") && (belongsToField(event.target) || dialogIsOpen())) return;
	const sequence = first && now - first.at < SEQUENCE_MS ? `${first.key} ${name}` : name;
	// the screen's own keys win over the shell's: it registered later
	const find = (keys: string) => snapshot.findLast((action) => action.keys === keys);
	const action = find(sequence) ?? find(name);
	first = !first && snapshot.some((one) => one.keys.startsWith(`${name} `)) ? { key: name, at: now } : null;
	if (!action) return;
	first = null;
	event.preventDefault();
	action.run();
}

/** Registers keys while the component is there. */
export function useKeys(actions: KeyAction[]) {
	const latest = useRef(actions);
	latest.current = actions;
	const shape = actions.map((action) => `${action.keys}\t${action.label}`).join("\n");
	// biome-ignore lint/correctness/useExhaustiveDependencies: shape stands for the actions; their functions are read at the press
	useEffect(() => {
		const mine = latest.current.map((action, index) => ({ ...action, run: () => latest.current[index]?.run() }));
		registered = [...registered, mine];
		changed();
		return () => {
			registered = registered.filter((one) => one !== mine);
			changed();
		};
	}, [shape]);
}

export function useKeyActions(): KeyAction[] {
	return useSyncExternalStore(
		(listener) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		() => snapshot,
	);
}
