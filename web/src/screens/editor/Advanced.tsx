// Everything that has a good default.
import type { ReactNode } from "react";
import { type Bound, Checks, Choice, DurationInput, NumberInput, TextInput, WordsInput } from "./fields.tsx";

function Group({ title, note, open, children }: { title: string; note: string; open: boolean; children: ReactNode }) {
	return (
		<details className="card" open={open}>
			<summary className="flex min-h-11 items-baseline gap-3 px-4 py-2.5 -outline-offset-2">
				<span className="font-semibold">{title}</span>
				<span className="truncate text-ink-faint">{note}</span>
			</summary>
			<div className="grid gap-4 px-4 pb-4 sm:grid-cols-2 lg:grid-cols-3">{children}</div>
		</details>
	);
}

/** A mistake opens the group that it is in. */
const wrong = (bound: Bound, ...paths: string[]) => paths.some((path) => bound.error(path) !== null);

export function Advanced({ bound }: { bound: Bound }) {
	return (
		<>
			<Tries bound={bound} />
			<Overlap bound={bound} />
			<Life bound={bound} />
		</>
	);
}

function Tries({ bound }: { bound: Bound }) {
	return (
		<Group
			title="Tries and limits"
			note="timeouts, retries, rate, what counts as success"
			open={wrong(bound, "timeoutMs", "connectTimeoutMs", "retry", "rateLimit", "success")}
		>
			<DurationInput bound={bound} path="timeoutMs" label="Timeout of one attempt" placeholder="30 s" />
			<DurationInput bound={bound} path="connectTimeoutMs" label="Timeout to connect" placeholder="10 s" />
			<NumberInput bound={bound} path="retry.maxAttempts" label="Attempts at most" placeholder="3" />
			<DurationInput bound={bound} path="retry.initialBackoffMs" label="First pause" placeholder="1 s" />
			<DurationInput bound={bound} path="retry.maxBackoffMs" label="Longest pause" placeholder="1 min" />
			<NumberInput bound={bound} path="retry.multiplier" label="Pause grows by" placeholder="2" />
			<Choice
				bound={bound}
				path="retry.jitter"
				label="Pauses vary"
				initial="full"
				choices={[
					["full", "At random, up to all of it"],
					["none", "Not at all"],
				]}
			/>
			<DurationInput bound={bound} path="retry.maxElapsedMs" label="Tries end after" placeholder="no limit" />
			<Checks
				bound={bound}
				path="retry.retryOn"
				label="Tried again after"
				words={[
					["connect", "no connection"],
					["timeout", "a timeout"],
					["429", "429"],
					["5xx", "5xx"],
				]}
			/>
			<NumberInput bound={bound} path="rateLimit.perSecond" label="Starts a second at most" placeholder="no limit" />
			<NumberInput bound={bound} path="rateLimit.burst" label="At once within that" placeholder="1" />
			<WordsInput bound={bound} path="success.statuses" label="Statuses that are success" placeholder="200-299" />
			<TextInput
				bound={bound}
				path="success.bodyRegex"
				label="The body has to match"
				mono
				placeholder="regular expression"
			/>
		</Group>
	);
}

function Overlap({ bound }: { bound: Bound }) {
	return (
		<Group
			title="Overlap and missed fires"
			note="concurrency, catching up, jitter"
			open={wrong(bound, "concurrency", "maxConcurrent", "queueMax", "catchUp", "jitterMs")}
		>
			<Choice
				bound={bound}
				path="concurrency"
				label="While the run before is at work"
				initial="allow"
				choices={[
					["allow", "Run beside it"],
					["forbid", "Skip this fire"],
					["queue", "Wait for it"],
					["replace", "Break it off"],
				]}
			/>
			<NumberInput bound={bound} path="maxConcurrent" label="At once at most" placeholder="no limit" />
			<NumberInput bound={bound} path="queueMax" label="Waiting at most" placeholder="100" />
			<Choice
				bound={bound}
				path="catchUp.policy"
				label="Fires missed in an absence"
				initial={bound.value("type") === "ATMOST_ONCE" ? "none" : "all"}
				choices={[
					["all", "All are made up"],
					["latest", "Only the latest"],
					["none", "None"],
				]}
			/>
			<DurationInput bound={bound} path="catchUp.maxAgeMs" label="Not older than" placeholder="1 h" />
			<NumberInput bound={bound} path="catchUp.maxCount" label="At most so many" placeholder="1000" />
			<DurationInput bound={bound} path="catchUp.spacingMs" label="Pause between those" placeholder="0" />
			<DurationInput bound={bound} path="jitterMs" label="Spread starts over" placeholder="0" />
		</Group>
	);
}

function Life({ bound }: { bound: Bound }) {
	return (
		<Group
			title="Life and history"
			note="from, until, what is left out, what is kept"
			open={wrong(bound, "startAt", "endAt", "skipAt", "history")}
		>
			<TextInput bound={bound} path="startAt" label="Not before" mono placeholder="2026-12-01T00:00:00Z" />
			<TextInput bound={bound} path="endAt" label="Not after" mono placeholder="2026-12-31T00:00:00Z" />
			<WordsInput
				bound={bound}
				path="skipAt"
				label="Fires to leave out"
				mono
				help="Up to 8 instants, with commas between them"
				placeholder="2026-12-25T09:00:00Z"
			/>
			<Choice
				bound={bound}
				path="history.policy"
				label="Executions kept"
				initial="all"
				choices={[
					["all", "All"],
					["failures", "Failures only"],
					["sample", "Failures and a sample"],
				]}
			/>
			{bound.value("history.policy") === "sample" ? (
				<NumberInput bound={bound} path="history.sampleN" label="One success in" placeholder="10" />
			) : null}
			<div data-path="active">
				<label className="flex min-h-9 items-center gap-2">
					<input
						type="checkbox"
						className="size-4 accent-accent"
						checked={bound.value("active") !== false}
						onChange={(event) => bound.set("active", event.target.checked)}
					/>
					Active: it fires by its schedule
				</label>
			</div>
		</Group>
	);
}
