// Counts by status over time: good below, everything else above it in a lane of its own scale, so that one failure among
// a million successes is still seen.
import { useId } from "react";
import { EXECUTION_STATUSES, look, TONE_FILL } from "../lib/status.ts";

export interface Bucket {
	t: string;
	byStatus: Partial<Record<string, number>>;
}

const WIDTH = 720;
const GOOD = 150;
const BAD = 60;
const GAP = 3;

const BAD_STATUSES = EXECUTION_STATUSES.filter((status) => status !== "success" && status !== "skipped");

export function bucketSums(bucket: Bucket): { good: number; bad: number } {
	let bad = 0;
	for (const status of BAD_STATUSES) bad += bucket.byStatus[status] ?? 0;
	return { good: bucket.byStatus.success ?? 0, bad };
}

interface Props {
	buckets: Bucket[];
	label: string;
	name: (bucket: Bucket) => string; // "14:00"
	onOpen?: (bucket: Bucket) => void;
}

export function StackedBars({ buckets, label, name, onOpen }: Props) {
	const id = useId();
	const sums = buckets.map(bucketSums);
	const goodMax = Math.max(1, ...sums.map((sum) => sum.good));
	const badMax = Math.max(1, ...sums.map((sum) => sum.bad));
	const step = WIDTH / Math.max(1, buckets.length);
	const total = sums.reduce((all, sum) => ({ good: all.good + sum.good, bad: all.bad + sum.bad }), { good: 0, bad: 0 });
	return (
		<figure className="m-0 flex grow flex-col">
			<svg
				viewBox={`0 0 ${WIDTH} ${BAD + GOOD + 8}`}
				role="img"
				aria-labelledby={id}
				className="block h-52 w-full grow"
				preserveAspectRatio="none"
			>
				<title id={id}>{`${label}: ${total.good} successes, ${total.bad} failures`}</title>
				<line x1="0" x2={WIDTH} y1={BAD + 4} y2={BAD + 4} className="stroke-line" strokeWidth="1" />
				{buckets.map((bucket, index) => {
					const sum = sums[index] as { good: number; bad: number };
					const x = index * step + GAP / 2;
					const good = (sum.good / goodMax) * GOOD;
					let top = BAD;
					return (
						// biome-ignore lint/a11y/noStaticElementInteractions: the same is reached by the list of executions
						<g
							key={bucket.t}
							onClick={onOpen ? () => onOpen(bucket) : undefined}
							className={onOpen ? "cursor-pointer hover:opacity-75" : ""}
						>
							<title>{`${name(bucket)}: ${
								EXECUTION_STATUSES.filter((status) => bucket.byStatus[status])
									.map((status) => `${bucket.byStatus[status]} ${look(status).text.toLowerCase()}`)
									.join(", ") || "nothing"
							}`}</title>
							<rect x={index * step} y={0} width={step} height={BAD + GOOD + 8} className="fill-transparent" />
							<rect
								x={x}
								y={BAD + 8 + GOOD - Math.max(sum.good ? 2 : 0, good)}
								width={step - GAP}
								height={sum.good ? Math.max(2, good) : 0}
								rx={2}
								className="fill-good-fill"
							/>
							{BAD_STATUSES.map((status) => {
								const value = bucket.byStatus[status] ?? 0;
								if (!value) return null;
								const height = Math.max(3, (value / badMax) * (BAD - 4));
								top -= height;
								return (
									<rect
										key={status}
										x={x}
										y={top}
										width={step - GAP}
										height={height}
										rx={2}
										className={TONE_FILL[look(status).tone]}
									/>
								);
							})}
						</g>
					);
				})}
			</svg>
		</figure>
	);
}
