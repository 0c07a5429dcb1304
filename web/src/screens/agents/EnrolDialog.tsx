// Makes a one-time token and shows the commands to paste on the new host.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { Select } from "../../ui/Select.tsx";
import { Time } from "../../ui/Time.tsx";
import { useSubmit } from "../../ui/useSubmit.ts";
import { Text } from "../executions/Execution.tsx";
import { parseLabels } from "./labels.ts";

const LIVES: [number, string][] = [
	[600_000, "10 minutes"],
	[3_600_000, "1 hour"],
	[86_400_000, "1 day"],
	[604_800_000, "7 days"],
];

export function EnrolDialog({ close }: { close: () => void }) {
	const client = useQueryClient();
	const [labels, setLabels] = useState("");
	const [ttlMs, setTtlMs] = useState(600_000);
	const [made, setMade] = useState<{ token: string; expiresAt: string } | null>(null);
	const form = useSubmit(async () => {
		const parsed = parseLabels(labels);
		const body = { ttlMs, ...(Object.keys(parsed).length ? { labels: parsed } : {}) };
		setMade(await call("POST", "/api/agents/tokens", { body }));
		void client.invalidateQueries({ queryKey: ["enrolment"] });
	});
	const enrol = `echo ${made?.token} | belfry-agent enroll --central ${location.protocol}//${location.hostname}:3002 --token-file -`;
	const shown = made ? (
		<>
			<p className="m-0">
				Run this on the new host. The token works once, until <Time at={made.expiresAt} />, and is not shown again.
			</p>
			<Text text={`${enrol}\nsystemctl enable --now belfry-agent`} />
			<Button className="self-start" onClick={() => void navigator.clipboard?.writeText(enrol)}>
				Copy the command
			</Button>
			<p className="m-0 text-ink-faint">Port 3002 is central's default for agents; change it where yours differs.</p>
		</>
	) : null;
	return (
		<FormDialog title="Enrol an agent" action="Make a token" form={form} close={close} result={shown}>
			<Field label="Labels" error={form.error} help="The agent will have these; jobs choose agents by them.">
				<input
					className="field"
					placeholder="env=prod, role=web"
					value={labels}
					onChange={(event) => setLabels(event.target.value)}
				/>
			</Field>
			<Field label="The token is good for">
				<Select value={ttlMs} change={setTtlMs} choices={LIVES} />
			</Field>
		</FormDialog>
	);
}
