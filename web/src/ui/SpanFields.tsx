// From when to when: two fields in the zone of the switch, and the usual spans up to now.
import { useSettings } from "../lib/settings.ts";
import { zoneFor } from "../lib/time.ts";
import { fieldText, zonedInstant } from "../lib/zoned.ts";
import { Button } from "./Button.tsx";

interface Span {
	from?: string;
	to?: string;
}

const SPANS: [string, number][] = [
	["15 min", 0.25],
	["1 h", 1],
	["24 h", 24],
	["7 days", 168],
];

export function SpanFields({ from, to, change }: Span & { change: (span: Span) => void }) {
	const zone = zoneFor(useSettings().zone);
	const read = (value: string) => {
		const at = zonedInstant(value, zone);
		return at === null ? undefined : new Date(at).toISOString();
	};
	return (
		<div className="flex flex-wrap items-center gap-x-2 gap-y-1.5">
			<label className="flex grow items-center gap-2 text-ink-soft sm:grow-0">
				<span className="w-9 sm:w-auto">From</span>
				<input
					type="datetime-local"
					className="field grow"
					title={`In ${zone}`}
					value={fieldText(from, zone)}
					onChange={(event) => change({ from: read(event.target.value), to })}
				/>
			</label>
			<label className="flex grow items-center gap-2 text-ink-soft sm:grow-0">
				<span className="w-9 sm:w-auto">to</span>
				<input
					type="datetime-local"
					className="field grow"
					title={`In ${zone}`}
					value={fieldText(to, zone)}
					onChange={(event) => change({ from, to: read(event.target.value) })}
				/>
			</label>
			<div className="flex">
				{SPANS.map(([name, hours]) => (
					<Button
						key={name}
						small
						kind="quiet"
						aria-label={`The last ${name}`}
						onClick={() => change({ from: new Date(Date.now() - hours * 3_600_000).toISOString(), to: undefined })}
					>
						{name}
					</Button>
				))}
			</div>
		</div>
	);
}
