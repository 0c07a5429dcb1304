import { useMutation, useQueryClient } from "@tanstack/react-query";
import { confirm, type Question } from "./confirm.tsx";
import { toast, toastError } from "./toast.tsx";

/**
 * What a button does: `act(send, question)` asks first where there is a question, tells the sentence that `send` ends with (or
 * what went wrong), and makes all that was read under the keys `stale` be fetched anew. Whether it was done comes back.
 */
export function useAct(...stale: string[]) {
	const client = useQueryClient();
	const { mutateAsync, isPending } = useMutation({
		mutationFn: (send: () => Promise<string>) => send(),
		onSuccess: (sentence) => {
			toast(sentence);
			for (const key of stale) void client.invalidateQueries({ queryKey: [key] });
		},
		onError: toastError,
	});
	const act = async (send: () => Promise<string>, question?: Question): Promise<boolean> => {
		if (question && !(await confirm(question))) return false;
		return mutateAsync(send).then(
			() => true,
			() => false,
		);
	};
	return { act, busy: isPending };
}
