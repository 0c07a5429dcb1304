import { expect, it } from "vitest";
import { parseSettings } from "./settings.ts";

it("takes what is usable of what was stored", () => {
	const stored = { theme: "dark", zone: "utc", refreshMs: 0 };
	expect(parseSettings(JSON.stringify(stored))).toEqual(stored);
	expect(parseSettings(JSON.stringify({ theme: "pink", zone: 7, refreshMs: 1 }))).toEqual(parseSettings(null));
	for (const text of [null, "", "null", "[", '"dark"']) expect(parseSettings(text).refreshMs).toBe(5_000);
});
