// State is glyph + text + colour: the one table of all states that screens show.

export type Tone = "good" | "bad" | "warn" | "odd" | "idle" | "accent";

export interface Look {
	glyph: string;
	text: string;
	tone: Tone;
}

const LOOKS: Record<string, Look> = {
	// executions
	success: { glyph: "✓", text: "Success", tone: "good" },
	failed: { glyph: "✕", text: "Failed", tone: "bad" },
	timeout: { glyph: "◷", text: "Timeout", tone: "warn" },
	skipped: { glyph: "»", text: "Skipped", tone: "idle" },
	missed: { glyph: "∅", text: "Missed", tone: "odd" },
	interrupted: { glyph: "⊘", text: "Interrupted", tone: "warn" },
	doubled: { glyph: "⧉", text: "Twice", tone: "warn" }, // beside one of the others
	running: { glyph: "▷", text: "Running", tone: "accent" },
	unknown: { glyph: "?", text: "Unknown", tone: "odd" },
	// jobs
	active: { glyph: "●", text: "Active", tone: "good" },
	paused: { glyph: "‖", text: "Paused", tone: "idle" },
	late: { glyph: "!", text: "Late", tone: "warn" },
	unassigned: { glyph: "○", text: "No agent", tone: "warn" },
	deleted: { glyph: "×", text: "Deleted", tone: "idle" },
	// agents
	online: { glyph: "●", text: "Online", tone: "good" },
	offline: { glyph: "○", text: "Offline", tone: "bad" },
	draining: { glyph: "◐", text: "Draining", tone: "warn" },
	never: { glyph: "◌", text: "Never seen", tone: "idle" },
	revoked: { glyph: "×", text: "Revoked", tone: "idle" },
};

export const EXECUTION_STATUSES = ["success", "failed", "timeout", "skipped", "missed", "interrupted"] as const;

export function look(state: string): Look {
	return LOOKS[state] ?? { glyph: "?", text: state, tone: "idle" };
}

/** Classes by tone, written out in full so that Tailwind finds them. */
export const TONE_TEXT: Record<Tone, string> = {
	good: "text-good",
	bad: "text-bad",
	warn: "text-warn",
	odd: "text-odd",
	idle: "text-idle",
	accent: "text-accent",
};
export const TONE_SOFT: Record<Tone, string> = {
	good: "bg-good-soft text-good",
	bad: "bg-bad-soft text-bad",
	warn: "bg-warn-soft text-warn",
	odd: "bg-odd-soft text-odd",
	idle: "bg-idle-soft text-idle",
	accent: "bg-accent-soft text-accent",
};
export const TONE_FILL: Record<Tone, string> = {
	good: "fill-good-fill",
	bad: "fill-bad-fill",
	warn: "fill-warn-fill",
	odd: "fill-odd-fill",
	idle: "fill-idle-fill",
	accent: "fill-accent",
};
