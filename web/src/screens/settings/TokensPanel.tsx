import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { tokensQuery } from "../../api/fleetQueries.ts";
import type { Role, Token } from "../../api/types.ts";
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
import { Text } from "../executions/Execution.tsx";
import { RoleField } from "./RoleField.tsx";
import { Cell, Head, SimpleTable } from "./SimpleTable.tsx";

const DAY_MS = 86_400_000;

function stateOf(token: Token, now = Date.now()): [string, string] {
	if (token.revokedAt) return ["revoked", "Revoked"];
	if (token.expiresAt && Date.parse(token.expiresAt) <= now) return ["paused", "Expired"];
	return ["active", "Active"];
}

/** Credentials of scripts. */
export function TokensPanel() {
	const client = useQueryClient();
	const query = useQuery(tokensQuery());
	const [making, setMaking] = useState(false);
	const revoke = async (token: Token) => {
		if (
			!(await confirm({
				title: `Revoke ${token.name}?`,
				consequence: "Whatever uses this token is refused from now on.",
				action: "Revoke",
				danger: true,
			}))
		)
			return;
		try {
			await call("DELETE", `/api/tokens/${token.tokenId}`);
			toast(`${token.name} revoked`);
			await client.invalidateQueries({ queryKey: ["tokens"] });
		} catch (error) {
			toastError(error);
		}
	};
	return (
		<Panel
			title="API tokens"
			flush
			actions={
				<Button small kind="primary" onClick={() => setMaking(true)}>
					Make a token
				</Button>
			}
		>
			<Answered query={query}>
				{({ tokens }) =>
					tokens.length === 0 ? (
						<Empty title="No tokens" />
					) : (
						<SimpleTable label="API tokens">
							<Head names={["Name", "Role", "State", "Made by", "Made", "Expires", ""]} />
							<tbody>
								{tokens.map((token) => {
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
													<Button
														small
														kind="quiet"
														aria-label={`Revoke ${token.name}`}
														onClick={() => void revoke(token)}
													>
														Revoke
													</Button>
												)}
											</Cell>
										</tr>
									);
								})}
							</tbody>
						</SimpleTable>
					)
				}
			</Answered>
			{making ? <TokenDialog close={() => setMaking(false)} /> : null}
		</Panel>
	);
}

function TokenDialog({ close }: { close: () => void }) {
	const client = useQueryClient();
	const [name, setName] = useState("");
	const [role, setRole] = useState<Role>("viewer");
	const [days, setDays] = useState(90);
	const [made, setMade] = useState<string | null>(null);
	const { submit, busy, error } = useSubmit(async () => {
		const body = { name, role, ...(days ? { ttlMs: days * DAY_MS } : {}) };
		setMade((await call<{ token: string }>("POST", "/api/tokens", { body })).token);
		void client.invalidateQueries({ queryKey: ["tokens"] });
	});
	return (
		<Dialog
			open
			onClose={close}
			title="Make a token"
			footer={
				made ? (
					<Button kind="primary" onClick={close}>
						Done
					</Button>
				) : (
					<>
						<Button onClick={close}>Cancel</Button>
						<Button kind="primary" type="submit" form="token" busy={busy}>
							Make it
						</Button>
					</>
				)
			}
		>
			{made ? (
				<div className="flex flex-col gap-3">
					<p className="m-0">This is the token. It is not shown again.</p>
					<Text text={made} />
					<Button className="self-start" onClick={() => void navigator.clipboard?.writeText(made)}>
						Copy
					</Button>
				</div>
			) : (
				<form id="token" onSubmit={submit} className="flex flex-col gap-4">
					<Field label="Name" error={error} help="Stands as the author of what the token's bearer does.">
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
						<select className="field" value={days} onChange={(event) => setDays(Number(event.target.value))}>
							<option value={1}>in a day</option>
							<option value={30}>in 30 days</option>
							<option value={90}>in 90 days</option>
							<option value={365}>in a year</option>
							<option value={0}>never</option>
						</select>
					</Field>
				</form>
			)}
		</Dialog>
	);
}
