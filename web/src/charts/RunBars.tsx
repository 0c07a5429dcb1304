// Runs as bars, oldest left; the height is the logarithm of the duration, so that both 20 ms and 20 s are seen.
import type { Execution } from "../api/types.ts";
import { look, TONE_FILL } from "../lib/status.ts";
import { duration } from "../lib/time.ts";
import { runSentence } from "./RunStrip.tsx";

const HEIGHT = 84;
const WIDTH = 1_000;

/** Shares of the height, 0.12 to 1. Runs that were never sent have the smallest. */
export function heights(durations: readonly (number | null)[]): number[] {
	const logs = durations.map((ms) => (ms === null ? null : Math.log10(Math.max(1, ms))));
	const known = logs.filter((log) => log !== null);
	const low = Math.min(...known, 1);
	const high = Math.max(...known, low + 1);
	return logs.map((log) => (log === null ? 0.12 : 0.2 + (0.8 * (log - low)) / (high - low)));
}

interface Props {
	executions: Execution[]; // newest first
	slots: number;
	onOpen: (one: Execution) => void;
}

export function RunBars({ executions, slots, onOpen }: Props) {
	const bars = executions.slice(0, slots).toReversed();
	const step = WIDTH / slots;
	const start = slots - bars.length;
	const shares = heights(bars.map((one) => one.durationMs));
	return (
		<svg
			viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
			preserveAspectRatio="none"
			role="img"
			aria-label={runSentence(bars.map((one) => one.status).toReversed())}
			className="block h-20 w-full"
		>
			<line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="stroke-line-strong" />
			{bars.map((one, index) => {
				const tall = (shares[index] ?? 0.12) * (HEIGHT - 4);
				const { text, tone } = look(one.status);
				return (
					// biome-ignore lint/a11y/noStaticElementInteractions: the list below has the same as links
					<g
						key={one.executionId + one.scheduledAt}
						className="cursor-pointer hover:opacity-70"
						onClick={() => onOpen(one)}
					>
						<title>{`${text}, ${duration(one.durationMs)}\n${one.scheduledAt}${one.reason ? `\n${one.reason}` : ""}`}</title>
						<rect x={(start + index) * step} y={0} width={step} height={HEIGHT} className="fill-transparent" />
						<rect
							x={(start + index) * step + 1}
							y={HEIGHT - 1 - tall}
							width={step - 2}
							height={tall}
							rx={1.5}
							className={TONE_FILL[tone]}
						/>
					</g>
				);
			})}
		</svg>
	);
}
