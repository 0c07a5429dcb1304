// The search of a screen: what is typed goes to the address after a pause, `/` puts the cursor here, Escape empties it.
import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 200;

interface Props {
	label: string;
	placeholder: string;
	value: string | undefined;
	change: (value: string | undefined) => void;
}

export function SearchField({ label, placeholder, value = "", change }: Props) {
	const [typed, setTyped] = useState(value);
	const sent = useRef(value);
	const latest = useRef(change);
	latest.current = change;
	useEffect(() => {
		if (value !== sent.current) {
			sent.current = value;
			setTyped(value); // by the back button, or a link
		}
	}, [value]);
	useEffect(() => {
		if (typed === sent.current) return;
		const timer = setTimeout(() => {
			sent.current = typed;
			latest.current(typed || undefined);
		}, PAUSE_MS);
		return () => clearTimeout(timer);
	}, [typed]);
	return (
		<input
			data-search
			type="search"
			aria-label={label}
			placeholder={placeholder}
			className="field grow basis-full sm:min-w-56 sm:basis-0"
			value={typed}
			onChange={(event) => setTyped(event.target.value)}
			onKeyDown={(event) => {
				if (event.key !== "Escape") return;
				if (typed) setTyped("");
				else event.currentTarget.blur();
			}}
		/>
	);
}
