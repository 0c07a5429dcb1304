// A dialog that is a form: Cancel and one button that sends. With `result`, what came of it takes the form's place, for
// things that are shown only once.
import { type ReactNode, useId } from "react";
import { Button } from "./Button.tsx";
import { Dialog } from "./Dialog.tsx";
import type { useSubmit } from "./useSubmit.ts";

interface Props {
	title: string;
	action: string; // the button: "Save"
	form: ReturnType<typeof useSubmit>; // its error stands where the caller puts it, at the field it is about
	close: () => void;
	result?: ReactNode;
	children: ReactNode; // fields
}

export function FormDialog({ title, action, form, close, result, children }: Props) {
	const id = useId();
	return (
		<Dialog
			open
			onClose={close}
			title={title}
			footer={
				result ? (
					<Button kind="primary" onClick={close}>
						Done
					</Button>
				) : (
					<>
						<Button onClick={close}>Cancel</Button>
						<Button kind="primary" type="submit" form={id} busy={form.busy}>
							{action}
						</Button>
					</>
				)
			}
		>
			{result ? (
				<div className="flex flex-col gap-3">{result}</div>
			) : (
				<form id={id} onSubmit={form.submit} className="flex flex-col gap-4">
					{children}
				</form>
			)}
		</Dialog>
	);
}
