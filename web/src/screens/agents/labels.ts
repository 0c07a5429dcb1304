// "env=prod, role=web" <-> {"env":"prod","role":"web"}. Pure; the server has the last word on what a label may be.

export function labelsText(labels: Record<string, string> | undefined): string {
	return Object.entries(labels ?? {})
		.map(([name, value]) => `${name}=${value}`)
		.join(", ");
}

/** Throws a sentence when a part is not name=value. */
export function parseLabels(text: string): Record<string, string> {
	const labels: Record<string, string> = {};
	for (const part of text.split(",")) {
		const trimmed = part.trim();
		if (!trimmed) continue;
		const at = trimmed.indexOf("=");
		if (at <= 0) throw new Error("Labels are written name=value, with commas between.");
		labels[trimmed.slice(0, at).trim()] = trimmed.slice(at + 1).trim();
	}
	return labels;
}
