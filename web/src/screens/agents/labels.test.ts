import { describe, expect, it } from "vitest";
import { labelsText, parseLabels } from "./labels.ts";

describe("labels", () => {
	it("reads what it writes", () => {
		const labels = { env: "prod", role: "web", note: "a=b" };
		expect(parseLabels(labelsText(labels))).toEqual(labels);
		expect(parseLabels("")).toEqual({});
	});
	it("refuses a part without a name", () => {
		expect(() => parseLabels("env")).toThrow("name=value");
		expect(() => parseLabels("=prod")).toThrow("name=value");
	});
});
