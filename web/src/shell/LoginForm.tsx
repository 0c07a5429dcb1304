import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { asApiError } from "../api/problem.ts";
import { duration } from "../lib/time.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { logIn } from "./session.ts";

/** What a refused login says. */
export function loginSentence(error: unknown): string {
	const known = asApiError(error);
	if (known.kind === "unauthorized") return "Name or password is wrong.";
	if (known.kind === "locked")
		return `Too many wrong tries. Wait ${known.retryAfterMs ? duration(known.retryAfterMs) : "a while"}, then try again.`;
	return known.message;
}

export function LoginForm({ name: known = "", done }: { name?: string; done: () => void }) {
	const client = useQueryClient();
	const [name, setName] = useState(known);
	const [password, setPassword] = useState("");
	const [error, setError] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		setBusy(true);
		setError(null);
		try {
			await logIn(client, { name, password });
			done();
		} catch (failure) {
			setError(loginSentence(failure));
			setPassword("");
		} finally {
			setBusy(false);
		}
	};
	return (
		<form onSubmit={submit} className="flex flex-col gap-4">
			<Field label="Name">
				<input
					className="field"
					autoComplete="username"
					autoCapitalize="none"
					spellCheck={false}
					required
					value={name}
					onChange={(event) => setName(event.target.value)}
				/>
			</Field>
			<Field label="Password" error={error}>
				<input
					className="field"
					type="password"
					autoComplete="current-password"
					required
					value={password}
					onChange={(event) => setPassword(event.target.value)}
				/>
			</Field>
			<Button type="submit" kind="primary" busy={busy}>
				Log in
			</Button>
		</form>
	);
}
