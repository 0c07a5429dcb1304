// Bars of values on a logarithmic scale of time, with marks for the percentiles.
import { duration } from "../lib/time.ts";

const WIDTH = 520;
const HEIGHT = 110;

export interface Bin {
	fromMs: number;
	toMs: number;
	count: number;
}

/** Bins that grow by the same factor; values under 0.1 ms count as 0.1 ms. */
export function logBins(values: readonly number[], bins = 24): Bin[] {
	if (values.length === 0) return [];
	const logs = values.map((value) => Math.log10(Math.max(0.1, value)));
	const low = Math.min(...logs);
	const high = Math.max(...logs);
	const span = Math.max(0.3, high - low); // one value still has a width
	const start = low - (span - (high - low)) / 2;
	const made = Array.from({ length: bins }, (_, index) => ({
		fromMs: 10 ** (start + (span * index) / bins),
		toMs: 10 ** (start + (span * (index + 1)) / bins),
		count: 0,
	}));
	for (const log of logs) {
		const bin = made[Math.min(bins - 1, Math.floor(((log - start) / span) * bins))];
		if (bin) bin.count++;
	}
	return made;
}

export function Histogram({
	values,
	label,
	marks = [],
}: {
	values: number[];
	label: string;
	marks?: { name: string; ms: number }[];
}) {
	const bins = logBins(values);
	const highest = Math.max(1, ...bins.map((bin) => bin.count));
	const first = bins[0];
	const last = bins.at(-1);
	if (!first || !last) return null;
	const step = WIDTH / bins.length;
	const place = (ms: number) =>
		((Math.log10(Math.max(0.1, ms)) - Math.log10(first.fromMs)) / (Math.log10(last.toMs) - Math.log10(first.fromMs))) *
		WIDTH;
	const words = `${label}: ${values.length} values from ${duration(first.fromMs)} to ${duration(last.toMs)}${marks.map((mark) => `, ${mark.name} ${duration(mark.ms)}`).join("")}`;
	return (
		<figure className="m-0">
			<svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 34}`} role="img" aria-label={words} className="block h-auto w-full">
				{bins.map((bin, index) => (
					<rect
						key={bin.fromMs}
						x={index * step + 1}
						width={step - 2}
						y={22 + HEIGHT - (bin.count / highest) * HEIGHT}
						height={(bin.count / highest) * HEIGHT}
						rx={1.5}
						className="fill-accent"
						opacity={0.75}
					>
						<title>{`${duration(bin.fromMs)} to ${duration(bin.toMs)}: ${bin.count}`}</title>
					</rect>
				))}
				<line x1="0" x2={WIDTH} y1={22.5 + HEIGHT} y2={22.5 + HEIGHT} className="stroke-line-strong" />
				{marks.map((mark) => {
					const x = place(mark.ms);
					if (!(x >= 0 && x <= WIDTH)) return null;
					return (
						<g key={mark.name}>
							<line x1={x} x2={x} y1={16} y2={22 + HEIGHT} className="stroke-ink-soft" strokeDasharray="3 3" />
							<text
								x={x}
								y={11}
								textAnchor={x > WIDTH - 40 ? "end" : x < 40 ? "start" : "middle"}
								className="fill-ink-soft text-[11px]"
							>
								{mark.name}
							</text>
						</g>
					);
				})}
			</svg>
			<figcaption className="flex justify-between text-[0.86rem] text-ink-faint">
				<span>{duration(first.fromMs)}</span>
				<span>{duration(last.toMs)}</span>
			</figcaption>
		</figure>
	);
}
