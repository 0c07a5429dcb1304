// Where the time of an execution went, as spans in ms since its due instant. Pure.
import type { ExecutionDetail } from "../../api/types.ts";
import type { Tone } from "../../lib/status.ts";
import { duration } from "../../lib/time.ts";

export interface Stretch {
	name: string;
	from: number; // ms since the due instant
	to: number;
	tone: Tone;
	note: string;
	before?: { from: number; to: number; note: string }; // what was waited before it
	detail?: string; // stands under the bar
	unknown?: boolean; // nobody knows when it was: no bar, no length
}

export interface Timed {
	armedAt: string | null;
	attemptLog: ExecutionDetail["attemptLog"];
	scheduledAt: string;
	startedAt: string | null;
	finishedAt: string;
	receivedAt: string;
	durationMs: number | null;
	latenessMs: number | null;
	attempts: number;
	timing: { dnsMs?: number; connectMs?: number; tlsMs?: number; firstByteMs?: number; totalMs?: number };
}

const ARMED_BEFORE = "from when it was on disk that this fire would be tried until its due instant";
const ARMED_AFTER = "from the due instant until it was on disk that this fire would be tried";

type AttemptLog = NonNullable<ExecutionDetail["attemptLog"]>;
export type Attempt = AttemptLog["list"][number];

const ENDS: Record<Attempt["outcome"], { tone: Tone; words: string }> = {
	success: { tone: "good", words: "succeeded" },
	status: { tone: "bad", words: "the answer is no success" },
	body: { tone: "bad", words: "the body is not what the job expects" },
	connect: { tone: "bad", words: "could not connect" },
	timeout: { tone: "warn", words: "no answer in time" },
	broken: { tone: "bad", words: "the connection broke" },
	refused: { tone: "bad", words: "not allowed from this host" },
	resource: { tone: "warn", words: "the host had no room to send it" },
	cancelled: { tone: "odd", words: "cancelled" },
	unknown: { tone: "idle", words: "the agent stopped around then; whether it was sent nobody knows" },
};

/** How an attempt ended, in words. */
export function endWords(attempt: Pick<Attempt, "outcome" | "httpStatus">): string {
	const { words } = ENDS[attempt.outcome];
	return attempt.httpStatus ? `HTTP ${attempt.httpStatus}, ${words}` : words;
}

/** One for each attempt, with the wait before it; and one for those that are not listed. */
function tries(log: AttemptLog): Stretch[] {
	const made: Stretch[] = [];
	let last: Attempt | undefined;
	for (const one of log.list) {
		const expected = last ? last.number + (last.outcome === "unknown" ? 0 : 1) : 1;
		const missing = one.number - expected;
		if (missing > 0)
			made.push({
				name: missing === 1 ? `Try ${expected}` : `Tries ${expected} to ${one.number - 1}`,
				from: 0,
				to: 0,
				tone: "idle",
				note: "not listed one by one",
				detail: "not listed one by one",
				unknown: true,
			});
		made.push(oneTry(one, missing > 0 ? undefined : last));
		last = one;
	}
	return made;
}

function oneTry(one: Attempt, last: Attempt | undefined): Stretch {
	const from = one.startedAfterMs ?? 0;
	const cause = last?.waitCause === "retryAfter" ? "as its Retry-After asked" : "backoff";
	const wait = last?.waitMs === undefined ? undefined : `after ${duration(last.waitMs)} of waiting (${cause})`;
	const words = endWords(one);
	const lastEnd = last?.startedAfterMs === undefined ? undefined : last.startedAfterMs + (last.durationMs ?? 0);
	return {
		name: one.outcome === "unknown" ? `Try ${one.number}?` : `Try ${one.number}`,
		from,
		to: from + (one.durationMs ?? 0),
		tone: ENDS[one.outcome].tone,
		note: wait ? `${words}; ${wait}` : words,
		detail: wait ? `${words}; ${wait}` : words,
		unknown: one.startedAfterMs === undefined,
		before:
			wait && lastEnd !== undefined && one.startedAfterMs !== undefined && from > lastEnd
				? { from: lastEnd, to: from, note: wait }
				: undefined,
	};
}

/** In order of time. Steps that were not reached are left out. */
export function stretches(execution: Timed): Stretch[] {
	const due = Date.parse(execution.scheduledAt);
	const finished = Date.parse(execution.finishedAt) - due;
	const received = Date.parse(execution.receivedAt) - due;
	const made: Stretch[] = [];
	const add = (name: string, from: number, length: number, tone: Tone, note: string) => {
		made.push({ name, from, to: from + Math.max(0, length), tone, note });
		return from + Math.max(0, length);
	};
	const armed = execution.armedAt ? Date.parse(execution.armedAt) - due : 0;
	if (execution.armedAt)
		add("Armed", Math.min(armed, 0), Math.abs(armed), "accent", armed < 0 ? ARMED_BEFORE : ARMED_AFTER);
	if (execution.startedAt) {
		const started = Math.max(Date.parse(execution.startedAt) - due, execution.latenessMs ?? 0);
		const ready = Math.min(Math.max(armed, 0), started);
		add("Waited", ready, started - ready, "idle", "from then until the first attempt was sent");
		const last = execution.durationMs ?? execution.timing.totalMs ?? 0;
		let at = Math.max(started, finished - last);
		if (execution.attemptLog) {
			made.push(...tries(execution.attemptLog));
		} else if (execution.attempts > 1 && at > started) {
			add(
				"Earlier tries",
				started,
				at - started,
				"warn",
				`${execution.attempts - 1} tries before the last one, and the pauses between`,
			);
		}
		const { dnsMs, connectMs, tlsMs, firstByteMs } = execution.timing;
		if (dnsMs !== undefined) at = add("Name", at, dnsMs, "odd", "looking up the host's name");
		if (connectMs !== undefined) at = add("Connect", at, connectMs, "odd", "the TCP connection");
		if (tlsMs !== undefined) at = add("TLS", at, tlsMs, "odd", "the TLS handshake");
		if (firstByteMs !== undefined)
			at = add("First byte", at, firstByteMs, "accent", "from the request until the answer began");
		if (finished > at) add("Answer", at, finished - at, "good", "the rest of the answer");
	}
	if (!execution.startedAt && execution.attemptLog) made.push(...tries(execution.attemptLog));
	add("Synced", finished, received - finished, "idle", "from the outcome until central had it");
	return made;
}

const CUT_OVER = 3; // a way to central this much longer than the run itself would leave no room for the run

/** Where the picture begins: where it was armed, unless that would leave no room for the run. */
export function startOf(all: readonly Stretch[], end: number): number {
	const first = Math.min(0, ...all.map((one) => one.from));
	return -first <= CUT_OVER * end ? first : -end * 0.25;
}

/** How much of it is drawn: all, or all but the end of a long wait for central. */
export function endOf(all: readonly Stretch[]): number {
	const run = Math.max(1, ...all.filter((one) => one.name !== "Synced").map((one) => one.to));
	const whole = Math.max(run, ...all.map((one) => one.to));
	return whole <= CUT_OVER * run ? whole : run * 1.25;
}
