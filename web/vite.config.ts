/// <reference types="vitest/config" />
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Development: `npm run dev` passes /api on to a central; `BELFRY_FAKE=1 npm run dev` answers from test/fake instead.
const central = process.env.BELFRY_URL ?? "http://127.0.0.1:3001";

// As strict as central's own (central/web.c), so that what it would refuse is seen here too.
const POLICY =
	"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; img-src 'self'";

export default defineConfig({
	plugins: [react(), tailwindcss(), fakeCentral()],
	server: {
		host: "127.0.0.1",
		port: 5173,
		proxy: process.env.BELFRY_FAKE ? {} : { "/api": central, "/readyz": central },
	},
	preview: { host: "127.0.0.1", port: 4173, headers: { "Content-Security-Policy": POLICY } },
	build: {
		target: "es2023",
		cssTarget: ["chrome123", "firefox121", "safari17.5"],
		assetsInlineLimit: 0, // a data: URL would need a hole in the CSP
		modulePreload: { polyfill: false },
		license: { fileName: "licences.txt" },
		reportCompressedSize: false,
		sourcemap: false,
	},
	test: {
		environment: "happy-dom",
		environmentOptions: { happyDOM: { url: "http://localhost/" } },
		include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{ts,tsx}"],
		setupFiles: ["test/setup.ts"],
		restoreMocks: true,
		testTimeout: 60_000, // of five seconds a busy machine needs some for itself
		hookTimeout: 60_000,
	},
});

// The made-up central of the tests, served beside Vite; nothing of it is built into dist.
function fakeCentral() {
	const serve = async (server: { middlewares: import("vite").Connect.Server }) => {
		if (!process.env.BELFRY_FAKE) return;
		const { answer } = await import("./test/fake/serve.ts");
		server.middlewares.use(answer);
	};
	return { name: "fake-central", apply: "serve" as const, configureServer: serve, configurePreviewServer: serve };
}
