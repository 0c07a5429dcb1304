// Name and password, or a one-time link: /login#LINK opens the dashboard by itself.
import { useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { asApiError } from "../api/problem.ts";
import { LoginForm } from "../shell/LoginForm.tsx";
import { logIn } from "../shell/session.ts";

export default function Login() {
	const client = useQueryClient();
	const navigate = useNavigate();
	const location = useLocation();
	const [link] = useState(() => location.hash);
	const [failure, setFailure] = useState<string | null>(null);
	const started = useRef(false);
	const next = (location.search as { next?: string }).next ?? "/";
	const done = () => void navigate({ href: next, replace: true });

	// biome-ignore lint/correctness/useExhaustiveDependencies: a link opens once
	useEffect(() => {
		document.title = "Log in · Belfry";
		if (!link || started.current) return;
		started.current = true;
		void logIn(client, { link })
			.then(done)
			.catch((error) => {
				const known = asApiError(error);
				setFailure(
					known.kind === "unauthorized"
						? "This link was used already, or is too old. Log in by name, or make a new link."
						: known.message,
				);
				void navigate({ to: "/login", replace: true });
			});
	}, []);

	return (
		<main className="grid min-h-dvh place-items-center p-4">
			<div className="card w-full max-w-sm p-7">
				<div className="mb-6 flex items-center gap-3">
					<img src="/favicon.svg" alt="" width="34" height="34" />
					<h1 className="m-0 text-[1.45rem] font-semibold tracking-[-0.01em]">Belfry</h1>
				</div>
				{link && !failure ? (
					<p role="status" className="text-ink-soft">
						Opening the dashboard…
					</p>
				) : (
					<>
						{failure ? (
							<p role="alert" className="mt-0 mb-5 rounded-[7px] bg-warn-soft px-3 py-2 text-warn">
								{failure}
							</p>
						) : null}
						<LoginForm done={done} />
						<p className="mt-5 mb-0 text-[0.93rem] text-ink-faint">
							No account? <code>belfry login --link</code> prints a link that opens this page logged in.
						</p>
					</>
				)}
			</div>
		</main>
	);
}
