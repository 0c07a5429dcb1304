// Central or its database is away: said at the top, with since when; what is on the screen is old and marked so.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useConnection } from "../api/connection.ts";
import { useNow } from "../lib/now.ts";
import { useSettings } from "../lib/settings.ts";
import { duration, instant, zoneFor } from "../lib/time.ts";
import { watchConnection } from "./queryClient.ts";

export function AwayBanner() {
	const client = useQueryClient();
	const { away, since, lastAnswerAt } = useConnection();
	const now = useNow();
	const zone = zoneFor(useSettings().zone);
	useEffect(() => watchConnection(client), [client]);
	if (!away || since === null) return null;
	const what = away === "central" ? "Central does not answer" : "The database is away";
	return (
		<div
			role="alert"
			className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-warn-soft px-4 py-2 text-warn sm:px-6"
		>
			<span aria-hidden="true" className="font-bold">
				!
			</span>
			<span className="font-semibold">
				{what} since {instant(since, zone, now)} ({duration(Math.max(0, Math.floor((now - since) / 1000)) * 1000)})
			</span>
			<span>
				{lastAnswerAt ? `What you see is from ${instant(lastAnswerAt, zone, now)}. ` : ""}
				Agents go on firing; this page catches up by itself.
			</span>
		</div>
	);
}
