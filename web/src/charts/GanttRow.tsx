// One row of bars over a length, as in the waterfall of an execution.
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
	height?: number;
	label: string;
}

const UNITS = 1_000;

export function GanttRow({ from, to, spans, height = 20, label }: Props) {
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
		</svg>
	);
}
