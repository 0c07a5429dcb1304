/*
 * Opaque cursors of keyset paging: where the last page ended, as URL-safe text. Owns: that form. Does not own: the order of a
 * list (its statement). Pure. A cursor is no secret and gives no rights; a forged one only names another place in the same
 * list.
 */
#ifndef BELFRY_CURSOR_H
#define BELFRY_CURSOR_H

#include "central/http.h"

struct cursor {
	struct wall at;     /* WALL_NONE where the list has no time */
	char id[UUID_SIZE];
};

/* `kind` is one letter that keeps cursors of different lists apart. Caller frees. */
char *cursor_encode(char kind, const struct cursor *cursor);
bool cursor_decode(char kind, const char *text, struct cursor *ret);
/* The query parameter "cursor". Absent: *ret stays, true. Bad: 400 in the reply, false. */
bool api_query_cursor(const struct api_request *request, struct api_reply *reply, char kind, struct cursor *ret);
/*
 * Where a window ends that reaches to now: on the first page now, on the others where the first one's ended, which its cursor
 * brought as `at`. Pages that each had a window of their own would add up to sums that were true at no moment.
 */
struct wall cursor_window_end(const struct cursor *cursor, struct wall now);

#endif
