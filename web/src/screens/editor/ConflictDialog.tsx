// Somebody saved first. Both versions, member by member, and what can be done about it.
import type { Job } from "../../api/types.ts";
import { at, definitionOf, differences, type Tree } from "../../lib/definition.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { DiffTable } from "../../ui/DiffTable.tsx";
import { Ago } from "../../ui/Time.tsx";

interface Props {
	base: Tree;
	mine: Tree;
	theirs: Job;
	close: () => void;
	discard: () => void;
	goOn: () => void;
	overwrite: () => void;
}

export function ConflictDialog({ base, mine, theirs, close, discard, goOn, overwrite }: Props) {
	const other = definitionOf(theirs);
	const byMe = differences(base, mine);
	const byThem = differences(base, other);
	const both = byMe.filter((path) => byThem.includes(path));
	const paths = [...new Set([...byMe, ...byThem])].sort();
	return (
		<Dialog
			open
			wide
			onClose={close}
			title="Somebody edited this job before you"
			footer={
				<>
					<Button onClick={discard}>Drop my changes</Button>
					<Button onClick={goOn}>Put mine on top and look again</Button>
					<Button kind="primary" onClick={overwrite}>
						Put mine on top and save
					</Button>
				</>
			}
		>
			<p className="mt-0 text-ink-soft">
				{theirs.updatedBy} saved revision {theirs.revision} <Ago at={theirs.updatedAt} />.{" "}
				{both.length
					? `You both changed ${both.join(", ")}: with yours on top, theirs is lost there. All else of theirs stays.`
					: "You changed different things: with yours on top, nothing is lost."}
			</p>
			<DiffTable
				heads={["Was", "Theirs", "Mine"]}
				rows={paths.map((path) => ({ path, values: [at(base, path), at(other, path), at(mine, path)] }))}
			/>
		</Dialog>
	);
}
