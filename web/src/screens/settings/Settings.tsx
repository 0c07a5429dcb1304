// This browser's view, the person's password; for admins also people, tokens and agents to come.
import { getRouteApi } from "@tanstack/react-router";
import { useMay } from "../../shell/session.ts";
import { Screen } from "../../ui/Screen.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { EnrolmentPanel } from "./EnrolmentPanel.tsx";
import { MePanel } from "./MePanel.tsx";
import { TokensPanel } from "./TokensPanel.tsx";
import { UsersPanel } from "./UsersPanel.tsx";

const route = getRouteApi("/shell/settings");
const TABS = [
	{ id: "me", text: "This browser" },
	{ id: "users", text: "People" },
	{ id: "tokens", text: "API tokens" },
	{ id: "enrolment", text: "Enrolment" },
] as const;

export default function Settings() {
	const search = route.useSearch();
	const admin = useMay("admin");
	const tab = admin ? (search.tab ?? "me") : "me";
	return (
		<Screen title="Settings">
			{admin ? (
				<Tabs
					label="Settings"
					chosen={tab}
					tabs={TABS.map((one) => ({ ...one, to: "/settings", search: { tab: one.id } }))}
				/>
			) : null}
			{tab === "me" ? <MePanel /> : null}
			{tab === "users" ? <UsersPanel /> : null}
			{tab === "tokens" ? <TokensPanel /> : null}
			{tab === "enrolment" ? <EnrolmentPanel /> : null}
		</Screen>
	);
}
