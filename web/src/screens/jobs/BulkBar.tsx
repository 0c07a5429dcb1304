import type { BulkAction } from "../../api/types.ts";
import { plural } from "../../lib/time.ts";
import { Button } from "../../ui/Button.tsx";

interface Props {
	selected: ReadonlySet<string>;
	filtered: boolean;
	mayDelete: boolean;
	clear: () => void;
	act: (action: BulkAction, all: boolean) => void;
}

/** What can be done with the rows that are chosen, or with all that the filter finds. */
export function BulkBar({ selected, filtered, mayDelete, clear, act }: Props) {
	if (selected.size === 0 && !filtered) return null;
	const all = selected.size === 0;
	return (
		<section
			aria-label="Many at once"
			className={`flex min-h-12 flex-wrap items-center gap-2 border-b border-line px-4 py-1.5 ${all ? "" : "bg-accent-soft"}`}
		>
			<span className="mr-1 text-ink-soft">
				{all ? "With all that fit:" : `${plural(selected.size, "job")} selected:`}
			</span>
			<Button small onClick={() => act("pause", all)}>
				Pause
			</Button>
			<Button small onClick={() => act("resume", all)}>
				Resume
			</Button>
			<Button small onClick={() => act("run", all)}>
				Run now
			</Button>
			{mayDelete ? (
				<Button small onClick={() => act("delete", all)}>
					Delete
				</Button>
			) : null}
			{all ? null : (
				<Button small kind="quiet" onClick={clear}>
					Select none
				</Button>
			)}
		</section>
	);
}
