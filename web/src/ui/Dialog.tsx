// A modal dialog: title, content, buttons. Escape and the scrim close it, focus goes back to where it was. It begins at the
// first thing to fill in, else at the first button below, never at the one that closes it.
import { Dialog as Base } from "@base-ui/react/dialog";
import { type ReactNode, useRef } from "react";

interface Props {
	open: boolean;
	onClose?: () => void; // left out: it can not be closed without an answer
	title: string;
	wide?: boolean;
	children: ReactNode;
	footer?: ReactNode;
}

const FILLED_IN = "input,select,textarea";

export function Dialog({ open, onClose, title, wide, children, footer }: Props) {
	const body = useRef<HTMLDivElement>(null);
	const below = useRef<HTMLDivElement>(null);
	const first = () =>
		body.current?.querySelector<HTMLElement>(FILLED_IN) ?? below.current?.querySelector<HTMLElement>("button") ?? true;
	return (
		<Base.Root open={open} onOpenChange={(next) => !next && onClose?.()} disablePointerDismissal={!onClose}>
			<Base.Portal>
				<Base.Backdrop className="fixed inset-0 z-40 bg-[var(--scrim)]" />
				<Base.Popup
					initialFocus={first}
					className={`fixed left-1/2 top-[8dvh] z-50 flex max-h-[84dvh] w-[calc(100vw-1.5rem)] -translate-x-1/2 flex-col rounded-xl border border-line bg-raised text-ink shadow-[0_12px_40px_var(--shadow)] ${wide ? "max-w-4xl" : "max-w-lg"}`}
				>
					<div className="flex items-center justify-between gap-4 border-b border-line px-5 py-3">
						<Base.Title className="m-0 text-[1.1rem] font-semibold">{title}</Base.Title>
						{onClose ? (
							<Base.Close
								aria-label="Close"
								className="-mr-2 grid size-8 place-items-center rounded-[7px] text-ink-soft hover:bg-sunken"
							>
								<span aria-hidden="true">×</span>
							</Base.Close>
						) : null}
					</div>
					<div ref={body} className="min-h-0 overflow-y-auto px-5 py-4">
						{children}
					</div>
					{footer ? (
						<div ref={below} className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">
							{footer}
						</div>
					) : null}
				</Base.Popup>
			</Base.Portal>
		</Base.Root>
	);
}
