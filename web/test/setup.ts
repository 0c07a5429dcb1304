// Components are tested against the made-up central of test/fake; a call that it does not know fails the test.
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { forgetAnswers } from "../src/api/client.ts";
import { connectionAnswered } from "../src/api/connection.ts";
import { resetFake } from "./fake/handlers.ts";
import { server } from "./fake/server.ts";

// happy-dom lays nothing out; rows that are drawn only where they are seen need a box of some height.
Object.defineProperties(HTMLElement.prototype, {
	clientHeight: { configurable: true, value: 800 },
	clientWidth: { configurable: true, value: 1_200 },
});

// A second, as it is by itself, is little on a busy machine.
configure({ asyncUtilTimeout: 20_000 });

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
	cleanup();
	server.resetHandlers();
	resetFake();
	forgetAnswers();
	connectionAnswered();
	localStorage.clear();
});
afterAll(() => server.close());
