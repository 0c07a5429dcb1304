// The screens of the navigation, the palette and the `g` keys, in one list.
import type { Role } from "../api/types.ts";

export interface Place {
	to: string;
	text: string;
	key: string; // after g
	least: Role;
	icon: string; // path of a 20 x 20 drawing
}

export const PLACES: Place[] = [
	{ to: "/", text: "Overview", key: "o", least: "viewer", icon: "M3 11l7-7 7 7M5 9v8h4v-5h2v5h4V9" },
	{ to: "/jobs", text: "Jobs", key: "j", least: "viewer", icon: "M3 5h14M3 10h14M3 15h9" },
	{ to: "/executions", text: "Executions", key: "e", least: "viewer", icon: "M4 3v14M4 6h7v3H4M4 11h12v3H4" },
	{
		to: "/agents",
		text: "Agents",
		key: "a",
		least: "viewer",
		icon: "M3 4h14v5H3zM3 11h14v5H3zM6 6.500h.01M6 13.500h.01",
	},
	{ to: "/timeline", text: "Timeline", key: "t", least: "viewer", icon: "M3 5h6M7 10h8M5 15h5M3 3v14" },
	{ to: "/alerts", text: "Alerts", key: "l", least: "viewer", icon: "M10 3l8 14H2zM10 8v4M10 14.500v.01" },
	{ to: "/audit", text: "Audit", key: "u", least: "admin", icon: "M5 3h10v14H5zM8 7h4M8 10h4M8 13h2" },
	{
		to: "/settings",
		text: "Settings",
		key: "s",
		least: "viewer",
		icon: "M3 6h9M16 6h1M3 14h1M8 14h9M12 4v4M4 12v4h4v-4z",
	},
];
