// The whole definition, as it would be written.
import type { Job } from "../../api/types.ts";
import { definitionOf } from "../../lib/definition.ts";
import { Button } from "../../ui/Button.tsx";
import { Facts, Panel } from "../../ui/Screen.tsx";
import { Time } from "../../ui/Time.tsx";
import { toast } from "../../ui/toast.tsx";

export function Definition({ job }: { job: Job }) {
	const text = JSON.stringify(definitionOf(job), null, 2);
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			toast("The definition is on the clipboard.");
		} catch {
			toast("This browser does not let the page copy: select the text instead.", true);
		}
	};
	return (
		<div className="grid gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
			<Panel
				title="Definition"
				note="secrets are masked"
				actions={
					<Button small onClick={copy}>
						Copy
					</Button>
				}
			>
				{/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by keyboard */}
				<pre tabIndex={0} className="m-0 overflow-x-auto rounded-[7px] bg-sunken p-3 font-mono text-[0.93rem]">
					{text}
				</pre>
			</Panel>
			<Panel title="About">
				<Facts
					rows={[
						["Id", <code key="id">{job.jobId}</code>],
						["Revision", job.revision],
						["Created", <Time key="c" at={job.createdAt} zone={job.timezone} />],
						["Created by", job.createdBy],
						["Edited", <Time key="e" at={job.updatedAt} zone={job.timezone} />],
						["Edited by", job.updatedBy],
					]}
				/>
			</Panel>
		</div>
	);
}
