// The one way to the server. `api` is typed by central/openapi.yaml; `call` takes a type of types.ts.
// GETs remember the ETag of their address and send it back, so that an unchanged answer costs 304 and no parsing:
// it is the same object as before, and nothing that shows it is drawn again.
import createClient from "openapi-fetch";
import { connectionAnswered, connectionFailed } from "./connection.ts";
import { ApiError, noAnswer, readError } from "./problem.ts";
import type { paths } from "./schema.gen.ts";

const REMEMBERED_MAX = 100;
const TIMEOUT_MS = 20_000;
const remembered = new Map<string, { etag: string; body: string; data?: unknown }>();
// One job's ETag is its revision, for If-Match: it stays while its next fire and its lateness change.
const TAG_IS_REVISION = /^\/api\/jobs\/[^/]+$/;
const expiryListeners = new Set<() => void>();

/** Called when an answer says that the session is over. */
export function onSessionOver(listener: () => void): () => void {
	expiryListeners.add(listener);
	return () => expiryListeners.delete(listener);
}

function remember(url: string, etag: string, body: string) {
	remembered.delete(url);
	remembered.set(url, { etag, body });
	const oldest = remembered.keys().next();
	if (remembered.size > REMEMBERED_MAX && !oldest.done) remembered.delete(oldest.value);
}

export function forgetAnswers() {
	remembered.clear();
}

async function answered(request: Request): Promise<Response> {
	const known = request.method === "GET" ? remembered.get(request.url) : undefined;
	if (known && !request.headers.has("If-None-Match")) request.headers.set("If-None-Match", known.etag);
	const timeout = AbortSignal.timeout(TIMEOUT_MS);
	let answer: Response;
	try {
		answer = await fetch(request, { signal: AbortSignal.any([request.signal, timeout]), cache: "no-store" });
	} catch (cause) {
		if (request.signal.aborted) throw cause;
		connectionFailed("central");
		throw noAnswer(cause);
	}
	if (answer.status === 502 || answer.status === 504) connectionFailed("central");
	else if (answer.status !== 503) connectionAnswered();
	if (answer.status === 304 && known) {
		return new Response(known.body, { status: 200, headers: { "Content-Type": "application/json", ETag: known.etag } });
	}
	if (answer.ok) {
		const etag = answer.headers.get("ETag");
		if (request.method === "GET" && etag && !TAG_IS_REVISION.test(new URL(request.url).pathname)) {
			const body = await answer.text();
			remember(request.url, etag, body);
			return new Response(body, { status: answer.status, headers: answer.headers });
		}
		return answer;
	}
	const error = await readError(answer);
	if (error.kind === "unavailable") connectionFailed("database");
	else if (error.kind === "slow") connectionAnswered();
	const isLogin = new URL(request.url).pathname === "/api/session";
	if (error.kind === "unauthorized" && !isLogin) for (const listener of expiryListeners) listener();
	throw error;
}

export const api = createClient<paths>({
	baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
	fetch: answered,
	credentials: "same-origin",
});

type Query = Record<string, string | number | boolean | null | undefined>;

export interface CallOptions {
	query?: Query;
	body?: unknown;
	headers?: Record<string, string>;
	signal?: AbortSignal;
}

export function addressOf(path: string, query: Query = {}): string {
	const url = new URL(path, typeof location === "undefined" ? "http://localhost" : location.origin);
	for (const [key, value] of Object.entries(query)) {
		if (value !== undefined && value !== null && value !== "") url.searchParams.set(key, String(value));
	}
	return url.toString();
}

/** One call whose answer has a type of types.ts. Throws ApiError. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
	return (await callWithTag<T>(method, path, options)).data;
}

export async function callWithTag<T>(
	method: string,
	path: string,
	{ query, body, headers, signal }: CallOptions = {},
): Promise<{ data: T; etag: string | null }> {
	const request = new Request(addressOf(path, query), {
		method,
		credentials: "same-origin",
		headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		...(signal ? { signal } : {}),
	});
	const answer = await answered(request);
	const etag = answer.headers.get("ETag");
	const known = method === "GET" && etag ? remembered.get(request.url) : undefined;
	if (known?.etag === etag && known?.data !== undefined) return { data: known.data as T, etag };
	const text = await answer.text();
	let data: T;
	try {
		data = (text === "" ? undefined : JSON.parse(text)) as T;
	} catch {
		throw new ApiError("server", answer.status, "The server's answer can not be read.", null, null);
	}
	if (known?.etag === etag && known) known.data = data;
	return { data, etag };
}

/** For openapi-fetch: the data of an answer; errors were thrown before. */
export async function data<T>(promise: Promise<{ data?: T }>): Promise<T> {
	return (await promise).data as T;
}
