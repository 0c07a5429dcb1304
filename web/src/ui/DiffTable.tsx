// Members that differ, side by side.
import { shown } from "../lib/definition.ts";

interface Props {
	heads: string[];
	rows: { path: string; values: unknown[] }[];
}

export function DiffTable({ heads, rows }: Props) {
	return (
		<div className="overflow-x-auto">
			<table className="w-full border-collapse text-left">
				<thead className="text-ink-faint">
					<tr>
						<th className="border-b border-line py-1 pr-4 font-medium">Member</th>
						{heads.map((head) => (
							<th key={head} className="border-b border-line py-1 pr-4 font-medium">
								{head}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{rows.map((row) => (
						<tr key={row.path}>
							<th
								scope="row"
								className="border-b border-line py-1.5 pr-4 align-top font-mono text-[0.93rem] font-medium"
							>
								{row.path}
							</th>
							{row.values.map((value, index) => (
								// biome-ignore lint/suspicious/noArrayIndexKey: a column
								<td key={index} className="border-b border-line py-1.5 pr-4 align-top">
									<code
										className={`break-all rounded px-1 ${row.values.length === 2 ? (index === 0 ? "bg-bad-soft text-bad" : "bg-good-soft text-good") : "bg-sunken"}`}
									>
										{shown(value)}
									</code>
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
