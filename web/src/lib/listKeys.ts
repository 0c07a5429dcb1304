// j and k for lists that are no DataTable: they go from link to link of those that are marked `data-stop`; Enter opens, as
// for every link.
import type { RefObject } from "react";
import { useKeys } from "./keys.ts";

export function useListKeys(box: RefObject<HTMLElement | null>) {
	const go = (by: 1 | -1) => {
		const stops = [...(box.current?.querySelectorAll<HTMLElement>("[data-stop]") ?? [])];
		const at = stops.indexOf(document.activeElement as HTMLElement);
		const next = stops[at < 0 ? 0 : Math.min(Math.max(at + by, 0), stops.length - 1)];
		next?.focus();
		next?.scrollIntoView({ block: "nearest" });
	};
	useKeys([
		{ keys: "j", label: "Next row", group: "List", run: () => go(1) },
		{ keys: "k", label: "Row before", group: "List", run: () => go(-1) },
	]);
}
