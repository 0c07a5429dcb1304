// Lines over time in milliseconds, by uPlot. Import only from lazy parts: it is not needed for the first load.
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useMedia } from "../lib/media.ts";
import { useSettings } from "../lib/settings.ts";
import { duration } from "../lib/time.ts";
import { tickText } from "./TimeAxis.tsx";

export interface Line {
	name: string;
	values: (number | null)[];
	token: string; // CSS variable of its colour
}

const HEIGHT = 170;

/** The colour of a token as canvas understands it. */
function colour(token: string): string {
	const probe = document.createElement("span");
	probe.style.color = `var(${token})`;
	document.body.append(probe);
	const found = getComputedStyle(probe).color;
	probe.remove();
	return found;
}

export function TimeSeries({
	label,
	times,
	lines,
	zone,
}: {
	label: string;
	times: number[]; // seconds
	lines: Line[];
	zone: string;
}) {
	const box = useRef<HTMLDivElement>(null);
	const { theme } = useSettings();
	const dark = useMedia("(prefers-color-scheme: dark)");
	const shape = JSON.stringify([times.length, lines.map((line) => line.name), theme, dark, zone]);
	const plot = useRef<UPlot | null>(null);
	const data = [times, ...lines.map((line) => line.values)] as UPlot.AlignedData;

	// biome-ignore lint/correctness/useExhaustiveDependencies: made anew for another shape or theme; data is set below
	useEffect(() => {
		const element = box.current;
		if (!element) return;
		const axis = {
			stroke: colour("--ink-faint"),
			grid: { stroke: colour("--line"), width: 1 },
			ticks: { show: false },
		};
		const made = new UPlot(
			{
				width: element.clientWidth,
				height: HEIGHT,
				legend: { live: false },
				cursor: { y: false },
				tzDate: (at) => UPlot.tzDate(new Date(at * 1_000), zone),
				axes: [
					{ ...axis, values: (_, splits) => splits.map((at) => tickText(at * 1_000, zone)) },
					{ ...axis, size: 62, values: (_, splits) => splits.map((value) => duration(value)) },
				],
				series: [
					{},
					...lines.map((line) => ({
						label: line.name,
						stroke: colour(line.token),
						width: 2,
						points: { show: times.length < 40 },
					})),
				],
			},
			data,
			element,
		);
		plot.current = made;
		const watcher = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
		watcher.observe(element);
		return () => {
			watcher.disconnect();
			made.destroy();
			plot.current = null;
		};
	}, [shape]);
	useEffect(() => plot.current?.setData(data));
	return (
		<div ref={box} role="img" aria-label={label} className="min-h-48 w-full min-w-0 overflow-hidden text-ink-soft" />
	);
}
