// An agent over time: bars are executions, hatched is offline. A fleet has tens of thousands of bars: those of a colour are one
// path, and nothing is drawn anew but the line that is now.
import { memo, type PointerEvent, useMemo, useRef } from "react";
import type { TimelineRow } from "../../api/types.ts";
import { useNow } from "../../lib/now.ts";
import { barsOf, offlineOf, rowSentence, type Stretch } from "./rows.ts";

const UNITS = 4_000; // whole numbers are finer than the screen, and quickly written
const NARROWEST = 8;

interface Props {
	row: TimelineRow;
	from: number; // wall ms
	to: number;
	stepMs: number;
	busiest: number; // the count that fills the height
	height: number;
}

/** The outlines of bars in a box of UNITS by `height`. Pure. */
export function outline(stretches: readonly Stretch[], from: number, to: number, height: number): string {
	const place = (at: number) => Math.max(0, Math.min(1, (at - from) / Math.max(1, to - from))) * UNITS;
	let path = "";
	for (const one of stretches) {
		const x = Math.round(place(one.from));
		const half = Math.round(Math.max(1.5, (one.share * (height - 4)) / 2));
		const wide = Math.max(NARROWEST, Math.round(place(one.to)) - x);
		path += `M${x} ${height / 2 - half}h${wide}v${2 * half}h${-wide}z`;
	}
	return path;
}

export function Track(props: Props) {
	return (
		<div className="relative">
			<Bars {...props} />
			<Silence {...props} />
			<NowLine from={props.from} to={props.to} />
		</div>
	);
}

const Bars = memo(function Bars({ row, from, to, stepMs, busiest, height }: Props) {
	const title = useRef<HTMLTitleElement>(null);
	const bars = useMemo(() => barsOf(row, stepMs, busiest), [row, stepMs, busiest]);
	const [good, bad] = useMemo(
		() =>
			[false, true].map((one) =>
				outline(
					bars.filter((bar) => bar.bad === one),
					from,
					to,
					height,
				),
			),
		[bars, from, to, height],
	);
	const tell = (event: PointerEvent<SVGSVGElement>) => {
		const box = event.currentTarget.getBoundingClientRect();
		const at = from + ((event.clientX - box.left) / box.width) * (to - from);
		const found = bars.find((one) => one.from <= at && at < one.from + stepMs);
		if (title.current) title.current.textContent = found?.title() ?? "";
	};
	return (
		<svg
			viewBox={`0 0 ${UNITS} ${height}`}
			preserveAspectRatio="none"
			role="img"
			aria-label={rowSentence(row)}
			className="block w-full"
			height={height}
			onPointerMove={tell}
		>
			<title ref={title} />
			<rect width={UNITS} height={height} className="fill-sunken" />
			<path d={good} className="fill-good-fill" />
			<path d={bad} className="fill-bad-fill" />
		</svg>
	);
});

/** Windows of silence. Not part of the drawing: it is stretched, and hatches would be with it. */
const Silence = memo(function Silence({ row, from, to }: Props) {
	const percent = (at: number) => Math.max(0, Math.min(100, (100 * (at - from)) / (to - from)));
	return offlineOf(row, to).map((one) => (
		<span
			key={one.from}
			title={one.title()}
			className="hatched absolute inset-y-0 min-w-0.5 bg-idle-soft"
			style={{ left: `${percent(one.from)}%`, width: `${percent(one.to) - percent(one.from)}%` }}
		/>
	));
});

function NowLine({ from, to }: { from: number; to: number }) {
	const share = (useNow() - from) / (to - from);
	return share >= 0 && share <= 1 ? (
		<span aria-hidden="true" className="absolute inset-y-0 w-0.5 bg-accent" style={{ left: `${share * 100}%` }} />
	) : null;
}
