// The pages of a list as one array, and what DataTable wants to know about the next page.
interface Paged<Page> {
	data: { pages: Page[] } | undefined;
	hasNextPage: boolean;
	isFetchingNextPage: boolean;
	fetchNextPage: () => unknown;
}

export function rowsOf<Page, Row>(query: Paged<Page>, pick: (page: Page) => Row[]): Row[] {
	return query.data?.pages.flatMap(pick) ?? [];
}

export function moreOf<Page>(query: Paged<Page>) {
	return { has: query.hasNextPage, busy: query.isFetchingNextPage, load: () => void query.fetchNextPage() };
}
