// Typed URL filters. A screen's route says `validateSearch: (raw) => readSearch(raw, {...})`; what does not fit is dropped,
// so that a mistyped address shows the screen and not an error.

type Reader<T> = (value: unknown) => T | undefined;

export const text: Reader<string> = (value) => {
	const found = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
	return typeof found === "string" && found !== "" ? found.slice(0, 256) : undefined;
};

/** An address within the dashboard: what comes from a link must not lead to another host. */
export const ownPath: Reader<string> = (value) =>
	typeof value === "string" && /^\/(?![/\\])/.test(value) && !/[\t\n\r]/.test(value)
		? value.slice(0, 2_048)
		: undefined;

export const flag: Reader<boolean> = (value) =>
	value === true || value === "true" ? true : value === false || value === "false" ? false : undefined;

export const number: Reader<number> = (value) => {
	const found = typeof value === "string" && value !== "" ? Number(value) : value;
	return typeof found === "number" && Number.isFinite(found) ? found : undefined;
};

export const time: Reader<string> = (value) => {
	const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
	return Number.isNaN(at) ? undefined : new Date(at).toISOString();
};

export function oneOf<const T extends string>(...choices: T[]): Reader<T> {
	return (value) => choices.find((choice) => choice === value);
}

/** "failed,timeout" with only known words; undefined when none is left. */
export function listOf<const T extends string>(...choices: T[]): Reader<string> {
	return (value) => {
		if (typeof value !== "string") return undefined;
		const kept = value.split(",").filter((word) => (choices as string[]).includes(word));
		return kept.length ? kept.join(",") : undefined;
	};
}

type Shape = Record<string, Reader<unknown>>;
export type SearchOf<S extends Shape> = { [K in keyof S]?: Exclude<ReturnType<S[K]>, undefined> };

export function readSearch<S extends Shape>(raw: Record<string, unknown>, shape: S): SearchOf<S> {
	const found: Record<string, unknown> = {};
	for (const [key, reader] of Object.entries(shape)) {
		const value = reader(raw[key]);
		if (value !== undefined) found[key] = value;
	}
	return found as SearchOf<S>;
}
