// "Are you sure", with the consequence in words: `if (await confirm({...})) ...`. ConfirmHost stands once in the shell.
import { type ReactNode, useSyncExternalStore } from "react";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";

export interface Question {
	title: string; // "Delete nightly-report?"
	consequence: ReactNode; // what will happen, in a sentence
	action: string; // the button: "Delete"
	danger?: boolean;
}

interface Asked extends Question {
	answer: (yes: boolean) => void;
}

let asked: Asked | null = null;
const listeners = new Set<() => void>();

function set(next: Asked | null) {
	asked = next;
	for (const listener of listeners) listener();
}

export function confirm(question: Question): Promise<boolean> {
	asked?.answer(false);
	return new Promise((resolve) => set({ ...question, answer: resolve }));
}

function subscribe(listener: () => void) {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

export function ConfirmHost() {
	const question = useSyncExternalStore(subscribe, () => asked);
	if (!question) return null;
	const close = (yes: boolean) => {
		set(null);
		question.answer(yes);
	};
	return (
		<Dialog
			open
			onClose={() => close(false)}
			title={question.title}
			footer={
				<>
					<Button onClick={() => close(false)}>Cancel</Button>
					<Button kind={question.danger ? "danger" : "primary"} onClick={() => close(true)}>
						{question.action}
					</Button>
				</>
			}
		>
			<div className="text-ink-soft">{question.consequence}</div>
		</Dialog>
	);
}
