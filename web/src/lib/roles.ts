// Who may do what: viewer < operator < editor < admin. What is not allowed is not offered.
import type { Role } from "../api/types.ts";

const RANK: Record<Role, number> = { viewer: 0, operator: 1, editor: 2, admin: 3 };

export function atLeast(role: Role | undefined, least: Role): boolean {
	return role !== undefined && RANK[role] >= RANK[least];
}
