// The closing line that contrib/check reads: "N passed, N failed" alone on a line.
import type { Reporter, TestCase } from "vitest/node";

export default class ClosingLine implements Reporter {
	private passed = 0;
	private failed = 0;

	onTestCaseResult(test: TestCase) {
		if (test.result().state === "passed") this.passed++;
		else if (test.result().state === "failed") this.failed++;
	}

	onTestRunEnd(_modules: unknown, errors: readonly unknown[]) {
		process.stdout.write(`\n${this.passed} passed, ${this.failed + errors.length} failed\n`);
	}
}
