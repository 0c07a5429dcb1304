// Parts of a screen, each with an address of its own.
import { Link } from "@tanstack/react-router";

export interface Tab {
	id: string;
	text: string;
	to: string;
	params?: Record<string, string>;
	search?: Record<string, unknown>;
}

export function Tabs({ label, tabs, chosen }: { label: string; tabs: Tab[]; chosen: string }) {
	return (
		<nav aria-label={label} className="border-b border-line">
			<ul className="m-0 -mb-px flex list-none gap-1 overflow-x-auto p-0">
				{tabs.map((tab) => (
					<li key={tab.id}>
						<Link
							to={tab.to}
							params={tab.params}
							search={tab.search ?? {}}
							aria-current={tab.id === chosen ? "page" : undefined}
							activeOptions={{ exact: true }}
							activeProps={{ "aria-current": tab.id === chosen ? "page" : undefined }}
							className={`block whitespace-nowrap border-b-2 px-3 py-2 max-[719px]:px-2 -outline-offset-2 ${tab.id === chosen ? "border-accent font-semibold text-accent" : "border-transparent text-ink-soft hover:text-ink"}`}
						>
							{tab.text}
						</Link>
					</li>
				))}
			</ul>
		</nav>
	);
}
