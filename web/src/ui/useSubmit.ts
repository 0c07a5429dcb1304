import { type FormEvent, useState } from "react";
import { asApiError } from "../api/problem.ts";

/** A form that is sent: busy until `send` is through; what `send` throws stands in the form as `error`, in words. */
export function useSubmit(send: () => Promise<void>, words = (failure: unknown) => asApiError(failure).message) {
	const [error, setError] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		setBusy(true);
		setError(null);
		try {
			await send();
		} catch (failure) {
			setError(words(failure));
		} finally {
			setBusy(false);
		}
	};
	return { submit, busy, error };
}
