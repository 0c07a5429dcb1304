// State as glyph + text + colour.
import { look, TONE_SOFT, TONE_TEXT } from "../lib/status.ts";

/** "✓ Success" on a soft ground. */
export function Mark({ state, text, title }: { state: string; text?: string; title?: string }) {
	const { glyph, text: known, tone } = look(state);
	return (
		<span
			title={title}
			className={`inline-flex items-baseline gap-1 whitespace-nowrap rounded-full px-2 py-px text-[0.93rem] font-medium ${TONE_SOFT[tone]}`}
		>
			<span aria-hidden="true" className="w-[1em] text-center text-[0.86em] leading-none">
				{glyph}
			</span>
			{text ?? known}
		</span>
	);
}

/** The same without ground, for rows of tables. */
export function PlainMark({ state, text, title }: { state: string; text?: string; title?: string }) {
	const { glyph, text: known, tone } = look(state);
	return (
		<span title={title} className={`inline-flex items-baseline gap-1.5 whitespace-nowrap ${TONE_TEXT[tone]}`}>
			<span aria-hidden="true" className="w-[1em] text-center text-[0.86em] leading-none">
				{glyph}
			</span>
			{text ?? known}
		</span>
	);
}

/** Of an execution that another agent has a record of too, beside its state. */
export function DoubledMark({ doubled }: { doubled: boolean }) {
	return doubled ? <PlainMark state="doubled" title="Another agent decided this fire too; it counts once." /> : null;
}
