// One row of a DataTable, or its card on a narrow screen. Drawn anew only when something of it changes: a list of thousands is
// scrolled by putting rows at its ends, not by drawing all that are in view again.
import { type KeyboardEvent, type MouseEvent, memo, type ReactNode, type RefObject } from "react";
import type { Column } from "./DataTable.tsx";

export interface RowActions<Row> {
	go: (index: number) => void;
	toggle: (key: string) => void;
	open: ((row: Row) => void) | undefined;
	reach: (row: Row, index: number) => void; // the cursor came to it
}

interface Props<Row> {
	row: Row;
	rowKey: string;
	index: number;
	height: number;
	columns: Column<Row>[];
	card: ((row: Row) => ReactNode) | undefined; // set on a narrow screen
	opens: boolean;
	reached: boolean;
	chosen: boolean | null; // null: rows can not be chosen
	actions: RefObject<RowActions<Row>>;
}

function Plain<Row>({ row, rowKey, index, height, columns, card, opens, reached, chosen, actions }: Props<Row>) {
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.target !== event.currentTarget) return;
		const { go, open, toggle } = actions.current;
		if (event.key === "Enter") open?.(row);
		else if (event.key === "ArrowDown") go(index + 1);
		else if (event.key === "ArrowUp") go(index - 1);
		else if (event.key === " " && chosen !== null) toggle(rowKey);
		else return;
		event.preventDefault();
	};
	const onClick = (event: MouseEvent) => {
		const target = event.target as HTMLElement;
		if (target.closest("a,button,input,label") || window.getSelection()?.toString()) return;
		actions.current.open?.(row);
	};
	return (
		<tr
			data-row={index}
			aria-rowindex={index + 2}
			aria-selected={chosen ?? undefined}
			tabIndex={reached ? 0 : -1}
			onFocus={() => actions.current.reach(row, index)}
			onKeyDown={onKeyDown}
			onClick={onClick}
			style={{ height }}
			className={`group -outline-offset-2 ${opens ? "cursor-pointer" : ""} ${chosen ? "bg-accent-soft" : "hover:bg-sunken"}`}
		>
			{chosen === null ? null : (
				<td className="w-11 border-b border-line py-0 pl-4 align-middle">
					<Check label="Select this row" checked={chosen} onChange={() => actions.current.toggle(rowKey)} />
				</td>
			)}
			{card ? (
				<td className="overflow-hidden border-b border-line px-4 py-2 align-middle">{card(row)}</td>
			) : (
				columns.map((column) => (
					<td
						key={column.id}
						className={`overflow-hidden text-ellipsis whitespace-nowrap border-b border-line px-2 py-0 align-middle first:pl-4 last:pr-4 ${column.right ? "text-right" : ""}`}
					>
						{column.cell(row)}
					</td>
				))
			)}
		</tr>
	);
}

export const DataRow = memo(Plain) as typeof Plain;

export function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange: () => void }) {
	return (
		<label className="grid size-6 place-items-center">
			<span className="sr-only">{label}</span>
			<input type="checkbox" className="size-4 accent-accent" checked={checked} onChange={onChange} />
		</label>
	);
}
