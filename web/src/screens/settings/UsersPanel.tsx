import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { usersQuery } from "../../api/fleetQueries.ts";
import type { Role, User } from "../../api/types.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { PasswordField } from "../../ui/PasswordField.tsx";
import { Empty } from "../../ui/States.tsx";
import { Ago } from "../../ui/Time.tsx";
import { toast } from "../../ui/toast.tsx";
import { useAct } from "../../ui/useAct.ts";
import { useSubmit } from "../../ui/useSubmit.ts";
import { ListPanel } from "./ListPanel.tsx";
import { RoleField } from "./RoleField.tsx";
import { Cell } from "./SimpleTable.tsx";

const path = (user: User) => `/api/users/${encodeURIComponent(user.name)}` as const;

/** Accounts: who may log in, as what. */
export function UsersPanel() {
	const query = useQuery(usersQuery());
	const [editing, setEditing] = useState<User | "new" | null>(null);
	const { act } = useAct("users");
	const change = (user: User, active: boolean) =>
		act(
			async () => {
				await call("PATCH", path(user), { body: { active } });
				return `${user.name}: ${active ? "enabled" : "disabled"}`;
			},
			active
				? undefined
				: {
						title: `Disable ${user.name}?`,
						consequence: "All sessions of this account end now, and it can not log in.",
						action: "Disable",
						danger: true,
					},
		);
	const remove = (user: User) =>
		act(
			async () => {
				await call("DELETE", path(user));
				return `${user.name} deleted`;
			},
			{
				title: `Delete ${user.name}?`,
				consequence: "The account and its sessions go. What it did stays in the audit.",
				action: "Delete",
				danger: true,
			},
		);
	return (
		<ListPanel
			title="People"
			make="Add a person"
			onMake={() => setEditing("new")}
			query={query}
			rows={(data) => data.users}
			empty={<Empty title="No accounts">Only API tokens can log in.</Empty>}
			names={["Name", "Role", "State", "Last login", ""]}
			wideOnly={["Last login"]}
			row={(user) => (
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
			)}
		>
			{editing ? <UserDialog user={editing === "new" ? null : editing} close={() => setEditing(null)} /> : null}
		</ListPanel>
	);
}

function UserDialog({ user, close }: { user: User | null; close: () => void }) {
	const client = useQueryClient();
	const [name, setName] = useState(user?.name ?? "");
	const [role, setRole] = useState<Role>(user?.role ?? "viewer");
	const [password, setPassword] = useState("");
	const form = useSubmit(async () => {
		if (user) await call("PATCH", path(user), { body: { role, ...(password ? { password } : {}) } });
		else await call("POST", "/api/users", { body: { name, role, password } });
		toast(`${name} saved`);
		void client.invalidateQueries({ queryKey: ["users"] });
		close();
	});
	return (
		<FormDialog title={user ? `Edit ${user.name}` : "Add a person"} action="Save" form={form} close={close}>
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
			<PasswordField
				label={user ? "New password" : "Password"}
				value={password}
				change={setPassword}
				fresh
				optional={user !== null}
				help={user ? "Leave it empty to keep the present one." : undefined}
				error={form.error}
			/>
		</FormDialog>
	);
}
