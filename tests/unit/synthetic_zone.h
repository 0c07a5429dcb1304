/*
 * Makes the bytes of TZif files, so that tests of rules do not depend on the zones of the host.
 */
#ifndef BELFRY_TESTS_SYNTHETIC_ZONE_H
#define BELFRY_TESTS_SYNTHETIC_ZONE_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* A TZif file in the making. Without transitions the footer rules all time. */
struct synthetic {
	int n;
	int64_t at[4];
	int32_t offset[5]; /* [0] before the first transition */
	const char *footer;
	char version;
	uint32_t leap_count;
};

static inline void append_be(GByteArray *out, uint64_t value, int size)
{
	for (int i = size - 1; i >= 0; i--) {
		uint8_t byte = (uint8_t)(value >> (8 * i));
		g_byte_array_append(out, &byte, 1);
	}
}

static inline void append_header(GByteArray *out, const struct synthetic *zone, uint32_t times, uint32_t types)
{
	g_byte_array_append(out, (const uint8_t *)"TZif", 4);
	append_be(out, (uint64_t)zone->version, 1);
	for (int i = 0; i < 15; i++)
		append_be(out, 0, 1);
	append_be(out, 0, 4);
	append_be(out, 0, 4);
	append_be(out, zone->leap_count, 4);
	append_be(out, times, 4);
	append_be(out, types, 4);
	append_be(out, 4, 4);
}

static inline void append_block(GByteArray *out, const struct synthetic *zone, int n, int time_size)
{
	for (int i = 0; i < n; i++)
		append_be(out, (uint64_t)zone->at[i], time_size);
	for (int i = 0; i < n; i++)
		append_be(out, (uint64_t)i + 1, 1);
	for (int i = 0; i < n + 1; i++) {
		append_be(out, (uint32_t)zone->offset[i], 4);
		append_be(out, 0, 2);
	}
	g_byte_array_append(out, (const uint8_t *)"ABC", 4);
	for (uint32_t i = 0; i < zone->leap_count; i++) {
		append_be(out, 0, time_size);
		append_be(out, 0, 4);
	}
}

static inline GByteArray *synthesize(const struct synthetic *zone)
{
	GByteArray *out = g_byte_array_new();

	if (zone->version) {
		append_header(out, zone, 0, 1);
		append_block(out, zone, 0, 4);
	}
	append_header(out, zone, (uint32_t)zone->n, (uint32_t)zone->n + 1);
	append_block(out, zone, zone->n, zone->version ? 8 : 4);
	if (zone->version) {
		g_byte_array_append(out, (const uint8_t *)"\n", 1);
		g_byte_array_append(out, (const uint8_t *)zone->footer, (guint)strlen(zone->footer));
		g_byte_array_append(out, (const uint8_t *)"\n", 1);
	}
	return out;
}

#endif
