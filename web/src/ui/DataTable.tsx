// A long list as a table: only the rows in view are in the page, the next page is fetched near the end, j/k move, Enter
// opens, x selects. Sorting, filtering and paging are the server's; this draws and tells. On narrow screens a row is a card.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../lib/keys.ts";
import { NARROW, useMedia } from "../lib/media.ts";
import { count } from "../lib/time.ts";
import { Check, DataRow } from "./DataRow.tsx";

export interface Column<Row> {
	id: string;
	head: ReactNode;
	cell: (row: Row) => ReactNode;
	width?: string; // CSS; the columns without share what is left
	right?: boolean;
	sort?: string; // the server's name for it
	wide?: boolean | "very"; // left out under 1100 px, under 1280 px
}

/** Of the next pages: lib/pages.ts makes it. */
export interface More {
	has: boolean;
	busy: boolean;
	load: () => void;
	still?: () => void; // set when the list is too long to be refreshed by itself: refreshes it
}

interface Props<Row> {
	label: string; // for screen readers: "Jobs"
	columns: Column<Row>[];
	rows: Row[];
	rowKey: (row: Row) => string;
	onOpen?: (row: Row) => void;
	card: (row: Row) => ReactNode; // the row on a narrow screen
	rowHeight?: number;
	cardHeight?: number;
	sort?: string; // "name" or "-name"
	onSort?: (sort: string) => void;
	selected?: ReadonlySet<string>;
	onSelect?: (keys: Set<string>) => void;
	more?: More;
	about?: string; // what the rows are about: others begin at the top
	old?: boolean; // the rows are of the question before, its answer is on its way
	onRow?: (row: Row | null) => void; // the row that j/k stand on
	height?: string; // CSS of the scrolling box
}

export function DataTable<Row>(props: Props<Row>) {
	const { columns, rows, rowKey, onOpen, selected, onSelect, more, onRow, about, old } = props;
	const { rowHeight = 42, cardHeight = 92 } = props;
	const narrow = useMedia(NARROW);
	const medium = useMedia("(max-width: 1099px)");
	const large = useMedia("(max-width: 1279px)");
	const box = useRef<HTMLDivElement>(null);
	const [at, setAt] = useState(-1);
	const shown = useMemo(
		() => columns.filter(({ wide }) => !(medium && wide) && !(large && wide === "very")),
		[columns, medium, large],
	);
	const virtual = useVirtualizer({
		count: rows.length,
		getScrollElement: () => box.current,
		estimateSize: () => (narrow ? cardHeight : rowHeight),
		overscan: 12,
		getItemKey: (index) => rowKey(rows[index] as Row),
	});
	const items = virtual.getVirtualItems();
	const last = items.at(-1)?.index ?? 0;

	// biome-ignore lint/correctness/useExhaustiveDependencies: the height of a row depends on the width alone
	useEffect(() => virtual.measure(), [narrow]);
	// biome-ignore lint/correctness/useExhaustiveDependencies: other rows begin at the top
	useEffect(() => {
		setAt(-1);
		onRow?.(null);
		box.current?.scrollTo({ top: 0 });
	}, [about]);
	useEffect(() => {
		if (more?.has && !more.busy && last >= rows.length - 20) more.load();
	}, [more, last, rows.length]);

	const go = (index: number) => {
		const next = Math.max(0, Math.min(rows.length - 1, index));
		if (!rows[next]) return;
		setAt(next);
		onRow?.(rows[next]);
		virtual.scrollToIndex(next);
		requestAnimationFrame(() =>
			box.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus({ preventScroll: true }),
		);
	};
	const toggle = (key: string) => {
		const next = new Set(selected);
		if (!next.delete(key)) next.add(key);
		onSelect?.(next);
	};
	const here = rows[at];
	useKeys([
		{ keys: "j", label: "Next row", group: "List", run: () => go(at + 1) },
		{ keys: "k", label: "Row before", group: "List", run: () => go(at - 1) },
		...(onOpen ? [{ keys: "o", label: "Open the row", group: "List", run: () => here && onOpen(here) }] : []),
		...(onSelect
			? [{ keys: "x", label: "Select the row", group: "List", run: () => here && toggle(rowKey(here)) }]
			: []),
	]);

	// What rows do, in one object that stays: a row is drawn anew when it changes, not when the list is scrolled.
	const latest = useRef({ go, toggle, open: onOpen, reach: (_row: Row, _index: number) => {} });
	latest.current = {
		go,
		toggle,
		open: onOpen,
		reach: (row, index) => {
			if (index === at) return;
			setAt(index);
			onRow?.(row);
		},
	};
	const before = items[0]?.start ?? 0;
	const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
	const columnCount = narrow ? (onSelect ? 2 : 1) : shown.length + (onSelect ? 1 : 0);
	const allSelected = rows.length > 0 && rows.every((row) => selected?.has(rowKey(row)));

	return (
		<div
			ref={box}
			className={`relative min-h-40 overflow-auto overscroll-contain rounded-b-[10px] transition-opacity [scrollbar-width:thin] ${old ? "opacity-60" : ""}`}
			aria-busy={old || undefined}
			style={{ maxHeight: props.height ?? "calc(100dvh - 15rem)" }}
		>
			<table
				aria-label={props.label}
				aria-rowcount={more?.has ? -1 : rows.length + 1}
				className="w-full table-fixed border-separate border-spacing-0"
			>
				<colgroup>
					{onSelect ? <col style={{ width: "2.9rem" }} /> : null}
					{narrow ? <col /> : shown.map((column) => <col key={column.id} style={{ width: column.width }} />)}
				</colgroup>
				<thead className={narrow ? "sr-only" : ""}>
					<tr aria-rowindex={1}>
						{onSelect ? (
							<th className="sticky top-0 z-10 w-11 border-b border-line bg-surface p-0 pl-4 text-left">
								<Check
									label="Select all rows that are loaded"
									checked={allSelected}
									onChange={() => onSelect(allSelected ? new Set() : new Set(rows.map(rowKey)))}
								/>
							</th>
						) : null}
						{narrow ? (
							<th>{props.label}</th>
						) : (
							shown.map((column) => <Head key={column.id} column={column} sort={props.sort} onSort={props.onSort} />)
						)}
					</tr>
				</thead>
				<tbody>
					<Spacer height={before} columns={columnCount} />
					{items.map(({ index, key, size }) => {
						const row = rows[index] as Row;
						return (
							<DataRow
								key={key}
								row={row}
								rowKey={rowKey(row)}
								index={index}
								height={size}
								columns={shown}
								card={narrow ? props.card : undefined}
								opens={onOpen !== undefined}
								reached={index === Math.max(at, 0)}
								chosen={onSelect ? (selected?.has(rowKey(row)) ?? false) : null}
								actions={latest}
							/>
						);
					})}
					<Spacer height={after} columns={columnCount} />
				</tbody>
			</table>
			{more?.busy ? (
				<p role="status" className="m-0 px-4 py-2 text-ink-faint">
					Loading more…
				</p>
			) : null}
			{more?.still ? (
				<p className="sticky bottom-0 left-0 m-0 flex items-baseline gap-3 border-t border-line bg-surface px-4 py-1.5 text-ink-soft">
					{count(rows.length)} rows: this long list does not refresh itself.
					<button type="button" className="link" onClick={more.still}>
						Refresh
					</button>
				</p>
			) : null}
		</div>
	);
}

function Spacer({ height, columns }: { height: number; columns: number }) {
	return height > 0 ? (
		// biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row that only holds a place is not focusable
		<tr aria-hidden="true">
			<td colSpan={columns} style={{ height, padding: 0 }} />
		</tr>
	) : null;
}

function Head<Row>({ column, sort, onSort }: { column: Column<Row>; sort?: string; onSort?: (sort: string) => void }) {
	const up = column.sort !== undefined && sort === column.sort;
	const down = column.sort !== undefined && sort === `-${column.sort}`;
	return (
		<th
			scope="col"
			aria-sort={up ? "ascending" : down ? "descending" : undefined}
			className={`sticky top-0 z-10 h-9 border-b border-line bg-surface px-2 text-[0.93rem] font-medium text-ink-faint first:pl-4 last:pr-4 ${column.right ? "text-right" : "text-left"}`}
		>
			{column.sort && onSort ? (
				<button
					type="button"
					className="inline-flex items-center gap-1 whitespace-nowrap rounded hover:text-ink"
					onClick={() => onSort(up ? `-${column.sort}` : (column.sort as string))}
				>
					{column.head}
					<span aria-hidden="true" className={up || down ? "text-accent" : "text-line-strong"}>
						{down ? "↓" : "↑"}
					</span>
				</button>
			) : (
				column.head
			)}
		</th>
	);
}
