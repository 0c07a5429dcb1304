// Round times along a stretch of time, for the head of rows that are drawn over it.
import { partsOf } from "../lib/time.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const STEPS = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440].map((minutes) => minutes * MINUTE);
const TICKS_MAX = 9;
const EDGE = 0.03; // of the length: labels nearer to an end than this would reach beyond it

export interface Tick {
	at: number;
	share: number; // 0-1 of the length
	text: string;
}

/** "14:00", or "11-29" where a day begins. */
export function tickText(at: number, zone: string): string {
	const { date, clock } = partsOf(at, zone);
	return clock === "00:00:00" ? date.slice(5) : clock.slice(0, 5);
}

/** Times that are round on the zone's wall clock, at most TICKS_MAX. Pure. */
export function ticks(from: number, to: number, zone: string): Tick[] {
	const step = STEPS.find((one) => (to - from) / one <= TICKS_MAX) ?? Math.ceil((to - from) / TICKS_MAX / DAY) * DAY;
	const made: Tick[] = [];
	const { date, clock } = partsOf(to, zone);
	const ahead = Date.parse(`${date}T${clock}Z`) - Math.floor(to / 1_000) * 1_000; // how far the zone is ahead of UTC
	for (let at = Math.ceil((from + ahead) / step) * step - ahead; at <= to; at += step) {
		const share = (at - from) / (to - from);
		if (share < EDGE || share > 1 - EDGE) continue;
		made.push({ at, share, text: tickText(at, zone) });
	}
	return made;
}

export function TimeAxis({ from, to, zone }: { from: number; to: number; zone: string }) {
	return (
		<span className="relative block h-5 w-full font-normal">
			{ticks(from, to, zone).map((tick) => (
				<span key={tick.at} className="absolute -translate-x-1/2" style={{ left: `${tick.share * 100}%` }}>
					{tick.text}
				</span>
			))}
		</span>
	);
}
