// One of a few: the value and its words in pairs, so that what comes back has the type of what was offered.
import type { SelectHTMLAttributes } from "react";

interface Props<T extends string | number> extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "value" | "onChange"> {
	value: T;
	change: (value: T) => void;
	choices: readonly (readonly [T, string])[];
}

export function Select<T extends string | number>({ value, change, choices, className = "field", ...rest }: Props<T>) {
	return (
		<select
			{...rest}
			className={className}
			value={value}
			onChange={(event) => {
				const chosen = choices[event.target.selectedIndex];
				if (chosen) change(chosen[0]);
			}}
		>
			{choices.map(([one, text]) => (
				<option key={one} value={one}>
					{text}
				</option>
			))}
		</select>
	);
}
