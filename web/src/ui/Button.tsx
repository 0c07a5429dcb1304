import type { ButtonHTMLAttributes } from "react";

type Kind = "plain" | "primary" | "danger" | "quiet";

const LOOK: Record<Kind, string> = {
	plain: "border-line-strong bg-surface text-ink hover:bg-sunken",
	primary: "border-transparent bg-accent text-on-accent hover:bg-accent-strong",
	danger: "border-transparent bg-bad text-surface hover:opacity-90",
	quiet: "border-transparent bg-transparent text-ink-soft hover:bg-sunken hover:text-ink",
};

const SHAPE =
	"inline-flex items-center justify-center gap-1.5 whitespace-nowrap rounded-[7px] border font-medium transition-colors " +
	"disabled:border-line disabled:bg-sunken disabled:text-ink-faint";

/** The classes of a button, for links that look like one. */
export function buttonClass(kind: Kind = "plain", small = false): string {
	return `${SHAPE} ${small ? "min-h-8 px-2.5 text-[0.93rem]" : "min-h-9 px-3.5"} ${LOOK[kind]}`;
}

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
	kind?: Kind;
	small?: boolean;
	busy?: boolean; // at work: says so and takes no second press
}

export function Button({ kind = "plain", small, busy, className = "", children, disabled, ...rest }: Props) {
	return (
		<button
			type="button"
			{...rest}
			disabled={disabled || busy}
			aria-busy={busy || undefined}
			className={`${buttonClass(kind, small)} ${className}`}
		>
			{children}
			{busy ? <span aria-hidden="true">…</span> : null}
		</button>
	);
}
