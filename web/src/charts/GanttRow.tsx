// One row of a time line: bars, hatched spans, a line for now. Used by the waterfall of an execution and the fleet's time line.
import { TONE_FILL, type Tone } from "../lib/status.ts";

export interface Span {
	key: string;
	from: number; // any unit, same as the row's
	to: number;
	tone: Tone;
	title: string;
	share?: number; // 0-1 of the row's height
}

interface Props {
	from: number;
	to: number;
	spans: Span[];
	hatched?: { from: number; to: number; title: string }[];
	marks?: { at: number; title: string }[];
	now?: number;
	height?: number;
	label: string;
}

const UNITS = 1_000;

export function GanttRow({ from, to, spans, hatched = [], marks = [], now, height = 20, label }: Props) {
	const place = (at: number) => Math.max(0, Math.min(1, (at - from) / Math.max(1e-9, to - from))) * UNITS;
	return (
		<svg
			viewBox={`0 0 ${UNITS} ${height}`}
			preserveAspectRatio="none"
			role="img"
			aria-label={label}
			className="block w-full"
			height={height}
		>
			<rect x="0" y="0" width={UNITS} height={height} className="fill-sunken" />
			{hatched.map((one) => (
				<g key={`h${one.from}`}>
					<rect
						x={place(one.from)}
						y="0"
						width={Math.max(2, place(one.to) - place(one.from))}
						height={height}
						className="fill-idle-soft"
					/>
					<rect
						x={place(one.from)}
						y="0"
						width={Math.max(2, place(one.to) - place(one.from))}
						height={height}
						fill="url(#hatch)"
					>
						<title>{one.title}</title>
					</rect>
				</g>
			))}
			{spans.map((span) => {
				const tall = Math.max(3, (span.share ?? 1) * (height - 4));
				return (
					<rect
						key={span.key}
						x={place(span.from)}
						width={Math.max(2, place(span.to) - place(span.from))}
						y={(height - tall) / 2}
						height={tall}
						className={TONE_FILL[span.tone]}
					>
						<title>{span.title}</title>
					</rect>
				);
			})}
			{marks.map((mark) => (
				<line
					key={`m${mark.at}`}
					x1={place(mark.at)}
					x2={place(mark.at)}
					y1="0"
					y2={height}
					className="stroke-ink"
					vectorEffect="non-scaling-stroke"
				>
					<title>{mark.title}</title>
				</line>
			))}
			{now !== undefined && now >= from && now <= to ? (
				<line
					x1={place(now)}
					x2={place(now)}
					y1="0"
					y2={height}
					className="stroke-accent"
					strokeWidth="2"
					vectorEffect="non-scaling-stroke"
				/>
			) : null}
		</svg>
	);
}

/** The pattern of hatched spans; once on a page that has GanttRows. */
export function HatchPattern() {
	return (
		<svg width="0" height="0" aria-hidden="true" className="absolute">
			<defs>
				<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
					<line x1="0" y1="0" x2="0" y2="7" className="stroke-idle-fill" strokeWidth="3" />
				</pattern>
			</defs>
		</svg>
	);
}
