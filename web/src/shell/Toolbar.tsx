import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Session } from "../api/types.ts";
import { changeSettings, REFRESH_CHOICES_MS, useSettings } from "../lib/settings.ts";
import { Select } from "../ui/Select.tsx";
import { toastError } from "../ui/toast.tsx";
import { logOut } from "./session.ts";

const SELECT = "h-8 rounded-[7px] border border-line bg-surface px-2 text-ink-soft hover:border-line-strong";
const NAME = "sr-only xl:not-sr-only xl:text-ink-faint"; // seen where there is room

export function refreshText(ms: number): string {
	return ms === 0 ? "Paused" : `${ms / 1000} s`;
}

export function Toolbar({
	session,
	openPalette,
	openSheet,
}: {
	session: Session;
	openPalette: () => void;
	openSheet: () => void;
}) {
	const { refreshMs, zone, theme } = useSettings();
	const client = useQueryClient();
	const navigate = useNavigate();
	const fetching = useIsFetching() > 0;
	const leave = async () => {
		try {
			await logOut(client);
			await navigate({ to: "/login" });
		} catch (error) {
			toastError(error);
		}
	};
	return (
		<div className="flex min-h-14 flex-wrap items-center gap-2 border-b border-line px-4 py-2 sm:px-6">
			<button
				type="button"
				onClick={openPalette}
				className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-[7px] border border-line bg-surface px-3 text-left text-ink-faint hover:border-line-strong sm:max-w-80"
			>
				<span className="flex-1 truncate">Find a job, an agent, a page</span>
				<span className="kbd hidden sm:inline-block">Ctrl K</span>
			</button>
			<div className="ml-auto flex flex-wrap items-center gap-2">
				<label className="flex items-center gap-1.5" title="How often what is on the screen is refreshed">
					<span
						aria-hidden="true"
						className={`size-2 rounded-full ${refreshMs === 0 ? "bg-idle-fill" : fetching ? "bg-accent" : "bg-good-fill"}`}
					/>
					<span className={NAME}>Refresh</span>
					<Select
						className={SELECT}
						value={refreshMs}
						change={(ms) => changeSettings({ refreshMs: ms })}
						choices={REFRESH_CHOICES_MS.map((ms) => [ms, refreshText(ms)])}
					/>
				</label>
				<label className="flex items-center gap-1.5" title="The time zone in which times are shown">
					<span className={NAME}>Times in</span>
					<Select
						className={SELECT}
						value={zone}
						change={(one) => changeSettings({ zone: one })}
						choices={[
							["browser", "My zone"],
							["job", "Job's zone"],
							["utc", "UTC"],
						]}
					/>
				</label>
				<label className="hidden sm:block">
					<span className="sr-only">Theme</span>
					<Select
						className={SELECT}
						value={theme}
						change={(one) => changeSettings({ theme: one })}
						choices={[
							["system", "System theme"],
							["light", "Light"],
							["dark", "Dark"],
						]}
					/>
				</label>
				<button
					type="button"
					onClick={openSheet}
					aria-label="Keyboard help"
					className={`${SELECT} hidden w-8 sm:block`}
				>
					?
				</button>
				<span className="hidden text-ink-soft lg:inline" title={`Role ${session.role}`}>
					{session.name} <span className="text-ink-faint">({session.role})</span>
				</span>
				<button type="button" onClick={leave} className={SELECT}>
					Log out
				</button>
			</div>
		</div>
	);
}
