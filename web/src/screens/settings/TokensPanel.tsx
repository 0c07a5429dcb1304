import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { tokensQuery } from "../../api/fleetQueries.ts";
import type { Role, Token } from "../../api/types.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { FormDialog } from "../../ui/FormDialog.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Select } from "../../ui/Select.tsx";
import { Empty } from "../../ui/States.tsx";
import { Ago } from "../../ui/Time.tsx";
import { useAct } from "../../ui/useAct.ts";
import { useSubmit } from "../../ui/useSubmit.ts";
import { Text } from "../executions/Execution.tsx";
import { ListPanel } from "./ListPanel.tsx";
import { RoleField } from "./RoleField.tsx";
import { Cell } from "./SimpleTable.tsx";

const DAY_MS = 86_400_000;

function stateOf(token: Token, now = Date.now()): [string, string] {
	if (token.revokedAt) return ["revoked", "Revoked"];
	if (token.expiresAt && Date.parse(token.expiresAt) <= now) return ["paused", "Expired"];
	return ["active", "Active"];
}

/** Credentials of scripts. */
export function TokensPanel() {
	const query = useQuery(tokensQuery());
	const [making, setMaking] = useState(false);
	const { act } = useAct("tokens");
	const revoke = (token: Token) =>
		act(
			async () => {
				await call("DELETE", `/api/tokens/${token.tokenId}`);
				return `${token.name} revoked`;
			},
			{
				title: `Revoke ${token.name}?`,
				consequence: "Whatever uses this token is refused from now on.",
				action: "Revoke",
				danger: true,
			},
		);
	return (
		<ListPanel
			title="API tokens"
			make="Make a token"
			onMake={() => setMaking(true)}
			query={query}
			rows={(data) => data.tokens}
			empty={<Empty title="No tokens" />}
			names={["Name", "Role", "State", "Made by", "Made", "Expires", ""]}
			row={(token) => {
				const [state, text] = stateOf(token);
				return (
					<tr key={token.tokenId}>
						<Cell>{token.name}</Cell>
						<Cell>{token.role}</Cell>
						<Cell>
							<PlainMark state={state} text={text} />
						</Cell>
						<Cell>{token.createdBy}</Cell>
						<Cell>
							<Ago at={token.createdAt} />
						</Cell>
						<Cell>
							<Ago at={token.expiresAt} none="never" />
						</Cell>
						<Cell right stays>
							{token.revokedAt ? null : (
								<Button small kind="quiet" aria-label={`Revoke ${token.name}`} onClick={() => void revoke(token)}>
									Revoke
								</Button>
							)}
						</Cell>
					</tr>
				);
			}}
		>
			{making ? <TokenDialog close={() => setMaking(false)} /> : null}
		</ListPanel>
	);
}

function TokenDialog({ close }: { close: () => void }) {
	const client = useQueryClient();
	const [name, setName] = useState("");
	const [role, setRole] = useState<Role>("viewer");
	const [days, setDays] = useState(90);
	const [made, setMade] = useState<string | null>(null);
	const form = useSubmit(async () => {
		const body = { name, role, ...(days ? { ttlMs: days * DAY_MS } : {}) };
		setMade((await call<{ token: string }>("POST", "/api/tokens", { body })).token);
		void client.invalidateQueries({ queryKey: ["tokens"] });
	});
	const shown = made ? (
		<>
			<p className="m-0">This is the token. It is not shown again.</p>
			<Text text={made} />
			<Button className="self-start" onClick={() => void navigator.clipboard?.writeText(made)}>
				Copy
			</Button>
		</>
	) : null;
	return (
		<FormDialog title="Make a token" action="Make it" form={form} close={close} result={shown}>
			<Field label="Name" error={form.error} help="Stands as the author of what the token's bearer does.">
				<input
					className="field"
					required
					maxLength={128}
					value={name}
					onChange={(event) => setName(event.target.value)}
				/>
			</Field>
			<RoleField role={role} change={setRole} />
			<Field label="Expires">
				<Select
					value={days}
					change={setDays}
					choices={[
						[1, "in a day"],
						[30, "in 30 days"],
						[90, "in 90 days"],
						[365, "in a year"],
						[0, "never"],
					]}
				/>
			</Field>
		</FormDialog>
	);
}
