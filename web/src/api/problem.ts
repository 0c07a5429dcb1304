// What went wrong, in one type: an answer with problem+json, or no answer at all.

export interface Problem {
	type: string;
	title: string;
	status: number;
	detail: string;
	pointer?: string; // JSON pointer into the body that was sent; "" = the whole document
	parameter?: string; // name of the query parameter
}

export type ErrorKind =
	| "network" // no answer: central is away
	| "unavailable" // 503: central answers, its database does not
	| "slow" // 503 too, but the database is there
	| "unauthorized"
	| "forbidden"
	| "notFound"
	| "conflict"
	| "stale" // 412: edited since it was read
	| "invalid" // 400, 413, 415, 422
	| "locked" // 429
	| "server";

const KINDS: Record<number, ErrorKind> = {
	400: "invalid",
	401: "unauthorized",
	403: "forbidden",
	404: "notFound",
	409: "conflict",
	412: "stale",
	413: "invalid",
	415: "invalid",
	422: "invalid",
	429: "locked",
	503: "unavailable",
};

const BUSY_TITLES = ["Too Slow", "Out Of Memory"]; // of central/http.h

export class ApiError extends Error {
	readonly kind: ErrorKind;
	readonly status: number; // 0 = no answer
	readonly problem: Problem | null;
	readonly retryAfterMs: number | null;

	constructor(kind: ErrorKind, status: number, message: string, problem: Problem | null, retryAfterMs: number | null) {
		super(message);
		this.name = "ApiError";
		this.kind = kind;
		this.status = status;
		this.problem = problem;
		this.retryAfterMs = retryAfterMs;
	}

	/** The member of the form that is wrong: "/retry/maxAttempts" -> "retry.maxAttempts". */
	get field(): string | null {
		const pointer = this.problem?.pointer;
		return pointer ? pointer.slice(1).replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~") : null;
	}
}

export function noAnswer(cause: unknown): ApiError {
	const error = new ApiError("network", 0, "Central does not answer.", null, null);
	error.cause = cause;
	return error;
}

/** Reads an answer that is not 2xx; never throws itself. */
export async function readError(answer: Response): Promise<ApiError> {
	const seconds = Number(answer.headers.get("Retry-After"));
	const retryAfterMs = answer.headers.has("Retry-After") && Number.isFinite(seconds) ? seconds * 1000 : null;
	let problem: Problem | null = null;
	try {
		if (answer.headers.get("Content-Type")?.includes("json")) problem = (await answer.json()) as Problem;
	} catch {
		// a proxy's page: the status has to do
	}
	const known = KINDS[answer.status] ?? (answer.status >= 500 ? "server" : "invalid");
	const kind = known === "unavailable" && BUSY_TITLES.includes(problem?.title ?? "") ? "slow" : known;
	const message = problem?.detail || problem?.title || `The server answered with status ${answer.status}.`;
	return new ApiError(kind, answer.status, message, problem, retryAfterMs);
}

export function asApiError(error: unknown): ApiError {
	return error instanceof ApiError
		? error
		: new ApiError("server", 0, String((error as Error)?.message ?? error), null, null);
}
