// Where the time of an execution went, as spans in ms since its due instant. Pure.
import type { Tone } from "../../lib/status.ts";

export interface Stretch {
	name: string;
	from: number; // ms since the due instant
	to: number;
	tone: Tone;
	note: string;
}

export interface Timed {
	scheduledAt: string;
	startedAt: string | null;
	finishedAt: string;
	receivedAt: string;
	durationMs: number | null;
	latenessMs: number | null;
	attempts: number;
	timing: { dnsMs?: number; connectMs?: number; tlsMs?: number; firstByteMs?: number; totalMs?: number };
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
	if (execution.startedAt) {
		const started = execution.latenessMs ?? Date.parse(execution.startedAt) - due;
		add("Waited", 0, started, "idle", "from the due instant until the first attempt was sent");
		const last = execution.durationMs ?? execution.timing.totalMs ?? 0;
		let at = Math.max(started, finished - last);
		if (execution.attempts > 1 && at > started) {
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
	add("Synced", finished, received - finished, "idle", "from the outcome until central had it");
	return made;
}

const CUT_OVER = 3; // a way to central this much longer than the run itself would leave no room for the run

/** How much of it is drawn: all, or all but the end of a long wait for central. */
export function endOf(all: readonly Stretch[]): number {
	const run = Math.max(1, ...all.filter((one) => one.name !== "Synced").map((one) => one.to));
	const whole = Math.max(run, ...all.map((one) => one.to));
	return whole <= CUT_OVER * run ? whole : run * 1.25;
}
