import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asApiError } from "../api/problem.ts";
import { duration } from "../lib/time.ts";
import { Button } from "../ui/Button.tsx";
import { Field } from "../ui/Field.tsx";
import { PasswordField } from "../ui/PasswordField.tsx";
import { useSubmit } from "../ui/useSubmit.ts";
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
	const { submit, busy, error } = useSubmit(async () => {
		await logIn(client, { name, password }).catch((failure) => {
			setPassword("");
			throw failure;
		});
		done();
	}, loginSentence);
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
			<PasswordField label="Password" value={password} change={setPassword} error={error} />
			<Button type="submit" kind="primary" busy={busy}>
				Log in
			</Button>
		</form>
	);
}
