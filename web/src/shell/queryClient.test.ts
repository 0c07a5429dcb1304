import { InfiniteQueryObserver, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { connection, connectionAnswered } from "../api/connection.ts";
import { changeSettings } from "../lib/settings.ts";
import { makeQueryClient, watchConnection } from "./queryClient.ts";

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	show(true);
	changeSettings({ refreshMs: 5_000 });
	vi.unstubAllGlobals();
	vi.useRealTimers();
});

function show(visible: boolean) {
	Object.defineProperty(document, "visibilityState", { value: visible ? "visible" : "hidden", configurable: true });
	document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
	window.dispatchEvent(new Event("visibilitychange"));
}

/** How often a question was asked so far. */
function asking() {
	const client = makeQueryClient();
	client.mount();
	let asked = 0;
	const stop = new QueryObserver(client, { queryKey: ["x"], queryFn: () => ++asked }).subscribe(() => {});
	return {
		client,
		asked: () => asked,
		stop: () => {
			stop();
			client.unmount();
			client.clear();
		},
	};
}

it("asks again at the chosen interval, and at another one as soon as it is chosen", async () => {
	const { asked, stop } = asking();
	await vi.advanceTimersByTimeAsync(15_100);
	expect(asked()).toBe(4);
	changeSettings({ refreshMs: 30_000 });
	await vi.advanceTimersByTimeAsync(10);
	const now = asked();
	await vi.advanceTimersByTimeAsync(29_000);
	expect(asked()).toBe(now);
	await vi.advanceTimersByTimeAsync(2_000);
	expect(asked()).toBe(now + 1);
	stop();
});

it("asks nothing while it is paused, not even when the tab is seen again", async () => {
	changeSettings({ refreshMs: 0 });
	const { asked, stop } = asking();
	await vi.advanceTimersByTimeAsync(100_000);
	show(false);
	show(true);
	await vi.advanceTimersByTimeAsync(100_000);
	expect(asked()).toBe(1);
	stop();
});

it("asks nothing while the tab is hidden, and at once when it is seen again", async () => {
	const { asked, stop } = asking();
	await vi.advanceTimersByTimeAsync(100);
	show(false);
	await vi.advanceTimersByTimeAsync(60_000);
	expect(asked()).toBe(1);
	show(true);
	await vi.advanceTimersByTimeAsync(10);
	expect(asked()).toBe(2);
	stop();
});

it("does not fetch a long list anew by itself", async () => {
	const client = makeQueryClient();
	let asked = 0;
	const list = new InfiniteQueryObserver(client, {
		queryKey: ["list"],
		queryFn: () => ++asked,
		initialPageParam: 0,
		getNextPageParam: (_page, pages) => pages.length,
	});
	const stop = list.subscribe(() => {});
	await vi.advanceTimersByTimeAsync(10);
	await list.fetchNextPage();
	await list.fetchNextPage();
	const now = asked;
	await vi.advanceTimersByTimeAsync(60_000);
	expect(asked).toBe(now);
	stop();
	client.clear();
});

it("notices by itself that central or its database is away while it is paused, and asks anew when they are back", async () => {
	changeSettings({ refreshMs: 0 });
	let ready = async () => new Response("{}");
	const knocks = vi.fn(() => ready());
	vi.stubGlobal("fetch", knocks);
	connectionAnswered();
	const { asked, client, stop } = asking();
	const end = watchConnection(client);
	await vi.advanceTimersByTimeAsync(60_000);
	expect(knocks).toHaveBeenCalled();
	expect(connection().away).toBeNull();
	expect(asked()).toBe(1);

	ready = () => Promise.reject(new TypeError("refused"));
	await vi.advanceTimersByTimeAsync(12_000);
	expect(connection().away).toBe("central");
	const since = connection().since;
	ready = async () => new Response("{}", { status: 503 });
	await vi.advanceTimersByTimeAsync(2_000);
	expect(connection()).toMatchObject({ away: "database", since });
	expect(asked()).toBe(1);

	ready = async () => new Response("{}");
	await vi.advanceTimersByTimeAsync(2_000);
	expect(asked()).toBeGreaterThan(1);
	connectionAnswered();
	end();
	stop();
});

it("does not knock while answers come", async () => {
	const knocks = vi.fn(async () => new Response("{}"));
	vi.stubGlobal("fetch", knocks);
	const { client, stop } = asking();
	const end = watchConnection(client);
	const answers = setInterval(() => connectionAnswered(), 1_900);
	await vi.advanceTimersByTimeAsync(60_000);
	expect(knocks).not.toHaveBeenCalled();
	clearInterval(answers);
	end();
	stop();
});
