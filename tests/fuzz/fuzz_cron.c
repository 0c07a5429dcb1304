/*
 * Expressions: whatever parses must print as a text that parses to the same, and its instants must be in order and as
 * many as schedule_count says. Input: the expression, then optionally a newline and 8 bytes of an instant.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cron.h"
#include "common/schedule.h"

#define STEPS 40
#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_instants(const struct schedule *schedule, struct wall after)
{
	struct wall at = after, next;
	int64_t steps = 0;

	while (steps < STEPS && schedule_next(schedule, after, at, &next)) {
		MUST(wall_before(at, next));
		MUST(next.us / US_PER_SECOND <= WALL_MAX_SECONDS);
		at = next;
		steps++;
	}
	/* before year 1 a schedule is counted from there on */
	if (after.us > INT64_C(-62135596800) * US_PER_SECOND)
		MUST(schedule_count(schedule, after, after, at) == steps);
}

static void check_printed(const char *text)
{
	struct cron cron, back;

	if (!cron_parse(text, "seed", &cron, NULL))
		return;
	g_autofree char *printed = cron_print(&cron);
	MUST(cron_parse(printed, "other", &back, NULL));
	MUST(memcmp(&cron, &back, sizeof(cron)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const zones[] = { "UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia" };
	const uint8_t *end = memchr(data, '\n', size);
	g_autofree char *text = g_strndup((const char *)data, end ? (size_t)(end - data) : size);
	struct wall after = { INT64_C(1795435200) * US_PER_SECOND };
	g_autoptr(GError) error = NULL;

	if (end && (size_t)(data + size - end) > sizeof(after.us))
		memcpy(&after.us, end + 1, sizeof(after.us));
	check_printed(text);
	struct schedule *schedule = schedule_new(text, zones[size % G_N_ELEMENTS(zones)], "seed", &error);
	if (!schedule) {
		MUST(error && g_utf8_validate(error->message, -1, NULL) && !strchr(error->message, '\n'));
		return 0;
	}
	g_autofree char *printed = schedule_print(schedule);
	struct schedule *back = schedule_new(printed, NULL, NULL, NULL);
	MUST(back && schedule_kind(back) == schedule_kind(schedule) &&
	     schedule_is_fixed(back) == schedule_is_fixed(schedule));
	check_instants(schedule, after);
	schedule_unref(back);
	schedule_unref(schedule);
	return 0;
}
