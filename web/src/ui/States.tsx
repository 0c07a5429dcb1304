// What stands where data should: loading, nothing there, an error. Every screen shows one of these, never a blank.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { asApiError } from "../api/problem.ts";
import { Button } from "./Button.tsx";

export function Loading({ rows = 6, label = "Loading" }: { rows?: number; label?: string }) {
	return (
		<div role="status" aria-label={label} className="flex flex-col gap-3 p-4">
			{Array.from({ length: rows }, (_, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: rows without identity
				<div key={index} className="skeleton h-6" style={{ width: `${92 - ((index * 17) % 40)}%` }} />
			))}
		</div>
	);
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
	return (
		<div className="flex flex-col items-center gap-2 px-6 py-14 text-center">
			<p className="m-0 text-[1.1rem] font-semibold">{title}</p>
			{children ? <div className="max-w-prose text-ink-soft">{children}</div> : null}
		</div>
	);
}

const TITLES: Record<string, string> = {
	network: "Central does not answer",
	unavailable: "The database is away",
	slow: "This took too long",
	forbidden: "Your role does not allow this",
	notFound: "There is no such thing",
	invalid: "The request does not fit",
	locked: "Too many tries",
};

/** An error in place of a screen or a part of it. */
export function Failure({
	error,
	retry,
	back,
}: {
	error: unknown;
	retry?: () => void;
	back?: { to: string; text: string };
}) {
	const known = asApiError(error);
	const comesBack = known.kind === "network" || known.kind === "unavailable";
	return (
		<div role="alert" className="flex flex-col items-center gap-3 px-6 py-14 text-center">
			<p className="m-0 text-[1.1rem] font-semibold">{TITLES[known.kind] ?? "Something went wrong"}</p>
			<p className="m-0 max-w-prose text-ink-soft">
				{known.message}
				{comesBack ? " This page goes on by itself when it is back." : ""}
			</p>
			<div className="flex gap-2">
				{retry ? <Button onClick={retry}>Try again</Button> : null}
				{back ? (
					<Link to={back.to} className="link self-center">
						{back.text}
					</Link>
				) : null}
			</div>
		</div>
	);
}

interface Answer<T> {
	data: T | undefined;
	error: unknown;
	refetch: () => unknown;
}

/** Data when there is some (old data too, while the server is away), else what stands for it. */
export function Answered<T>({
	query,
	children,
	rows,
	back,
}: {
	query: Answer<T>;
	children: (data: T) => ReactNode;
	rows?: number;
	back?: { to: string; text: string };
}) {
	if (query.data !== undefined) return <>{children(query.data)}</>;
	if (query.error) return <Failure error={query.error} retry={() => query.refetch()} back={back} />;
	return <Loading rows={rows} />;
}
