// Who is logged in. Everything asks here what may be offered.
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { call, forgetAnswers } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import type { Role, Session } from "../api/types.ts";
import { atLeast } from "../lib/roles.ts";

/** Logs in by name and password, or by a one-time link. */
export async function logIn(
	client: QueryClient,
	wish: { name: string; password: string } | { link: string },
): Promise<Session> {
	const answer = await call<Session>("POST", "/api/session", { body: wish });
	const before = client.getQueryData<Session>(["session"]);
	if (before && before.name !== answer.name) {
		forgetAnswers();
		client.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
	}
	client.setQueryData(["session"], { ...answer, kind: answer.kind ?? "session" });
	return answer;
}

export async function logOut(client: QueryClient): Promise<void> {
	await call("DELETE", "/api/session");
	forgetAnswers();
	client.clear();
}

export function useSession(): Session | undefined {
	return useQuery(sessionQuery()).data;
}

/** May this person do what needs `least`? */
export function useMay(least: Role): boolean {
	return atLeast(useSession()?.role, least);
}
