// From an agent's row of the timeline to what Track draws. Pure.
import type { TimelineRow } from "../../api/types.ts";

/** A stretch of a track; what it says is asked for when somebody points at it: a fleet has too many to have it ready. */
export interface Stretch {
	from: number; // wall ms
	to: number;
	share: number; // 0-1 of the height
	bad: boolean;
	title: () => string;
}

/** Bars of a row; `busiest` is the count that fills the height. */
export function barsOf(row: TimelineRow, stepMs: number, busiest: number): Stretch[] {
	return row.bars
		.filter((bar) => bar.success + bar.bad > 0)
		.map((bar) => {
			const at = Date.parse(bar.t);
			const all = bar.success + bar.bad;
			return {
				from: at,
				to: at + stepMs * 0.9,
				bad: bar.bad > 0,
				share: Math.max(0.2, Math.sqrt(all / Math.max(1, busiest))),
				title: () =>
					`${new Date(at).toISOString()}: ${all.toLocaleString("en-US")} executions, ${bar.bad.toLocaleString("en-US")} not successful`,
			};
		});
}

/** The most that ran in a step, as the next power of two: further rows seldom change it, and with it the height of all bars. */
export function busiestOf(rows: readonly TimelineRow[]): number {
	let most = 1;
	for (const row of rows) for (const bar of row.bars) most = Math.max(most, bar.success + bar.bad);
	return 2 ** Math.ceil(Math.log2(most));
}

export function offlineOf(row: TimelineRow, to: number): Stretch[] {
	return row.offline.map((one) => ({
		from: Date.parse(one.from),
		to: one.to ? Date.parse(one.to) : to,
		bad: false,
		share: 1,
		title: () => (one.to ? `Offline from ${one.from} to ${one.to}` : `Offline since ${one.from}`),
	}));
}

export function rowSentence(row: TimelineRow): string {
	const sums = row.bars.reduce((all, bar) => ({ good: all.good + bar.success, bad: all.bad + bar.bad }), {
		good: 0,
		bad: 0,
	});
	const windows = row.offline.length
		? `, offline ${row.offline.length === 1 ? "once" : `${row.offline.length} times`}`
		: "";
	return `${row.name}: ${sums.good} successes, ${sums.bad} others${windows}`;
}
