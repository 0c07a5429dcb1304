// The pages of a list as one array, and what DataTable wants to know about the next page.
import type { More } from "../ui/DataTable.tsx";

export const PAGES_POLLED_MAX = 2; // a list that was scrolled further down is not fetched anew each time

interface Paged<Page> {
	data: { pages: Page[] } | undefined;
	hasNextPage: boolean;
	isFetchingNextPage: boolean;
	fetchNextPage: () => unknown;
	refetch: () => unknown;
}

export function rowsOf<Page, Row>(query: Paged<Page>, pick: (page: Page) => Row[]): Row[] {
	return query.data?.pages.flatMap(pick) ?? [];
}

export function moreOf<Page>(query: Paged<Page>): More {
	return {
		has: query.hasNextPage,
		busy: query.isFetchingNextPage,
		load: () => void query.fetchNextPage(),
		...((query.data?.pages.length ?? 0) > PAGES_POLLED_MAX ? { still: () => void query.refetch() } : {}),
	};
}
