import { describe, expect, it } from "vitest";
import { toggleStatus } from "./ExecutionFilters.tsx";

describe("the filters of executions", () => {
	it("adds a state in the fixed order and takes it away again", () => {
		expect(toggleStatus(undefined, "timeout")).toBe("timeout");
		expect(toggleStatus("timeout", "failed")).toBe("failed,timeout");
		expect(toggleStatus("failed,timeout", "timeout")).toBe("failed");
		expect(toggleStatus("failed", "failed")).toBeUndefined();
	});
});
