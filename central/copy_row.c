#include "central/copy_row.h"

#include <string.h>

#define POSTGRES_EPOCH_US (INT64_C(946684800) * US_PER_SECOND) /* 2000-01-01 */
/* Object ids of types, which never change (pg_type.dat). */
#define OID_INT8 20
#define OID_INT4 23

/* A row has some two hundred pieces of a few bytes: a call for each took a quarter of the fold's time. */
static inline void put(GString *out, const void *bytes, gsize n)
{
	if (out->len + n >= out->allocated_len) {
		g_string_append_len(out, bytes, (gssize)n);
		return;
	}
	memcpy(out->str + out->len, bytes, n);
	out->len += n;
	out->str[out->len] = '\0';
}

static inline void put16(GString *out, int64_t value)
{
	guint16 big = GUINT16_TO_BE((guint16)value);
	put(out, &big, sizeof big);
}

static inline void put32(GString *out, int64_t value)
{
	guint32 big = GUINT32_TO_BE((guint32)value);
	put(out, &big, sizeof big);
}

static inline void put64(GString *out, int64_t value)
{
	guint64 big = GUINT64_TO_BE((guint64)value);
	put(out, &big, sizeof big);
}

void copy_begin(GString *out)
{
	g_string_append_len(out, "PGCOPY\n\377\r\n\0", 11);
	put32(out, 0); /* flags */
	put32(out, 0); /* header extension */
}

void copy_row(GString *out, int columns)
{
	put16(out, columns);
}

void copy_end(GString *out)
{
	put16(out, -1);
}

void copy_null(GString *out)
{
	put32(out, -1);
}

void copy_int2(GString *out, int64_t value)
{
	put32(out, 2);
	put16(out, CLAMP(value, G_MININT16, G_MAXINT16));
}

void copy_int4(GString *out, int64_t value)
{
	put32(out, 4);
	put32(out, CLAMP(value, G_MININT32, G_MAXINT32));
}

void copy_int8(GString *out, int64_t value)
{
	put32(out, 8);
	put64(out, value);
}

void copy_text(GString *out, const char *text)
{
	if (text == NULL) {
		copy_null(out);
		return;
	}
	size_t size = strlen(text);
	put32(out, (int64_t)size);
	g_string_append_len(out, text, (gssize)size);
}

void copy_wall(GString *out, struct wall t)
{
	if (wall_is_set(t))
		copy_int8(out, t.us - POSTGRES_EPOCH_US);
	else
		copy_null(out);
}

void copy_uuid(GString *out, struct fire_id id)
{
	put32(out, sizeof id.bytes);
	g_string_append_len(out, (const char *)id.bytes, sizeof id.bytes);
}

void copy_bytea(GString *out, const char *hex)
{
	if (hex == NULL) {
		copy_null(out);
		return;
	}
	size_t n = strlen(hex) / 2;
	put32(out, (int64_t)n);
	for (size_t i = 0; i < n; i++) {
		char byte = (char)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
		put(out, &byte, 1);
	}
}

/* One dimension from 1, no NULLs; an array without elements has no dimension. */
static void put_array_head(GString *out, int n, int element_size, int type)
{
	put32(out, n == 0 ? 12 : 20 + n * (4 + element_size));
	put32(out, n > 0);
	put32(out, 0);
	put32(out, type);
	if (n == 0)
		return;
	put32(out, n);
	put32(out, 1);
}

void copy_int4_array(GString *out, const int64_t *values, int n)
{
	put_array_head(out, n, 4, OID_INT4);
	for (int i = 0; i < n; i++)
		copy_int4(out, values[i]);
}

void copy_int8_array(GString *out, const int64_t *values, int n)
{
	put_array_head(out, n, 8, OID_INT8);
	for (int i = 0; i < n; i++)
		copy_int8(out, values[i]);
}
