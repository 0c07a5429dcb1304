// Fires that are ahead: local time with its offset, how far away, notes of clock changes.
import type { Preview } from "../api/types.ts";
import { Ago } from "./Time.tsx";

interface Props {
	preview: Preview;
	skipped?: string[];
	none?: string; // what stands where no fire is ahead
	onSkip?: (at: string) => void;
}

export function FireList({ preview, skipped = [], none = "This schedule never fires.", onSkip }: Props) {
	const gone = new Set(skipped.map((at) => Date.parse(at)));
	return (
		<>
			{preview.note ? (
				<p className="mt-0 mb-2 rounded-[7px] bg-warn-soft px-3 py-1.5 text-warn">{preview.note}</p>
			) : null}
			{preview.fires.length === 0 ? (
				<p className="m-0 text-warn">{none}</p>
			) : (
				<ol className="m-0 list-none p-0">
					{preview.fires.map((fire) => {
						const skips = gone.has(Date.parse(fire.at));
						return (
							<li key={fire.at} className="group border-b border-line py-1 last:border-b-0">
								<div className="flex flex-wrap items-baseline gap-x-3">
									<time
										dateTime={fire.at}
										title={new Date(fire.at).toISOString()}
										className={`whitespace-nowrap ${skips ? "text-ink-faint line-through" : ""}`}
									>
										{weekday(fire.local)} {fire.local.replace("T", " ")}{" "}
										<span className="text-ink-faint">{fire.offset}</span>
									</time>
									<span className="ml-auto whitespace-nowrap text-ink-faint">
										{skips ? "will be skipped" : <Ago at={fire.at} />}
									</span>
									{onSkip && !skips ? (
										<button
											type="button"
											className="text-ink-faint underline-offset-2 hover:text-accent hover:underline"
											aria-label={`Skip the fire of ${fire.local.replace("T", " ")}`}
											onClick={() => onSkip(fire.at)}
										>
											Skip
										</button>
									) : null}
								</div>
								{fire.note ? <p className="m-0 text-[0.93rem] text-warn">{fire.note}</p> : null}
							</li>
						);
					})}
				</ol>
			)}
			<p className="mt-2 mb-0 text-[0.93rem] text-ink-faint">
				In {preview.timezone}, time zone data {preview.tzdata}
			</p>
		</>
	);
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export function weekday(local: string): string {
	return DAYS[new Date(`${local.slice(0, 10)}T00:00:00Z`).getUTCDay()] ?? "";
}
