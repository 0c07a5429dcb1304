// A panel of settings with a short list: what it shows while there is none, and the one button that makes another.
import type { ReactNode } from "react";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Screen.tsx";
import { Answered } from "../../ui/States.tsx";
import { Head, SimpleTable } from "./SimpleTable.tsx";

interface Props<Data, Row> {
	title: string;
	make: string; // the button: "Add a person"
	onMake: () => void;
	query: { data: Data | undefined; error: unknown; refetch: () => unknown };
	rows: (data: Data) => Row[];
	empty: ReactNode;
	names: string[]; // of the columns
	wideOnly?: string[];
	row: (row: Row) => ReactNode; // a <tr> with its key
	children: ReactNode; // dialogs
}

export function ListPanel<Data, Row>(props: Props<Data, Row>) {
	return (
		<Panel
			title={props.title}
			flush
			actions={
				<Button small kind="primary" onClick={props.onMake}>
					{props.make}
				</Button>
			}
		>
			<Answered query={props.query}>
				{(data) =>
					props.rows(data).length === 0 ? (
						props.empty
					) : (
						<SimpleTable label={props.title}>
							<Head names={props.names} wideOnly={props.wideOnly} />
							<tbody>{props.rows(data).map(props.row)}</tbody>
						</SimpleTable>
					)
				}
			</Answered>
			{props.children}
		</Panel>
	);
}
