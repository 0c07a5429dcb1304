import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { serverSettingsQuery } from "../../api/queries.ts";
import { changeSettings, REFRESH_CHOICES_MS, useSettings } from "../../lib/settings.ts";
import { browserZone, duration } from "../../lib/time.ts";
import { useSession } from "../../shell/session.ts";
import { refreshText } from "../../shell/Toolbar.tsx";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { PasswordField } from "../../ui/PasswordField.tsx";
import { Facts, Panel } from "../../ui/Screen.tsx";
import { Select } from "../../ui/Select.tsx";
import { toast } from "../../ui/toast.tsx";
import { useSubmit } from "../../ui/useSubmit.ts";

/** How this browser shows things, the own password, and what central says of itself. */
export function MePanel() {
	const { theme, zone, refreshMs } = useSettings();
	const session = useSession();
	return (
		<div className="grid gap-4 lg:grid-cols-2">
			<Panel title="How things are shown">
				<div className="flex flex-col gap-4">
					<Field label="Theme">
						<Select
							value={theme}
							change={(one) => changeSettings({ theme: one })}
							choices={[
								["system", "as the system"],
								["light", "light"],
								["dark", "dark"],
							]}
						/>
					</Field>
					<Field label="Times" help="The tooltip of a time always has it in UTC.">
						<Select
							value={zone}
							change={(one) => changeSettings({ zone: one })}
							choices={[
								["browser", `in this browser's zone (${browserZone()})`],
								["job", "in the zone of the job"],
								["utc", "in UTC"],
							]}
						/>
					</Field>
					<Field label="Refresh">
						<Select
							value={refreshMs}
							change={(ms) => changeSettings({ refreshMs: ms })}
							choices={REFRESH_CHOICES_MS.map((ms) => [ms, ms === 0 ? "paused" : `every ${refreshText(ms)}`])}
						/>
					</Field>
				</div>
			</Panel>
			{session?.kind === "session" ? <Password /> : null}
			<Central />
		</div>
	);
}

function Password() {
	const [old, setOld] = useState("");
	const [next, setNext] = useState("");
	const { submit, busy, error } = useSubmit(async () => {
		await call("POST", "/api/session/password", { body: { old, new: next } });
		setOld("");
		setNext("");
		toast("Password changed; other sessions of yours have ended");
	});
	return (
		<Panel title="Your password">
			<form onSubmit={submit} className="flex flex-col gap-4">
				<PasswordField label="Present password" value={old} change={setOld} />
				<PasswordField label="New password" value={next} change={setNext} fresh error={error} />
				<Button type="submit" kind="primary" busy={busy} className="self-start">
					Change
				</Button>
			</form>
		</Panel>
	);
}

function Central() {
	const settings = useQuery(serverSettingsQuery()).data;
	if (!settings) return null;
	return (
		<Panel title="Central">
			<Facts
				rows={[
					["Version", settings.version],
					["Zone data", settings.tzdata],
					["Silent agents are offline after", duration(settings.offlineAfterMs)],
					[
						"History is kept",
						Object.entries(settings.retentionDays)
							.map(([what, days]) => `${what} ${days} d`)
							.join(", "),
					],
					["TLS", settings.tls ? "yes" : "no"],
				]}
			/>
		</Panel>
	);
}
