import { Field } from "./Field.tsx";

interface Props {
	label: string;
	value: string;
	change: (value: string) => void;
	fresh?: boolean; // one to come: the browser offers to make one, not the one that it keeps
	optional?: boolean;
	help?: string | undefined;
	error?: string | null;
}

export function PasswordField({ label, value, change, fresh, optional, help, error = null }: Props) {
	return (
		<Field label={label} help={help} error={error}>
			<input
				className="field"
				type="password"
				autoComplete={fresh ? "new-password" : "current-password"}
				required={!optional}
				value={value}
				onChange={(event) => change(event.target.value)}
			/>
		</Field>
	);
}
