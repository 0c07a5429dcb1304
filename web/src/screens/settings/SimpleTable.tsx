// A short table without sorting or paging.
import type { ReactNode } from "react";

export function SimpleTable({ label, children }: { label: string; children: ReactNode }) {
	return (
		// relative: else what only a screen reader sees makes the page as wide as the table.
		// biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
		<section aria-label={`${label}, table`} tabIndex={0} className="relative overflow-x-auto">
			<table aria-label={label} className="w-full border-separate border-spacing-0">
				{children}
			</table>
		</section>
	);
}

/** `wideOnly`: the names of columns that a narrow screen has no room for. */
export function Head({ names, wideOnly = [] }: { names: string[]; wideOnly?: string[] }) {
	return (
		<thead>
			<tr>
				{names.map((name) => (
					<th
						key={name}
						scope="col"
						className={`border-b border-line px-2 py-2 text-left text-[0.93rem] font-medium whitespace-nowrap text-ink-faint first:pl-4 last:pr-4 ${wideOnly.includes(name) ? "max-[719px]:hidden" : ""}`}
					>
						{name || <span className="sr-only">Actions</span>}
					</th>
				))}
			</tr>
		</thead>
	);
}

interface CellProps {
	children: ReactNode;
	right?: boolean;
	/** In view when the rest is scrolled on a narrow screen; for one small button. */
	stays?: boolean;
	wideOnly?: boolean;
}

export function Cell({ children, right, stays, wideOnly }: CellProps) {
	return (
		<td
			className={`h-11 border-b border-line px-2 py-1 whitespace-nowrap first:pl-4 last:pr-4 ${right ? "text-right" : ""} ${stays ? "sticky right-0 bg-surface" : ""} ${wideOnly ? "max-[719px]:hidden" : ""}`}
		>
			{children}
		</td>
	);
}
