#include "central/copy_text.h"

#include <string.h>

#include "common/rfc3339.h"

static void put(GString *out, const char *text, size_t size)
{
	g_string_append_len(out, text, (gssize)size);
	g_string_append_c(out, '\t');
}

void copy_text(GString *out, const char *text)
{
	if (text == NULL) {
		put(out, "\\N", 2);
		return;
	}
	for (;;) {
		size_t plain = strcspn(text, "\\\t\n\r");
		g_string_append_len(out, text, (gssize)plain);
		text += plain;
		if (*text == '\0')
			break;
		g_string_append_c(out, '\\');
		g_string_append_c(out, *text == '\t' ? 't' : *text == '\n' ? 'n' : *text == '\r' ? 'r' : '\\');
		text++;
	}
	g_string_append_c(out, '\t');
}

/* Ingest prints a dozen numbers a record: printf would be a tenth of its time. */
static size_t print_int(char buffer[static 24], int64_t value)
{
	char digits[24];
	size_t n = 0, length = 0;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	do
		digits[n++] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		buffer[length++] = '-';
	while (n > 0)
		buffer[length++] = digits[--n];
	return length;
}

void copy_int(GString *out, int64_t value)
{
	char buffer[24];
	put(out, buffer, print_int(buffer, value));
}

void copy_int_or_null(GString *out, int64_t value, int64_t null)
{
	if (value == null)
		copy_text(out, NULL);
	else
		copy_int(out, value);
}

void copy_wall(GString *out, struct wall t)
{
	char text[RFC3339_SIZE + 8];
	if (!wall_is_set(t)) {
		copy_text(out, NULL);
		return;
	}
	rfc3339_print_seconds(t, text);
	size_t length = strlen(text);
	int64_t fraction = t.us - wall_floor_seconds(t) * US_PER_SECOND;
	text[length - 1] = '.';
	for (size_t i = length + 6; i-- > length; fraction /= 10)
		text[i] = (char)('0' + fraction % 10);
	text[length + 6] = 'Z';
	put(out, text, length + 7);
}

void copy_uuid(GString *out, struct fire_id id)
{
	char text[FIRE_ID_TEXT_SIZE];
	put(out, fire_id_print(id, text), FIRE_ID_TEXT_SIZE - 1);
}

void copy_bytea(GString *out, const char *hex)
{
	if (hex == NULL) {
		copy_text(out, NULL);
		return;
	}
	g_string_append(out, "\\\\x");
	put(out, hex, strlen(hex));
}

void copy_ints(GString *out, const int64_t *values, int n)
{
	for (int i = 0; i < n; i++) {
		char buffer[24];
		g_string_append_c(out, i == 0 ? '{' : ',');
		g_string_append_len(out, buffer, (gssize)print_int(buffer, values[i]));
	}
	put(out, "}", 1);
}

void copy_end_row(GString *out)
{
	out->str[out->len - 1] = '\n';
}
