// The frame of a screen: heading, actions, content. Sets the page's title.
import { type ReactNode, useEffect } from "react";

interface Props {
	title: string;
	above?: ReactNode; // a way back
	beside?: ReactNode; // marks beside the title
	actions?: ReactNode;
	children: ReactNode;
}

export function Screen({ title, above, beside, actions, children }: Props) {
	useEffect(() => {
		document.title = `${title} · Belfry`;
	}, [title]);
	return (
		<div className="flex min-w-0 flex-col gap-4">
			<header className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
				<div className="min-w-0">
					{above ? <div className="mb-0.5 text-ink-faint">{above}</div> : null}
					<div className="flex flex-wrap items-center gap-x-3 gap-y-1">
						<h1 className="m-0 min-w-0 break-words text-[1.55rem] font-semibold leading-tight tracking-[-0.01em]">
							{title}
						</h1>
						{beside}
					</div>
				</div>
				{actions ? <div className="flex flex-wrap gap-2">{actions}</div> : null}
			</header>
			{children}
		</div>
	);
}

/** A card with a heading. */
export function Panel({
	title,
	note,
	actions,
	children,
	flush,
	className = "",
}: {
	title: string;
	note?: ReactNode;
	actions?: ReactNode;
	children: ReactNode;
	flush?: boolean; // content reaches the edges (tables)
	className?: string;
}) {
	return (
		<section aria-label={title} className={`card min-w-0 ${className}`}>
			<div className="flex min-h-11 flex-wrap items-center justify-between gap-x-3 gap-y-1 px-4 pt-2.5 pb-1">
				<h2 className="m-0 text-[1rem] font-semibold">
					{title}
					{note ? <span className="ml-2 font-normal text-ink-faint">{note}</span> : null}
				</h2>
				{actions}
			</div>
			<div className={flush ? "min-w-0" : "min-w-0 px-4 pb-4"}>{children}</div>
		</section>
	);
}

/** Name and value in two columns. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
	return (
		<dl className="m-0 grid grid-cols-[minmax(7rem,max-content)_1fr] gap-x-4 gap-y-1.5">
			{rows.map(([name, value]) => (
				<div key={name} className="contents">
					<dt className="text-ink-faint">{name}</dt>
					<dd className="m-0 min-w-0 break-words">{value}</dd>
				</div>
			))}
		</dl>
	);
}
