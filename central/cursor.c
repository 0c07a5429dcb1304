#include "central/cursor.h"

#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#define PLAIN_MAX 96

char *cursor_encode(char kind, const struct cursor *cursor)
{
	char plain[PLAIN_MAX];
	size_t size = (size_t)g_snprintf(plain, sizeof plain, "%c.%" PRId64 ".%s", kind, cursor->at.us, cursor->id);
	size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = g_malloc(room);
	return sodium_bin2base64(text, room, (const uint8_t *)plain, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool cursor_decode(char kind, const char *text, struct cursor *ret)
{
	char plain[PLAIN_MAX] = { 0 };
	size_t size;
	if (sodium_base642bin((uint8_t *)plain, sizeof plain - 1, text, strlen(text), NULL, &size, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    strlen(plain) != size || size < 4 || plain[0] != kind || plain[1] != '.')
		return false;
	char *end;
	struct cursor cursor = { .at = { g_ascii_strtoll(plain + 2, &end, 10) } };
	if (end == plain + 2 || *end != '.' || !uuid_is_valid(end + 1))
		return false;
	g_strlcpy(cursor.id, end + 1, sizeof cursor.id);
	*ret = cursor;
	return true;
}

bool api_query_cursor(const struct api_request *request, struct api_reply *reply, char kind, struct cursor *ret)
{
	const char *text = api_query(request, "cursor");
	if (text == NULL || cursor_decode(kind, text, ret))
		return true;
	problem_parameter(reply, "cursor", "is not the nextCursor of this list");
	return false;
}

/* What a forged one brings is no reason to calculate with it. */
struct wall cursor_window_end(const struct cursor *cursor, struct wall now)
{
	return cursor->at.us > 0 && wall_before(cursor->at, now) ? cursor->at : now;
}
