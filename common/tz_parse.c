/*
 * TZif bytes -> changes of offset (RFC 9636). A file of version 2 or later holds two blocks of data, the first for
 * readers of 32-bit times: it is skipped. A version 1 file has that block only, and no footer.
 *
 *   header block(32 bit) header block(64 bit) "\n" footer "\n"
 */
#include "common/tz_internal.h"

#include <string.h>

#define HEADER_SIZE 44
#define TYPE_SIZE 6
#define TRANSITIONS_MAX 10000
#define TYPES_MAX 256
#define NAMES_MAX 2048
#define FOOTER_MAX 255
/* Where the footer begins to rule when the table is empty. */
#define YEAR_ZERO INT64_C(-62167219200)

struct reader {
	const uint8_t *at;
	size_t left;
};

struct header {
	char version;
	uint32_t isut_count, isstd_count, leap_count, time_count, type_count, name_count;
};

static bool fail(GError **error, const char *reason)
{
	g_set_error(error, TZ_ERROR, TZ_ERROR_BAD_FILE, "zone file: %s", reason);
	return false;
}

static const uint8_t *take(struct reader *reader, size_t size)
{
	const uint8_t *at = reader->at;

	if (size > reader->left)
		return NULL;
	reader->at += size;
	reader->left -= size;
	return at;
}

static uint64_t big_endian(const uint8_t *at, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value = value << 8 | at[i];
	return value;
}

static int64_t read_time(const uint8_t *times, uint32_t index, int time_size)
{
	const uint8_t *at = times + (size_t)index * (size_t)time_size;

	return time_size == 4 ? (int32_t)big_endian(at, 4) : (int64_t)big_endian(at, 8);
}

static bool read_header(struct reader *reader, struct header *ret, GError **error)
{
	const uint8_t *at = take(reader, HEADER_SIZE);

	if (!at)
		return fail(error, "is too short");
	if (memcmp(at, "TZif", 4) != 0)
		return fail(error, "does not begin with TZif");
	*ret = (struct header){
		.version = (char)at[4],
		.isut_count = (uint32_t)big_endian(at + 20, 4),
		.isstd_count = (uint32_t)big_endian(at + 24, 4),
		.leap_count = (uint32_t)big_endian(at + 28, 4),
		.time_count = (uint32_t)big_endian(at + 32, 4),
		.type_count = (uint32_t)big_endian(at + 36, 4),
		.name_count = (uint32_t)big_endian(at + 40, 4),
	};
	if (ret->version != 0 && (ret->version < '2' || ret->version > '9'))
		return fail(error, "has an unknown version");
	if (ret->time_count > TRANSITIONS_MAX || ret->type_count > TYPES_MAX || ret->name_count > NAMES_MAX ||
	    ret->leap_count > TRANSITIONS_MAX || ret->isut_count > TYPES_MAX || ret->isstd_count > TYPES_MAX)
		return fail(error, "is larger than any zone");
	return true;
}

static size_t block_size(const struct header *header, size_t time_size)
{
	return header->time_count * (time_size + 1) + header->type_count * TYPE_SIZE + header->name_count +
	       header->leap_count * (time_size + 4) + header->isstd_count + header->isut_count;
}

static bool check_counts(const struct header *header, GError **error)
{
	if (header->type_count == 0 || header->name_count == 0)
		return fail(error, "has no local time type");
	if ((header->isut_count && header->isut_count != header->type_count) ||
	    (header->isstd_count && header->isstd_count != header->type_count))
		return fail(error, "has counts that contradict each other");
	if (header->leap_count)
		return fail(error, "counts leap seconds, which system time does not");
	return true;
}

static bool read_types(const uint8_t *types, const struct header *header, int32_t *ret_offsets, GError **error)
{
	for (uint32_t i = 0; i < header->type_count; i++) {
		const uint8_t *type = types + i * TYPE_SIZE;
		int32_t offset = (int32_t)big_endian(type, 4);
		if (offset <= -TZ_OFFSET_LIMIT || offset >= TZ_OFFSET_LIMIT)
			return fail(error, "has an offset of more than a day");
		if (type[4] > 1 || type[5] >= header->name_count)
			return fail(error, "has a broken local time type");
		ret_offsets[i] = offset;
	}
	return true;
}

/* *ret_last: the last transition of the file, also when it changes no offset: from there on the footer rules. */
static bool read_block(struct reader *reader, const struct header *header, int time_size, GArray *changes,
		       int64_t *ret_last, GError **error)
{
	int32_t offsets[TYPES_MAX];
	int64_t last = -TZ_TIME_LIMIT - 1;

	if (!check_counts(header, error))
		return false;
	const uint8_t *times = take(reader, block_size(header, (size_t)time_size));
	if (!times)
		return fail(error, "ends within its table");
	const uint8_t *indexes = times + (size_t)header->time_count * (size_t)time_size;
	if (!read_types(indexes + header->time_count, header, offsets, error))
		return false;

	tz_changes_add(changes, INT64_MIN, offsets[0]);
	for (uint32_t i = 0; i < header->time_count; i++) {
		int64_t at = read_time(times, i, time_size);
		if (at <= last || at > TZ_TIME_LIMIT)
			return fail(error, "has transitions out of order");
		if (indexes[i] >= header->type_count)
			return fail(error, "names a local time type it does not have");
		tz_changes_add(changes, at, offsets[indexes[i]]);
		last = at;
	}
	*ret_last = header->time_count ? last : YEAR_ZERO;
	return true;
}

static bool read_footer(struct reader *reader, int64_t from, GArray *changes, int *ret_cycle, GError **error)
{
	char footer[FOOTER_MAX + 1];

	const uint8_t *begin = take(reader, 1);
	if (!begin || *begin != '\n')
		return fail(error, "has no footer");
	begin++;
	const uint8_t *end = memchr(begin, '\n', reader->left);
	if (!end || end - begin > FOOTER_MAX || memchr(begin, 0, (size_t)(end - begin)))
		return fail(error, "has no proper footer");
	memcpy(footer, begin, (size_t)(end - begin));
	footer[end - begin] = '\0';
	if (footer[0] && !tz_rule_unroll(footer, from, changes, ret_cycle))
		return fail(error, "has a footer that is no rule");
	return true;
}

struct tz *tz_parse(const void *bytes, size_t size, GError **error)
{
	struct reader reader = { bytes, size };
	struct header header;
	g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(struct tz_change));
	int64_t last;
	int cycle = 0;

	if (!read_header(&reader, &header, error))
		return NULL;
	if (header.version == 0) {
		if (!read_block(&reader, &header, 4, changes, &last, error))
			return NULL;
	} else {
		if (!take(&reader, block_size(&header, 4))) {
			fail(error, "ends within its first table");
			return NULL;
		}
		if (!read_header(&reader, &header, error) || !read_block(&reader, &header, 8, changes, &last, error) ||
		    !read_footer(&reader, last, changes, &cycle, error))
			return NULL;
	}

	struct tz *tz = g_new(struct tz, 1);
	*tz = (struct tz){ .refs = 1, .n = (int)changes->len, .cycle = cycle };
	tz->changes = g_memdup2(changes->data, changes->len * sizeof(struct tz_change));
	return tz;
}
