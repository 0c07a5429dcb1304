// The last runs as small bars, oldest left: colour and height say the state, words say it to those who do not see it.
import { look, TONE_FILL } from "../lib/status.ts";

const BAR = 5;
const GAP = 2;
const HEIGHT = 18;

export function runSentence(recent: readonly string[]): string {
	if (recent.length === 0) return "No runs yet";
	const counts = new Map<string, number>();
	for (const status of recent) counts.set(status, (counts.get(status) ?? 0) + 1);
	const parts = [...counts].map(([status, number]) => `${number} ${look(status).text.toLowerCase()}`);
	return `Last ${recent.length} runs: ${parts.join(", ")}`;
}

/** `recent` is newest first, as the API says it. */
export function RunStrip({ recent, slots = 20 }: { recent: readonly string[]; slots?: number }) {
	const bars = recent.slice(0, slots).toReversed();
	const start = slots - bars.length;
	return (
		<svg
			role="img"
			aria-label={runSentence(recent.slice(0, slots))}
			width={slots * (BAR + GAP) - GAP}
			height={HEIGHT}
			className="block"
		>
			<title>{runSentence(recent.slice(0, slots))}</title>
			{Array.from({ length: start }, (_, index) => (
				<rect
					// biome-ignore lint/suspicious/noArrayIndexKey: empty places
					key={`e${index}`}
					x={index * (BAR + GAP)}
					y={HEIGHT - 3}
					width={BAR}
					height={3}
					rx={1}
					className="fill-line"
				/>
			))}
			{bars.map((status, index) => {
				const good = status === "success";
				const idle = status === "skipped";
				const height = good ? 11 : idle ? 6 : HEIGHT;
				return (
					<rect
						// biome-ignore lint/suspicious/noArrayIndexKey: a place in time
						key={`b${index}`}
						x={(start + index) * (BAR + GAP)}
						y={HEIGHT - height}
						width={BAR}
						height={height}
						rx={1.5}
						className={TONE_FILL[look(status).tone]}
					/>
				);
			})}
		</svg>
	);
}
