// A labelled input with its help and its error. The child gets id, aria-describedby and aria-invalid.
import { cloneElement, type ReactElement, type ReactNode, useId } from "react";

interface Wired {
	id?: string;
	"aria-describedby"?: string;
	"aria-invalid"?: boolean;
}

interface Props {
	label: string;
	help?: ReactNode;
	error?: string | null;
	children: ReactElement<Wired>;
	className?: string;
}

export function Field({ label, help, error, children, className = "" }: Props) {
	const id = useId();
	const described = [help ? `${id}h` : "", error ? `${id}e` : ""].filter(Boolean).join(" ");
	return (
		<div className={`flex min-w-0 flex-col gap-1 ${className}`}>
			<label htmlFor={id} className="font-medium text-ink-soft">
				{label}
			</label>
			{cloneElement(children, {
				id,
				...(described ? { "aria-describedby": described } : {}),
				...(error ? { "aria-invalid": true } : {}),
			})}
			{error ? (
				<p id={`${id}e`} className="m-0 text-bad" role="alert">
					{error}
				</p>
			) : null}
			{help ? (
				<div id={`${id}h`} className="text-[0.93rem] text-ink-faint">
					{help}
				</div>
			) : null}
		</div>
	);
}
