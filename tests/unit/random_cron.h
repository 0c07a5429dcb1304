/*
 * Random texts of cron fields that follow the grammar (the dates may be impossible), for round trips and properties.
 */
#ifndef BELFRY_TESTS_RANDOM_CRON_H
#define BELFRY_TESTS_RANDOM_CRON_H

#include <glib.h>

static inline void random_cron_item(GRand *rng, GString *out, int low, int high)
{
	int a = g_rand_int_range(rng, low, high + 1), b = g_rand_int_range(rng, low, high + 1);
	int step = g_rand_int_range(rng, 1, high - low + 2);

	switch (g_rand_int_range(rng, 0, 8)) {
	case 0:
		g_string_append_printf(out, "*/%d", step);
		break;
	case 1:
		g_string_append_printf(out, "%d/%d", a, step);
		break;
	case 2:
		g_string_append_printf(out, "%d-%d", MIN(a, b), MAX(a, b));
		break;
	case 3:
		g_string_append_printf(out, "%d-%d/%d", MIN(a, b), MAX(a, b), step);
		break;
	case 4:
		g_string_append(out, g_rand_boolean(rng) ? "H" : "*");
		break;
	default:
		g_string_append_printf(out, "%d", a);
	}
}

static inline void random_cron_day_item(GRand *rng, GString *out, gboolean weekday)
{
	int day = g_rand_int_range(rng, 1, 32), n = g_rand_int_range(rng, 1, 31);

	if (weekday && g_rand_boolean(rng))
		g_string_append_printf(out, "%d%s", day % 8, day % 3 ? "L" : "#L");
	else if (weekday)
		g_string_append_printf(out, "%d#%d", day % 8, n % 5 + 1);
	else if (g_rand_boolean(rng))
		g_string_append_printf(out, g_rand_boolean(rng) ? "L-%d" : "L-%dW", n);
	else
		g_string_append_printf(out, day < 4 ? "LW" : day < 8 ? "L" : "%dW", day);
}

static inline void random_cron_field(GRand *rng, GString *out, int low, int high, int plain_star_percent)
{
	gboolean dom = low == 1 && high == 31, dow = high == 6;

	if (out->len)
		g_string_append_c(out, ' ');
	if (g_rand_int_range(rng, 0, 100) < plain_star_percent) {
		g_string_append_c(out, '*');
		return;
	}
	for (int n = g_rand_int_range(rng, 1, 4); n > 0; n--) {
		if ((dom || dow) && g_rand_int_range(rng, 0, 3) == 0)
			random_cron_day_item(rng, out, dow);
		else
			random_cron_item(rng, out, low, high);
		if (n > 1)
			g_string_append_c(out, ',');
	}
}

/* Caller frees. */
static inline char *random_cron_text(GRand *rng)
{
	GString *out = g_string_new(NULL);

	if (g_rand_int_range(rng, 0, 3) == 0)
		random_cron_field(rng, out, 0, 59, 30);
	random_cron_field(rng, out, 0, 59, 20);
	random_cron_field(rng, out, 0, 23, 40);
	random_cron_field(rng, out, 1, 31, 60);
	random_cron_field(rng, out, 1, 12, 70);
	random_cron_field(rng, out, 0, 6, 60);
	return g_string_free(out, FALSE);
}

#endif
