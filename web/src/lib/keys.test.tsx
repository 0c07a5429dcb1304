import { render } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onKeyDown, useKeys } from "./keys.ts";

let done: string[] = [];

function Screen({ keys }: { keys: string[] }) {
	useKeys(keys.map((one) => ({ keys: one, label: one, group: "Test", run: () => done.push(one) })));
	return <input type="search" />;
}

function Part({ of }: { of: string }) {
	useKeys([{ keys: "r", label: of, group: "Test", run: () => done.push(of) }]);
	return null;
}

function press(key: string, more: { at?: number; ctrlKey?: boolean; target?: Element | null } = {}) {
	const event = new KeyboardEvent("keydown", { key, ctrlKey: more.ctrlKey, cancelable: true });
	Object.defineProperty(event, "target", { value: more.target ?? document.body });
	onKeyDown(event, more.at ?? 0);
}

beforeEach(() => {
	done = [];
});
afterEach(() => press("Escape", { at: 1e9 })); // no key waits for a second one

describe("keys", () => {
	it("are one press, or two in a row within a moment", () => {
		render(<Screen keys={["j", "g j"]} />);
		press("j");
		press("g", { at: 1_000 });
		press("j", { at: 1_500 });
		press("g", { at: 5_000 });
		press("j", { at: 9_000 }); // too late for a sequence
		expect(done).toEqual(["j", "g j", "j"]);
	});
	it("belong to the field while one is typed in, but for those with Ctrl", () => {
		const { container } = render(<Screen keys={["r", "Mod+k"]} />);
		const target = container.querySelector("input");
		press("r", { target });
		press("k", { ctrlKey: true, target });
		expect(done).toEqual(["Mod+k"]);
	});
	it("rest while a dialog is open", () => {
		render(
			<div role="dialog">
				<Screen keys={["r"]} />
			</div>,
		);
		press("r");
		expect(done).toEqual([]);
	});
	it("of a screen win over those of the frame, and go with it", () => {
		render(<Part of="frame" />);
		const screen = render(<Part of="screen" />);
		press("r");
		screen.unmount();
		press("r");
		expect(done).toEqual(["screen", "frame"]);
	});
});
