// Instants as people read them. Pure: zone and present are arguments.
import type { ZoneMode } from "./settings.ts";

const formats = new Map<string, Intl.DateTimeFormat>();

export function browserZone(): string {
	return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** The zone to show an instant in; things without a zone of their own are shown in the browser's. */
export function zoneFor(mode: ZoneMode, jobZone?: string | null): string {
	if (mode === "utc") return "UTC";
	return mode === "job" && jobZone ? jobZone : browserZone();
}

function format(zone: string, style: string): Intl.DateTimeFormat {
	const key = `${style} ${zone}`;
	let made = formats.get(key);
	if (!made) {
		const options: Intl.DateTimeFormatOptions = {
			timeZone: zone,
			hourCycle: "h23",
			year: "numeric",
			month: "2-digit",
			day: "2-digit",
			hour: "2-digit",
			minute: "2-digit",
			second: "2-digit",
			...(style === "millis" ? { fractionalSecondDigits: 3 } : {}),
			...(style === "offset" ? { timeZoneName: "longOffset" } : {}),
		};
		try {
			made = new Intl.DateTimeFormat("en-CA", options);
		} catch {
			made = new Intl.DateTimeFormat("en-CA", { ...options, timeZone: "UTC" }); // a zone this browser does not know
		}
		formats.set(key, made);
	}
	return made;
}

interface Parts {
	date: string; // 2026-03-29
	clock: string; // 03:00:00
}

export function partsOf(at: string | number, zone: string, millis = false): Parts {
	const parts: Record<string, string> = {};
	for (const part of format(zone, millis ? "millis" : "plain").formatToParts(new Date(at)))
		parts[part.type] = part.value;
	const fraction = millis ? `.${parts.fractionalSecond}` : "";
	return {
		date: `${parts.year}-${parts.month}-${parts.day}`,
		clock: `${parts.hour}:${parts.minute}:${parts.second}${fraction}`,
	};
}

/** "14:03:10" today, "2026-03-29 14:03:10" on other days. */
export function instant(at: string | number, zone: string, now = Date.now(), millis = false): string {
	const { date, clock } = partsOf(at, zone, millis);
	return date === partsOf(now, zone).date ? clock : `${date} ${clock}`;
}

/** "+02:00" */
export function offsetOf(at: string | number, zone: string): string {
	const name = format(zone, "offset")
		.formatToParts(new Date(at))
		.find((part) => part.type === "timeZoneName")?.value;
	return name === "GMT" || !name ? "+00:00" : name.replace("GMT", "");
}

const STEPS: [number, string][] = [
	[86_400_000, "d"],
	[3_600_000, "h"],
	[60_000, "min"],
	[1_000, "s"],
];

/** "420 ms", "3.2 s", "1 min 5 s", "2 h 3 min"; null is a dash. */
export function duration(ms: number | null | undefined): string {
	if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
	const sign = ms < 0 ? "-" : "";
	const size = Math.abs(ms);
	if (size < 10) return `${sign}${trim(size, 1)} ms`;
	if (size < 1_000) return `${sign}${Math.round(size)} ms`;
	if (size < 60_000) return `${sign}${trim(size / 1_000, size < 10_000 ? 2 : 1)} s`;
	const rounded = Math.round(size / 1_000) * 1_000;
	const index = STEPS.findIndex(([step]) => rounded >= step);
	const [step, unit] = STEPS[index] as [number, string];
	const [small, smallUnit] = STEPS[index + 1] as [number, string];
	const rest = Math.floor((rounded % step) / small);
	return `${sign}${Math.floor(rounded / step)} ${unit}${rest ? ` ${rest} ${smallUnit}` : ""}`;
}

function trim(value: number, digits: number): string {
	return String(Number(value.toFixed(digits)));
}

/** "in 3 min", "2 h ago", "now". */
export function relative(at: string | number, now: number): string {
	const distance = new Date(at).getTime() - now;
	const size = Math.abs(distance);
	if (size < 1_000) return "now";
	const index = STEPS.findIndex(([step]) => size >= step);
	const [step, unit] = STEPS[index] as [number, string];
	const text = `${Math.floor(size / step)} ${unit}`;
	return distance > 0 ? `in ${text}` : `${text} ago`;
}

/** "1,234", "12.3 k", "5.0 M" */
export function count(value: number): string {
	if (value < 10_000) return value.toLocaleString("en-US");
	if (value < 1_000_000) return `${trim(value / 1_000, value < 100_000 ? 1 : 0)} k`;
	return `${trim(value / 1_000_000, 1)} M`;
}

export function percent(share: number | null | undefined): string {
	if (share === null || share === undefined) return "–";
	if (share === 1) return "100%";
	const value = share * 100;
	return `${value >= 99.9 ? "99.9+" : trim(Math.floor(value * 10) / 10, 1)}%`;
}

export function plural(number: number, one: string, many = `${one}s`): string {
	return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;
}
