// Instants on screen: in the zone of the switch, with ISO in the tooltip.
import { useNow } from "../lib/now.ts";
import { useSettings } from "../lib/settings.ts";
import { instant, relative, zoneFor } from "../lib/time.ts";

interface Props {
	at: string | null | undefined;
	zone?: string | null; // of the job
	millis?: boolean;
	none?: string; // what stands for null
}

function tooltip(at: string, zone: string, zoned: string): string {
	return `${new Date(at).toISOString()}\n${zoned} (${zone})`;
}

export function Time({ at, zone, millis, none = "–" }: Props) {
	const mode = useSettings().zone;
	if (!at) return <span className="text-ink-faint">{none}</span>;
	const shown = zoneFor(mode, zone);
	return (
		<time dateTime={at} title={tooltip(at, shown, instant(at, shown, 0))} className="whitespace-nowrap">
			{instant(at, shown, Date.now(), millis)}
		</time>
	);
}

/** "in 3 min", "2 h ago", ticking. */
export function Ago({ at, zone, none = "–" }: Props) {
	const mode = useSettings().zone;
	const now = useNow();
	if (!at) return <span className="text-ink-faint">{none}</span>;
	const shown = zoneFor(mode, zone);
	return (
		<time dateTime={at} title={tooltip(at, shown, instant(at, shown, 0))} className="whitespace-nowrap">
			{relative(at, now)}
		</time>
	);
}
