// What failed, how often, since when; what did not run; what is not accounted for.
import { getRouteApi } from "@tanstack/react-router";
import { Screen } from "../../ui/Screen.tsx";
import { Select } from "../../ui/Select.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { FailuresPanel } from "./FailuresPanel.tsx";
import { LatePanel } from "./LatePanel.tsx";
import { LedgerPanel } from "./LedgerPanel.tsx";

const route = getRouteApi("/shell/alerts");
const TABS = [
	{ id: "failures", text: "Failures" },
	{ id: "late", text: "Late" },
	{ id: "ledger", text: "Ledger" },
] as const;
const SPANS = [1, 24, 168, 720];

export default function Alerts() {
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const tab = search.tab ?? "failures";
	const hours = search.hours && search.hours >= 1 && search.hours <= 8784 ? search.hours : 24;
	const change = (next: Partial<typeof search>) =>
		void navigate({ to: "/alerts", search: { ...search, ...next }, replace: true });
	return (
		<Screen
			title="Alerts"
			actions={
				tab === "late" ? null : (
					<label className="flex items-center gap-2 text-ink-soft">
						In the last
						<Select
							value={hours}
							change={(span) => change({ hours: span })}
							choices={[...new Set([...SPANS, hours])]
								.toSorted((a, b) => a - b)
								.map((span) => [span, span % 24 === 0 ? `${span / 24} d` : `${span} h`])}
						/>
					</label>
				)
			}
		>
			<Tabs
				label="Kinds of alerts"
				chosen={tab}
				tabs={TABS.map((one) => ({ ...one, to: "/alerts", search: { ...search, tab: one.id } }))}
			/>
			{tab === "failures" ? (
				<FailuresPanel hours={hours} />
			) : tab === "late" ? (
				<LatePanel />
			) : (
				<LedgerPanel hours={hours} />
			)}
		</Screen>
	);
}
