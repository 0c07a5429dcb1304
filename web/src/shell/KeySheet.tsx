import { type KeyAction, useKeyActions } from "../lib/keys.ts";
import { Dialog } from "../ui/Dialog.tsx";

export function KeySheet({ open, close }: { open: boolean; close: () => void }) {
	const actions = useKeyActions();
	const groups = new Map<string, KeyAction[]>();
	for (const action of actions) groups.set(action.group, [...(groups.get(action.group) ?? []), action]);
	return (
		<Dialog open={open} onClose={close} title="Keyboard" wide>
			<div className="grid gap-x-10 gap-y-5 sm:grid-cols-2">
				{[...groups].map(([group, members]) => (
					<section key={group}>
						<h3 className="mt-0 mb-2 font-semibold text-ink-soft">{group}</h3>
						<ul className="m-0 flex list-none flex-col gap-1.5 p-0">
							{members.map((action) => (
								<li key={action.keys} className="flex items-center justify-between gap-4">
									<span>{action.label}</span>
									<span className="flex gap-1">
										{action.keys
											.replace("Mod+k", "Ctrl K")
											.split(" ")
											.map((key) => (
												<kbd key={key} className="kbd">
													{key}
												</kbd>
											))}
									</span>
								</li>
							))}
						</ul>
					</section>
				))}
			</div>
		</Dialog>
	);
}
