// The frame around every screen: navigation, refresh and zone switches, banner, dialogs.
import { useQuery } from "@tanstack/react-query";
import { Outlet, useLocation, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useConnection } from "../api/connection.ts";
import { asApiError } from "../api/problem.ts";
import { sessionQuery } from "../api/queries.ts";
import { useKeys } from "../lib/keys.ts";
import { atLeast } from "../lib/roles.ts";
import { ConfirmHost } from "../ui/confirm.tsx";
import { Failure, Loading } from "../ui/States.tsx";
import { ToastHost } from "../ui/toast.tsx";
import { AwayBanner } from "./AwayBanner.tsx";
import { useFetchAhead } from "./fetchAhead.ts";
import { KeySheet } from "./KeySheet.tsx";
import { Navigation } from "./Navigation.tsx";
import { PLACES, type Place } from "./nav.ts";
import { Palette } from "./Palette.tsx";
import { SessionOver } from "./SessionOver.tsx";
import { Toolbar } from "./Toolbar.tsx";

export function Layout() {
	const session = useQuery(sessionQuery());
	const location = useLocation();
	const away = useConnection().away !== null;
	const [palette, setPalette] = useState(false);
	const [sheet, setSheet] = useState(false);
	useFetchAhead();
	const places = PLACES.filter((place) => atLeast(session.data?.role, place.least));
	useFrameKeys(
		places,
		() => setPalette(true),
		() => setSheet(true),
	);

	if (!session.data) {
		if (session.error && asApiError(session.error).kind === "unauthorized") {
			return <ToLogin next={location.href} />;
		}
		return (
			<main className="mx-auto max-w-5xl p-6">
				{session.error ? <Failure error={session.error} retry={() => session.refetch()} /> : <Loading />}
			</main>
		);
	}
	return (
		<div className="grid min-h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[auto_auto_1fr] md:grid-rows-[auto_1fr] md:grid-cols-[12.5rem_minmax(0,1fr)]">
			<a
				href="#content"
				className="sr-only rounded bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:left-2 focus:top-2 focus:z-50"
			>
				Skip to content
			</a>
			<Navigation places={places} />
			<div className="sticky top-0 z-30 bg-canvas">
				<Toolbar session={session.data} openPalette={() => setPalette(true)} openSheet={() => setSheet(true)} />
				<AwayBanner />
			</div>
			<main
				id="content"
				tabIndex={-1}
				aria-busy={away || undefined}
				className={`w-full min-w-0 max-w-[110rem] px-4 pt-3 pb-10 outline-none sm:px-6 ${away ? "opacity-70 grayscale-[0.4]" : ""}`}
			>
				<Outlet />
			</main>
			<ProgressLine />
			<Palette open={palette} close={() => setPalette(false)} places={places} />
			<KeySheet open={sheet} close={() => setSheet(false)} />
			<ConfirmHost />
			<ToastHost />
			<SessionOver />
		</div>
	);
}

function useFrameKeys(places: Place[], openPalette: () => void, openSheet: () => void) {
	const navigate = useNavigate();
	useKeys([
		{ keys: "Mod+k", label: "Find a job, an agent, a page", group: "Everywhere", run: openPalette },
		{ keys: "?", label: "This sheet", group: "Everywhere", run: openSheet },
		{
			keys: "/",
			label: "Search on this page",
			group: "Everywhere",
			run: () => {
				const field = document.querySelector<HTMLInputElement>("[data-search]");
				field ? field.focus() : openPalette();
			},
		},
		...places.map((place) => ({
			keys: `g ${place.key}`,
			label: place.text,
			group: "Go to",
			run: () => void navigate({ to: place.to }),
		})),
	]);
}

/** Once: while the login loads, the address has changed already, and would be its own way back for ever. */
function ToLogin({ next }: { next: string }) {
	const navigate = useNavigate();
	const gone = useRef(false);
	useEffect(() => {
		if (gone.current) return;
		gone.current = true;
		void navigate({ to: "/login", search: next === "/" ? {} : { next }, replace: true });
	}, [navigate, next]);
	return null;
}

/** A thin line at the top while the next screen loads. */
function ProgressLine() {
	const pending = useRouterState({ select: (state) => state.status === "pending" });
	return pending ? (
		<div aria-hidden="true" className="fixed inset-x-0 top-0 z-50 h-0.5 animate-pulse bg-accent" />
	) : null;
}
