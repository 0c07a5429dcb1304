// The code of all screens, once the first one is there: who is looking when central goes away can still go from one to the next.
import { type AnyRoute, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

const PAUSE_MS = 2_000; // what is on the screen goes first

export function useFetchAhead() {
	const router = useRouter();
	useEffect(() => {
		const timer = setTimeout(async () => {
			for (const route of Object.values<AnyRoute>(router.routesById)) await router.loadRouteChunk(route);
			await import("../screens/job/OverTime.tsx").catch(() => null); // asked for again when it is needed
		}, PAUSE_MS);
		return () => clearTimeout(timer);
	}, [router]);
}
