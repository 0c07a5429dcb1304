import { describe, expect, it } from "vitest";
import { localField, toggleStatus } from "./ExecutionFilters.tsx";

describe("the filters of executions", () => {
	it("adds a state in the fixed order and takes it away again", () => {
		expect(toggleStatus(undefined, "timeout")).toBe("timeout");
		expect(toggleStatus("timeout", "failed")).toBe("failed,timeout");
		expect(toggleStatus("failed,timeout", "timeout")).toBe("failed");
		expect(toggleStatus("failed", "failed")).toBeUndefined();
	});
	it("shows an instant in the field that reads back as the same minute", () => {
		const at = "2026-07-05T10:20:00.000Z";
		expect(new Date(localField(at)).toISOString()).toBe(at);
		expect(localField(undefined)).toBe("");
	});
});
