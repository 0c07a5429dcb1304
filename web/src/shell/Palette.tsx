// Ctrl-K: pages at once, jobs and agents as the server finds them.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useDeferredValue, useId, useState } from "react";
import { agentsQuery, jobsQuery } from "../api/queries.ts";
import { look } from "../lib/status.ts";
import { Dialog } from "../ui/Dialog.tsx";
import type { Place } from "./nav.ts";
import { useMay } from "./session.ts";

interface Hit {
	key: string;
	text: string;
	kind: string;
	to: string;
}

const FOUND_MAX = 8;

export function Palette({ open, close, places }: { open: boolean; close: () => void; places: Place[] }) {
	return (
		<Dialog open={open} onClose={close} title="Find">
			{open ? <Finder close={close} places={places} /> : null}
		</Dialog>
	);
}

function Finder({ close, places }: { close: () => void; places: Place[] }) {
	const navigate = useNavigate();
	const mayEdit = useMay("editor");
	const id = useId();
	const [typed, setTyped] = useState("");
	const [at, setAt] = useState(0);
	const q = useDeferredValue(typed.trim());
	const jobs = useInfiniteQuery({ ...jobsQuery({ q }, FOUND_MAX), enabled: q !== "", refetchInterval: false });
	const agents = useInfiniteQuery({ ...agentsQuery({ q }, FOUND_MAX), enabled: q !== "", refetchInterval: false });
	const pages: Hit[] = [
		...places.map((place) => ({ key: place.to, text: place.text, kind: "Page", to: place.to })),
		...(mayEdit ? [{ key: "new", text: "New job", kind: "Action", to: "/jobs/new" }] : []),
	].filter((hit) => hit.text.toLowerCase().includes(q.toLowerCase()));
	const hits: Hit[] = [
		...pages,
		...(q ? (jobs.data?.pages[0]?.jobs ?? []) : []).map((job) => ({
			key: job.jobId,
			text: job.name,
			kind: job.active ? "Job" : "Job, paused",
			to: `/jobs/${job.jobId}`,
		})),
		...(q ? (agents.data?.pages[0]?.agents ?? []) : []).map((agent) => ({
			key: agent.agentId,
			text: agent.name,
			kind: `Agent, ${look(agent.state).text.toLowerCase()}`,
			to: `/agents/${agent.agentId}`,
		})),
	];
	const chosen = Math.min(at, hits.length - 1);
	const open = (hit: Hit | undefined) => {
		if (!hit) return;
		close();
		void navigate({ to: hit.to });
	};
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key === "ArrowDown") setAt(Math.min(hits.length - 1, chosen + 1));
		else if (event.key === "ArrowUp") setAt(Math.max(0, chosen - 1));
		else if (event.key === "Enter") open(hits[chosen]);
		else return;
		event.preventDefault();
	};
	return (
		<div className="flex flex-col gap-3">
			<input
				className="field"
				role="combobox"
				aria-expanded="true"
				aria-controls={id}
				aria-activedescendant={hits[chosen] ? `${id}-${chosen}` : undefined}
				aria-label="Find a job, an agent, a page"
				placeholder="Name, address or id"
				value={typed}
				onChange={(event) => {
					setTyped(event.target.value);
					setAt(0);
				}}
				onKeyDown={onKeyDown}
			/>
			<div id={id} role="listbox" aria-label="Found" className="m-0 flex min-h-40 flex-col p-0">
				{hits.map((hit, index) => (
					// biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field above
					<div
						key={hit.key}
						id={`${id}-${index}`}
						role="option"
						tabIndex={-1}
						aria-selected={index === chosen}
						onClick={() => open(hit)}
						onMouseMove={() => setAt(index)}
						className={`flex cursor-pointer items-center justify-between gap-3 rounded-[7px] px-3 py-1.5 ${index === chosen ? "bg-accent-soft text-accent" : ""}`}
					>
						<span className="truncate">{hit.text}</span>
						<span className={`shrink-0 text-[0.93rem] ${index === chosen ? "" : "text-ink-faint"}`}>{hit.kind}</span>
					</div>
				))}
			</div>
			{hits.length === 0 ? (
				<p role="status" className="m-0 px-3 text-ink-faint">
					{jobs.isFetching ? "Looking…" : "Nothing has that name."}
				</p>
			) : null}
		</div>
	);
}
