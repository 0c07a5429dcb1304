// The places on the left; on a narrow screen behind a button.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Place } from "./nav.ts";

export function Navigation({ places }: { places: Place[] }) {
	const [open, setOpen] = useState(false);
	return (
		<aside className="border-b border-line bg-surface md:sticky md:top-0 md:row-span-2 md:h-dvh md:border-b-0 md:border-r">
			<div className="flex h-14 items-center gap-2 px-4">
				<Link to="/" className="flex items-center gap-2 text-[1.1rem] font-semibold tracking-[-0.01em] text-ink">
					<img src="/favicon.svg" alt="" width="22" height="22" />
					Belfry
				</Link>
				<button
					type="button"
					aria-expanded={open}
					aria-controls="navigation"
					className="ml-auto rounded-[7px] border border-line-strong px-2.5 py-1 md:hidden"
					onClick={() => setOpen(!open)}
				>
					Menu
				</button>
			</div>
			<nav id="navigation" aria-label="Screens" className={`${open ? "block" : "hidden"} px-2 pb-3 md:block`}>
				<ul className="m-0 flex list-none flex-col gap-0.5 p-0">
					{places.map((place) => (
						<li key={place.to}>
							<Link
								to={place.to}
								onClick={() => setOpen(false)}
								activeOptions={{ exact: place.to === "/", includeSearch: false }}
								className="flex items-center gap-2.5 rounded-[7px] px-2.5 py-1.5 text-ink-soft hover:bg-sunken hover:text-ink"
								activeProps={{ className: "!bg-accent-soft !text-accent font-semibold", "aria-current": "page" }}
							>
								<Icon path={place.icon} />
								{place.text}
							</Link>
						</li>
					))}
				</ul>
			</nav>
		</aside>
	);
}

function Icon({ path }: { path: string }) {
	return (
		<svg
			viewBox="0 0 20 20"
			width="17"
			height="17"
			aria-hidden="true"
			className="shrink-0 fill-none stroke-current"
			strokeWidth="1.6"
			strokeLinecap="round"
			strokeLinejoin="round"
		>
			<path d={path} />
		</svg>
	);
}
