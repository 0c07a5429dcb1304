#include "ctl/when.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/rfc3339.h"

#define DAY_MS INT64_C(86400000)
#define DURATION_MAX_MS (DAY_MS * 36600)

static int64_t unit_ms(const char *text, const char **ret_rest)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", DAY_MS }, { "w", 7 * DAY_MS } };

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		size_t size = strlen(units[i].name);
		if (strncmp(text, units[i].name, size) == 0) {
			*ret_rest = text + size;
			return units[i].ms;
		}
	}
	return 0;
}

bool duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t sum = 0;
	const char *at = text;

	while (g_ascii_isdigit(*at)) {
		char *end;
		guint64 number = g_ascii_strtoull(at, &end, 10);
		const char *rest = end;
		int64_t ms = *end == '\0' && at == text ? 1000 : unit_ms(end, &rest);
		if (ms == 0 || number > (guint64)(DURATION_MAX_MS / ms))
			return false;
		sum += (int64_t)number * ms;
		at = rest;
	}
	if (at == text || *at != '\0' || sum > DURATION_MAX_MS)
		return false;
	*ret_ms = sum;
	return true;
}

/*
 * The zone of a person at this terminal is libc's: TZ and /etc/localtime as date(1) and ls(1) show them. Schedules never
 * come this way.
 */
static bool parse_local(const char *text, struct wall *ret)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
					     "%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		struct tm local = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &local);
		if (end == NULL || *end != '\0')
			continue;
		int day = local.tm_mday;
		local.tm_isdst = -1;
		int64_t seconds = (int64_t)mktime(&local);
		if (local.tm_mday != day) /* the 30th of February is not the 2nd of March */
			return false;
		*ret = wall_from_seconds(seconds);
		return true;
	}
	return false;
}

bool when_parse(const char *text, struct wall now, struct wall *ret)
{
	int64_t ms;

	if (strcmp(text, "now") == 0) {
		*ret = now;
		return true;
	}
	if ((*text == '-' || *text == '+') && duration_parse(text + 1, &ms)) {
		*ret = wall_add_ms(now, *text == '-' ? -ms : ms);
		return true;
	}
	return rfc3339_parse(text, ret) || parse_local(text, ret);
}

char *when_print(struct wall at, bool utc, char buffer[static WHEN_SIZE])
{
	time_t seconds = (time_t)wall_floor_seconds(at);
	struct tm parts;

	if (utc)
		gmtime_r(&seconds, &parts);
	else
		localtime_r(&seconds, &parts);
	strftime(buffer, WHEN_SIZE, utc ? "%Y-%m-%d %H:%M:%SZ" : "%Y-%m-%d %H:%M:%S", &parts);
	return buffer;
}

char *duration_print(double ms, char buffer[static WHEN_SIZE])
{
	double size = fabs(ms);
	const char *sign = ms < 0 ? "-" : "";
	int64_t seconds = (int64_t)(size / 1000);

	if (size < 1000)
		snprintf(buffer, WHEN_SIZE, "%s%.*f ms", sign, size == floor(size) ? 0 : 1, size);
	else if (size < 60000)
		snprintf(buffer, WHEN_SIZE, "%s%.1f s", sign, size / 1000);
	else if (size < 3600000)
		snprintf(buffer, WHEN_SIZE, "%s%dm %02ds", sign, (int)(seconds / 60), (int)(seconds % 60));
	else if (size < (double)DAY_MS)
		snprintf(buffer, WHEN_SIZE, "%s%dh %02dm", sign, (int)(seconds / 3600), (int)(seconds / 60 % 60));
	else
		snprintf(buffer, WHEN_SIZE, "%s%" G_GINT64_FORMAT "d %dh", sign, seconds / 86400,
			 (int)(seconds / 3600 % 24));
	return buffer;
}
