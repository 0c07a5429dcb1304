/*
 * Zone files: whatever bytes are taken as a zone must give segments that hold the instant asked for and follow each
 * other, near and far.
 */
#include <stdlib.h>

#include "common/tz.h"

#define WALK 300
#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_from(const struct tz *tz, int64_t seconds)
{
	struct tz_segment segment, next;

	tz_segment_at(tz, seconds, &segment);
	MUST(segment.begin <= seconds && (seconds < segment.end || segment.end == INT64_MAX));
	for (int i = 0; i < WALK && segment.end < INT64_C(1) << 58; i++) {
		tz_segment_at(tz, segment.end, &next);
		MUST(next.begin == segment.end && next.begin < next.end);
		MUST(next.previous_offset == segment.offset && next.offset != segment.offset);
		MUST(abs(next.offset) < 26 * 3600);
		segment = next;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t moments[] = {
		INT64_MIN, -62135596800, 0, 1795435200, INT64_C(16725225600), INT64_C(253402300799), INT64_C(1) << 57,
	};
	g_autoptr(GError) error = NULL;
	struct tz *tz = tz_parse(data, size, &error);

	if (!tz) {
		MUST(error != NULL);
		return 0;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(moments); i++)
		check_from(tz, moments[i]);
	tz_unref(tz);
	return 0;
}
