// From a wall clock in a zone to the instant, and back. Pure.
import { partsOf } from "./time.ts";

/**
 * "2026-03-29T02:30" in a zone -> wall ms. A time that a clock change leaves out is moved forward by the gap; one that
 * comes twice is the first. null for what is no date.
 */
export function zonedInstant(local: string, zone: string): number | null {
	const wanted = Date.parse(`${local}Z`);
	if (Number.isNaN(wanted)) return null;
	const offsetAt = (at: number) => {
		const { date, clock } = partsOf(at, zone);
		return Date.parse(`${date}T${clock}Z`) - Math.floor(at / 1000) * 1000;
	};
	const before = offsetAt(wanted - 86_400_000);
	const after = offsetAt(wanted + 86_400_000);
	for (const offset of [Math.max(before, after), Math.min(before, after)]) {
		if (offsetAt(wanted - offset) === offset) return wanted - offset;
	}
	return wanted - before;
}

/** What a datetime-local field shows for an instant: its minute on the zone's wall clock. */
export function fieldText(at: string | undefined, zone: string): string {
	if (!at) return "";
	const { date, clock } = partsOf(at, zone);
	return `${date}T${clock.slice(0, 5)}`;
}
