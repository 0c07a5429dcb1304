// Where: which agents, and what happens when one is away.
import { Panel } from "../../ui/Screen.tsx";
import { type Bound, Choice, DurationInput, NumberInput, TextInput } from "./fields.tsx";

export function TargetPart({ bound }: { bound: Bound }) {
	const mode = String(bound.value("target.mode") ?? "one");
	const failover = String(bound.value("failover.policy") ?? "after");
	return (
		<Panel title="Where">
			<div className="grid gap-4 sm:grid-cols-2">
				<Choice
					bound={bound}
					path="target.mode"
					label="Runs on"
					initial="one"
					choices={[
						["one", "One agent, chosen by central"],
						["all", "Every agent"],
						["count", "Some agents"],
						["agent", "A named agent"],
					]}
				/>
				{mode === "agent" ? <TextInput bound={bound} path="target.agent" label="Agent" placeholder="Its name" /> : null}
				{mode === "count" ? <NumberInput bound={bound} path="target.count" label="How many" /> : null}
				{mode === "agent" ? null : (
					<TextInput
						bound={bound}
						path="target.selector"
						label="Only agents with labels"
						mono
						placeholder="env=prod,role in (web,api),!legacy"
					/>
				)}
				{mode === "one" || mode === "count" ? (
					<>
						<Choice
							bound={bound}
							path="failover.policy"
							label="When the agent goes away"
							initial="after"
							choices={[
								["after", "Another takes over"],
								["never", "Wait for it"],
							]}
						/>
						{failover === "after" ? (
							<DurationInput bound={bound} path="failover.afterMs" label="After" placeholder="30 s" />
						) : null}
					</>
				) : null}
			</div>
		</Panel>
	);
}
