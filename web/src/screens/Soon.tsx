import { Screen } from "../ui/Screen.tsx";
import { Empty } from "../ui/States.tsx";

export function Soon({ title }: { title: string }) {
	return (
		<Screen title={title}>
			<div className="card">
				<Empty title="Not here yet" />
			</div>
		</Screen>
	);
}
