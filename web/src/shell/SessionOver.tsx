// The session ended while a screen was open: the login comes on top, and what was typed below it is still there.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { onSessionOver } from "../api/client.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { LoginForm } from "./LoginForm.tsx";
import { useSession } from "./session.ts";

export function SessionOver() {
	const client = useQueryClient();
	const navigate = useNavigate();
	const session = useSession();
	const [over, setOver] = useState(false);
	useEffect(() => onSessionOver(() => setOver(true)), []);
	if (!over) return null;
	return (
		<Dialog
			open
			title="Your session has ended"
			footer={
				<Button
					kind="quiet"
					onClick={() => {
						setOver(false);
						client.clear();
						void navigate({ to: "/login" });
					}}
				>
					Log in as somebody else
				</Button>
			}
		>
			<p className="mt-0 text-ink-soft">Log in again and go on where you were; nothing on this page is lost.</p>
			<LoginForm
				name={session?.name}
				done={() => {
					setOver(false);
					void client.invalidateQueries();
				}}
			/>
		</Dialog>
	);
}
