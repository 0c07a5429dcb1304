import { Link } from "@tanstack/react-router";
import { TONE_TEXT, type Tone } from "../../lib/status.ts";

interface Props {
	name: string;
	value: string;
	note: string;
	to: string;
	search?: Record<string, unknown>;
	tone?: Tone;
}

/** One figure that leads to what is behind it. */
export function Tile({ name, value, note, to, search = {}, tone }: Props) {
	return (
		<Link to={to} search={search} className="card block min-w-0 px-4 py-3 hover:border-line-strong">
			<span className="block text-ink-faint">{name}</span>
			<span
				className={`my-0.5 block truncate text-[1.6rem] font-semibold leading-tight tracking-[-0.02em] ${tone ? TONE_TEXT[tone] : "text-ink"}`}
			>
				{value}
			</span>
			<span className="block text-[0.93rem] text-ink-faint">{note}</span>
		</Link>
	);
}
