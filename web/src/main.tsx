import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { onKeyDown } from "./lib/keys.ts";
import { startSettings } from "./lib/settings.ts";
import { router } from "./router.tsx";
import { makeQueryClient } from "./shell/queryClient.ts";
import "./styles.css";

startSettings();
window.addEventListener("keydown", onKeyDown);
createRoot(document.getElementById("root") as HTMLElement).render(
	<StrictMode>
		<QueryClientProvider client={makeQueryClient()}>
			<RouterProvider router={router} />
		</QueryClientProvider>
	</StrictMode>,
);
