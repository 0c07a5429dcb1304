// Labels and weight of an agent: what jobs choose by.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import type { Agent } from "../../api/types.ts";
import { Field } from "../../ui/Field.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { toast } from "../../ui/toast.tsx";
import { useSubmit } from "../../ui/useSubmit.ts";
import { labelsText, parseLabels } from "./labels.ts";

export function LabelsDialog({ agent, close }: { agent: Agent; close: () => void }) {
	const client = useQueryClient();
	const [text, setText] = useState(labelsText(agent.labels));
	const [weight, setWeight] = useState(String(agent.weight ?? 1));
	const form = useSubmit(async () => {
		const body = { labels: parseLabels(text), weight: Number(weight) };
		await call("PATCH", `/api/agents/${agent.agentId}`, { body });
		await client.invalidateQueries({ queryKey: ["agents"] });
		toast(`${agent.name}: labels changed`);
		close();
	});
	return (
		<FormDialog title={`Labels of ${agent.name}`} action="Save" form={form} close={close}>
			<Field label="Labels" error={form.error} help="Jobs whose selector changes its answer move at once.">
				<input className="field" value={text} onChange={(event) => setText(event.target.value)} />
			</Field>
			<Field label="Weight" help="An agent of weight 2 gets twice the jobs of one of weight 1.">
				<input
					className="field"
					type="number"
					min="0"
					step="any"
					required
					value={weight}
					onChange={(event) => setWeight(event.target.value)}
				/>
			</Field>
		</FormDialog>
	);
}
