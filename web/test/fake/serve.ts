// The handlers behind Vite's development server: look at screens without central (BELFRY_FAKE=1 npm run dev).
import type { IncomingMessage, ServerResponse } from "node:http";
import { getResponse } from "msw";
import { handlers } from "./handlers.ts";

export async function answer(message: IncomingMessage, reply: ServerResponse, next: () => void) {
	if (!message.url?.startsWith("/api/") && message.url !== "/readyz") return next();
	const chunks: Buffer[] = [];
	for await (const chunk of message) chunks.push(chunk as Buffer);
	const request = new Request(`http://localhost${message.url}`, {
		method: message.method,
		headers: message.headers as Record<string, string>,
		...(chunks.length ? { body: Buffer.concat(chunks) } : {}),
	});
	const found = await getResponse(handlers, request);
	reply.statusCode = found?.status ?? 404;
	for (const [name, value] of found?.headers ?? []) reply.setHeader(name, value);
	reply.end(found ? Buffer.from(await found.arrayBuffer()) : "");
}
