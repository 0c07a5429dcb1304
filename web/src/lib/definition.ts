// The definition inside a job that was read, and its members by path ("retry.maxAttempts"). Pure.

export type Tree = Record<string, unknown>;

const ADDED = [
	"jobId",
	"revision",
	"createdAt",
	"createdBy",
	"updatedAt",
	"updatedBy",
	"nextFireAt",
	"note",
	"scheduleText",
	"lastExecution",
	"recent",
	"p95Ms",
	"lateSince",
	"held",
	"unknownSince",
];

/** What its author can write; what central adds is left out. */
export function definitionOf(job: object): Tree {
	const definition: Tree = { ...(job as Tree) };
	for (const name of ADDED) delete definition[name];
	return definition;
}

export function isTree(value: unknown): value is Tree {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function at(tree: Tree, path: string): unknown {
	let here: unknown = tree;
	for (const step of path.split(".")) here = isTree(here) ? here[step] : undefined;
	return here;
}

/** A copy with one member changed; undefined takes it away. */
export function withMember(tree: Tree, path: string, value: unknown): Tree {
	const [step, ...rest] = path.split(".") as [string, ...string[]];
	const copy = { ...tree };
	if (rest.length > 0) {
		const below = copy[step];
		copy[step] = withMember(isTree(below) ? below : {}, rest.join("."), value);
	} else if (value === undefined) delete copy[step];
	else copy[step] = value;
	return copy;
}

/** Paths of the members that differ; objects are walked, all else is compared whole. */
export function differences(before: Tree, after: Tree, prefix = ""): string[] {
	const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
	return names.flatMap((name) => {
		const [a, b] = [before[name], after[name]];
		if (isTree(a) && isTree(b) && name !== "headers") return differences(a, b, `${prefix}${name}.`);
		return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)) ? [] : [prefix + name];
	});
}

function sorted(value: unknown): unknown {
	if (!isTree(value)) return value;
	return Object.fromEntries(
		Object.keys(value)
			.sort()
			.map((name) => [name, sorted(value[name])]),
	);
}

/** My edits of `base`, laid over what somebody else made of it meanwhile. */
export function rebased(base: Tree, mine: Tree, theirs: Tree): Tree {
	let merged = theirs;
	for (const path of differences(base, mine)) merged = withMember(merged, path, at(mine, path));
	return merged;
}

/** How a value reads in a table of differences. */
export function shown(value: unknown): string {
	if (value === undefined || value === null) return "–";
	return typeof value === "string" ? value : JSON.stringify(value);
}
