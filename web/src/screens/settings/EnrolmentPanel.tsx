import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { enrolmentTokensQuery } from "../../api/fleetQueries.ts";
import type { EnrolmentToken } from "../../api/types.ts";
import { Button } from "../../ui/Button.tsx";
import { PlainMark } from "../../ui/Mark.tsx";
import { Empty } from "../../ui/States.tsx";
import { Ago } from "../../ui/Time.tsx";
import { useAct } from "../../ui/useAct.ts";
import { Labels } from "../agents/Agents.tsx";
import { EnrolDialog } from "../agents/EnrolDialog.tsx";
import { ListPanel } from "./ListPanel.tsx";
import { Cell } from "./SimpleTable.tsx";

function stateOf(token: EnrolmentToken, now = Date.now()): [string, string] {
	if (token.usedAt) return ["success", "Used"];
	return Date.parse(token.expiresAt) <= now ? ["paused", "Expired"] : ["active", "Open"];
}

/** One-time tokens that new agents show when they first come. */
export function EnrolmentPanel() {
	const query = useQuery(enrolmentTokensQuery());
	const [making, setMaking] = useState(false);
	const { act } = useAct("enrolment");
	const withdraw = (token: EnrolmentToken) =>
		act(async () => {
			await call("DELETE", `/api/agents/tokens/${token.tokenId}`);
			return "The token is withdrawn";
		});
	return (
		<ListPanel
			title="Enrolment tokens"
			make="Enrol an agent"
			onMake={() => setMaking(true)}
			query={query}
			rows={(data) => data.tokens}
			empty={<Empty title="No tokens">Make one to enrol an agent; it works once.</Empty>}
			names={["Made", "By", "State", "Labels", "Expires", "Used", ""]}
			wideOnly={["By", "Labels", "Used"]}
			row={(token) => {
				const [state, text] = stateOf(token);
				return (
					<tr key={token.tokenId}>
						<Cell>
							<Ago at={token.createdAt} />
						</Cell>
						<Cell wideOnly>{token.createdBy}</Cell>
						<Cell>
							<PlainMark state={state} text={text} />
						</Cell>
						<Cell wideOnly>
							<Labels labels={token.labels} />
						</Cell>
						<Cell>
							<Ago at={token.expiresAt} />
						</Cell>
						<Cell wideOnly>
							<Ago at={token.usedAt} none="no" />
						</Cell>
						<Cell right stays>
							{token.usedAt ? null : (
								<Button small kind="quiet" onClick={() => void withdraw(token)}>
									Withdraw
								</Button>
							)}
						</Cell>
					</tr>
				);
			}}
		>
			{making ? <EnrolDialog close={() => setMaking(false)} /> : null}
		</ListPanel>
	);
}
