import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { usersQuery } from "../../api/fleetQueries.ts";
import type { Role, User } from "../../api/types.ts";
import { Button } from "../../ui/Button.tsx";
import { confirm } from "../../ui/confirm.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered, Empty } from "../../ui/States.tsx";
import { Ago } from "../../ui/Time.tsx";
import { toast, toastError } from "../../ui/toast.tsx";
import { useSubmit } from "../../ui/useSubmit.ts";
import { RoleField } from "./RoleField.tsx";
import { Cell, Head, SimpleTable } from "./SimpleTable.tsx";

/** Accounts: who may log in, as what. */
export function UsersPanel() {
	const client = useQueryClient();
	const query = useQuery(usersQuery());
	const [editing, setEditing] = useState<User | "new" | null>(null);
	const done = () => {
		setEditing(null);
		void client.invalidateQueries({ queryKey: ["users"] });
	};
	const change = async (user: User, active: boolean) => {
		if (
			!active &&
			!(await confirm({
				title: `Disable ${user.name}?`,
				consequence: "All sessions of this account end now, and it can not log in.",
				action: "Disable",
				danger: true,
			}))
		)
			return;
		try {
			await call("PATCH", `/api/users/${encodeURIComponent(user.name)}`, { body: { active } });
			toast(`${user.name}: ${active ? "enabled" : "disabled"}`);
			done();
		} catch (error) {
			toastError(error);
		}
	};
	const remove = async (user: User) => {
		if (
			!(await confirm({
				title: `Delete ${user.name}?`,
				consequence: "The account and its sessions go. What it did stays in the audit.",
				action: "Delete",
				danger: true,
			}))
		)
			return;
		try {
			await call("DELETE", `/api/users/${encodeURIComponent(user.name)}`);
			toast(`${user.name} deleted`);
			done();
		} catch (error) {
			toastError(error);
		}
	};
	return (
		<Panel
			title="People"
			flush
			actions={
				<Button small kind="primary" onClick={() => setEditing("new")}>
					Add a person
				</Button>
			}
		>
			<Answered query={query}>
				{({ users }) =>
					users.length === 0 ? (
						<Empty title="No accounts">Only API tokens can log in.</Empty>
					) : (
						<SimpleTable label="People">
							<Head names={["Name", "Role", "State", "Last login", ""]} wideOnly={["Last login"]} />
							<tbody>
								{users.map((user) => (
									<tr key={user.name}>
										<Cell>{user.name}</Cell>
										<Cell>{user.role}</Cell>
										<Cell>
											<PlainMark state={user.active ? "active" : "paused"} text={user.active ? "Active" : "Disabled"} />
										</Cell>
										<Cell wideOnly>
											<Ago at={user.lastLoginAt} none="never" />
										</Cell>
										<Cell right>
											<span className="inline-flex max-[719px]:flex-col max-[719px]:items-end max-[719px]:py-1">
												<Button small kind="quiet" aria-label={`Edit ${user.name}`} onClick={() => setEditing(user)}>
													Edit
												</Button>
												<Button
													small
													kind="quiet"
													aria-label={`${user.active ? "Disable" : "Enable"} ${user.name}`}
													onClick={() => void change(user, !user.active)}
												>
													{user.active ? "Disable" : "Enable"}
												</Button>
												<Button small kind="quiet" aria-label={`Delete ${user.name}`} onClick={() => void remove(user)}>
													Delete
												</Button>
											</span>
										</Cell>
									</tr>
								))}
							</tbody>
						</SimpleTable>
					)
				}
			</Answered>
			{editing ? (
				<UserDialog user={editing === "new" ? null : editing} close={() => setEditing(null)} done={done} />
			) : null}
		</Panel>
	);
}

function UserDialog({ user, close, done }: { user: User | null; close: () => void; done: () => void }) {
	const [name, setName] = useState(user?.name ?? "");
	const [role, setRole] = useState<Role>(user?.role ?? "viewer");
	const [password, setPassword] = useState("");
	const { submit, busy, error } = useSubmit(async () => {
		if (user)
			await call("PATCH", `/api/users/${encodeURIComponent(user.name)}`, {
				body: { role, ...(password ? { password } : {}) },
			});
		else await call("POST", "/api/users", { body: { name, role, password } });
		toast(`${name} saved`);
		done();
	});
	return (
		<Dialog
			open
			onClose={close}
			title={user ? `Edit ${user.name}` : "Add a person"}
			footer={
				<>
					<Button onClick={close}>Cancel</Button>
					<Button kind="primary" type="submit" form="user" busy={busy}>
						Save
					</Button>
				</>
			}
		>
			<form id="user" onSubmit={submit} className="flex flex-col gap-4">
				{user ? null : (
					<Field label="Name">
						<input
							className="field"
							required
							autoCapitalize="none"
							autoComplete="off"
							value={name}
							onChange={(event) => setName(event.target.value)}
						/>
					</Field>
				)}
				<RoleField role={role} change={setRole} />
				<Field
					label={user ? "New password" : "Password"}
					error={error}
					help={user ? "Leave it empty to keep the present one." : undefined}
				>
					<input
						className="field"
						type="password"
						autoComplete="new-password"
						required={!user}
						value={password}
						onChange={(event) => setPassword(event.target.value)}
					/>
				</Field>
			</form>
		</Dialog>
	);
}
