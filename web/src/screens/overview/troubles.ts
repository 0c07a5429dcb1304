// What the overview says is wrong, worst first. Pure.
import type { Overview } from "../../api/types.ts";
import { bucketSums } from "../../charts/StackedBars.tsx";
import { plural } from "../../lib/time.ts";

export interface Trouble {
	text: string;
	severe: boolean;
	to: string;
	search: Record<string, unknown>;
}

export function troubles(data: Overview): Trouble[] {
	const found: Trouble[] = [];
	const add = (number: number, severe: boolean, text: string, to: string, search: Record<string, unknown> = {}) => {
		if (number > 0) found.push({ text, severe, to, search });
	};
	const { jobs, agents } = data;
	const recent = data.hours.slice(-1).reduce((sum, bucket) => sum + bucketSums(bucket).bad, 0);
	add(data.unaccounted, true, `${plural(data.unaccounted, "fire has", "fires have")} no record`, "/alerts", {
		tab: "ledger",
	});
	add(
		agents.offline,
		true,
		`${plural(agents.offline, "agent is", "agents are")} offline: what runs there is unknown`,
		"/agents",
		{
			state: "offline",
		},
	);
	add(recent, true, `${plural(recent, "execution", "executions")} went wrong in this hour`, "/alerts", { hours: 1 });
	add(jobs.late, false, `${plural(jobs.late, "job is", "jobs are")} late`, "/alerts", { tab: "late" });
	add(jobs.unassigned, false, `${plural(jobs.unassigned, "active job has", "active jobs have")} no agent`, "/jobs", {
		active: true,
		held: false,
	});
	add(
		data.quarantined,
		false,
		`${plural(data.quarantined, "record", "records")} could not be taken (quarantine)`,
		"/alerts",
		{
			tab: "ledger",
		},
	);
	return found;
}
