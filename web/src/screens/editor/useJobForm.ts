// What the form does: it holds a draft, saves it, and meets others who saved first. What it looks like is Form.tsx's.
import { useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { callWithTag } from "../../api/client.ts";
import { type ApiError, asApiError } from "../../api/problem.ts";
import type { Job } from "../../api/types.ts";
import { at, definitionOf, differences, rebased, type Tree, withMember } from "../../lib/definition.ts";
import { confirm } from "../../ui/confirm.tsx";
import type { Bound } from "./fields.tsx";

export type Origin = { kind: "new"; definition: Tree } | { kind: "edit"; job: Job; etag: string };
type Conflict = { theirs: Job; etag: string };

const isAt = (error: ApiError | null, path: string) =>
	error?.field === path || Boolean(error?.field?.startsWith(`${path}.`));

/** The members of the draft for the fields: values, changes, what is wrong with each. */
function useDraft(origin: Origin) {
	const [base, setBase] = useState(() => (origin.kind === "new" ? origin.definition : definitionOf(origin.job)));
	const [draft, setDraft] = useState(base);
	const [error, setError] = useState<ApiError | null>(null);
	const [local, setLocal] = useState<Record<string, string>>({}); // what can not even be sent
	const bound: Bound = {
		value: (path) => at(draft, path),
		set: (path, value) => {
			setDraft((old) => withMember(old, path, value));
			if (isAt(error, path)) setError(null);
		},
		error: (path) => local[path] ?? (isAt(error, path) && error ? error.message : null),
		refuse: (path, sentence) =>
			setLocal((old) => {
				const { [path]: _, ...rest } = old;
				return sentence ? { ...rest, [path]: sentence } : rest;
			}),
	};
	const replace = (newBase: Tree, newDraft: Tree) => {
		setBase(newBase);
		setDraft(newDraft);
	};
	return { base, draft, replace, bound, error, setError, sendable: Object.keys(local).length === 0 };
}

function useLeaveGuard(mayLose: () => boolean) {
	useBlocker({
		shouldBlockFn: async () =>
			mayLose() &&
			!(await confirm({
				title: "Leave without saving?",
				consequence: "What you changed on this page is lost.",
				action: "Leave",
				danger: true,
			})),
		enableBeforeUnload: mayLose,
	});
}

const send = (origin: Origin, definition: Tree, tag: string | null) =>
	origin.kind === "new"
		? callWithTag<Job>("POST", "/api/jobs", { body: definition })
		: callWithTag<Job>("PUT", `/api/jobs/${origin.job.jobId}`, {
				body: definition,
				headers: { "If-Match": tag ?? "*" },
			});

export function useJobForm(origin: Origin) {
	const client = useQueryClient();
	const { base, draft, replace, bound, error, setError, sendable } = useDraft(origin);
	const [etag, setEtag] = useState(origin.kind === "edit" ? origin.etag : null);
	const [conflict, setConflict] = useState<Conflict | null>(null);
	const [busy, setBusy] = useState(false);
	const form = useRef<HTMLFormElement>(null);
	const saved = useRef(false);
	const changed = differences(base, draft);
	useLeaveGuard(() => changed.length > 0 && !saved.current);

	const meet = async (jobId: string) => {
		try {
			const now = await callWithTag<Job>("GET", `/api/jobs/${jobId}`);
			setConflict({ theirs: now.data, etag: now.etag ?? `"${now.data.revision}"` });
		} catch (thrown) {
			setError(asApiError(thrown));
		}
	};
	/** The saved job, or null when it was not saved and the form says why. */
	const save = async (definition = draft, tag = etag): Promise<Job | null> => {
		if (!sendable) return null;
		setBusy(true);
		setError(null);
		try {
			const answer = await send(origin, definition, tag);
			saved.current = true;
			void client.invalidateQueries({ queryKey: ["jobs"] });
			void client.invalidateQueries({ queryKey: ["overview"] });
			return answer.data;
		} catch (thrown) {
			const known = asApiError(thrown);
			if (known.kind === "stale" && origin.kind === "edit") await meet(origin.job.jobId);
			else setError(known);
			requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
			return null;
		} finally {
			setBusy(false);
		}
	};
	/** Theirs becomes the base, and with `mine` my changes go on top; the form goes on from there. */
	const take = (mine: boolean) => {
		if (!conflict) return null;
		const theirs = definitionOf(conflict.theirs);
		const merged = mine ? rebased(base, draft, theirs) : theirs;
		replace(theirs, merged);
		setEtag(conflict.etag);
		setConflict(null);
		return { merged, etag: conflict.etag };
	};
	const putMineOnTop = async () => {
		const next = take(true);
		return next ? save(next.merged, next.etag) : null;
	};
	const closeConflict = () => setConflict(null);
	return { form, bound, base, draft, changed, error, busy, save, conflict, take, putMineOnTop, closeConflict };
}
