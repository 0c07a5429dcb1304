import type { Role } from "../../api/types.ts";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";

const ROLES: [Role, string][] = [
	["viewer", "sees everything, changes nothing"],
	["operator", "also pauses, resumes, runs, skips, drains"],
	["editor", "also makes, edits and deletes jobs"],
	["admin", "also people, tokens, agents and the audit"],
];

/** One of the four roles, each with what it may do. */
export function RoleField({ role, change }: { role: Role; change: (role: Role) => void }) {
	return (
		<Field label="Role" help={ROLES.find(([name]) => name === role)?.[1]}>
			<Select value={role} change={change} choices={ROLES.map(([name]) => [name, name])} />
		</Field>
	);
}
