/*
 * sim [--seeds N] [--first SEED] [--seed SEED] [--month]: runs worlds, prints a failing seed and what broke, and at the end how
 * often each fault was really hit. Exit 1 when a promise broke, or when a fault never happened.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

static gint seeds = 300;
static gint64 first_seed = 1, only_seed = -1;
static gboolean month = FALSE, verbose = FALSE;

static struct scenario scenario_of(uint64_t seed)
{
	struct dice dice = { seed ^ UINT64_C(0x5eed) };
	if (month)
		return (struct scenario){ .seed = seed, .seconds = INT64_C(30) * 86400, .jobs = 12, .crashes = 300, .edits = 60,
					  .longest_down_ms = 6 * 3600 * 1000, .store_faults_per_mille = 2,
					  .target_faults_per_mille = 60 };
	return (struct scenario){ .seed = seed, .seconds = 30 + dice_below(&dice, 120), .jobs = 1 + (int)dice_below(&dice, 5),
				  .crashes = (int)dice_below(&dice, 8), .edits = 1 + (int)dice_below(&dice, 8),
				  .longest_down_ms = 1 + dice_below(&dice, 60000),
				  .store_faults_per_mille = (int)dice_below(&dice, 3) * 20,
				  .target_faults_per_mille = (int)dice_below(&dice, 4) * 100 };
}

static void add_up(struct tally *sum, const struct tally *one)
{
	int64_t *to = (int64_t *)sum;
	const int64_t *from = (const int64_t *)one;
	for (size_t i = 0; i < sizeof(*sum) / sizeof(int64_t); i++)
		to[i] += from[i];
}

/* A run that never hit its faults proves nothing. */
static int report(const struct tally *sum, int passed, int failed)
{
	const struct { const char *what; int64_t n; bool needed; } rows[] = {
		{ "crashes", sum->crashes, true },
		{ "crashes with open intents", sum->crashes_with_intents, true },
		{ "crashes with requests in flight", sum->crashes_in_flight, true },
		{ "crashes during a commit", sum->crashes_in_commit, true },
		{ "store failures", sum->store_failures, true },
		{ "uncertain commits that were applied", sum->uncertain_applied, true },
		{ "uncertain commits that were lost", sum->uncertain_lost, true },
		{ "decisions", sum->decisions, true },
		{ "missed ranges", sum->missed, true },
		{ "made up later", sum->catch_up, true },
		{ "executions with retries", sum->retried, true },
		{ "intents withdrawn by edits", sum->withdrawn, true },
		{ "job changes", sum->edits, true },
		{ "requests", sum->sends, true },
		{ "requests repeated after a crash or failure", sum->repeats, true },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		printf("%12" G_GINT64_FORMAT "  %s\n", rows[i].n, rows[i].what);
		if (rows[i].needed && rows[i].n == 0 && only_seed < 0 && passed + failed > 50) {
			printf("the runs never hit: %s\n", rows[i].what);
			failed++;
		}
	}
	printf("sim: %d passed, %d failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const GOptionEntry entries[] = {
		{ "seeds", 0, 0, G_OPTION_ARG_INT, &seeds, "How many worlds to run", "N" },
		{ "first", 0, 0, G_OPTION_ARG_INT64, &first_seed, "The first seed", "SEED" },
		{ "seed", 0, 0, G_OPTION_ARG_INT64, &only_seed, "Replay this one", "SEED" },
		{ "month", 0, 0, G_OPTION_ARG_NONE, &month, "Long worlds: a month with 300 crashes", NULL },
		{ "verbose", 0, 0, G_OPTION_ARG_NONE, &verbose, "Print what happens", NULL },
		{ NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- the agent's core in simulated worlds");
	g_autoptr(GError) error = NULL;
	struct tally sum = { 0 };
	int passed = 0, failed = 0;
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "sim: %s\n", error->message);
		return 2;
	}
	if (only_seed >= 0) {
		first_seed = only_seed;
		seeds = 1;
	}
	for (gint64 seed = first_seed; seed < first_seed + seeds; seed++) {
		struct scenario scenario = scenario_of((uint64_t)seed);
		struct tally tally;
		scenario.verbose = verbose;
		g_autofree char *trouble = NULL;
		bool held = world_run(&scenario, &tally, &trouble);
		add_up(&sum, &tally);
		passed += held;
		failed += !held;
		if (!held)
			printf("seed %" G_GINT64_FORMAT " breaks a promise (replay: tests/sim/sim %s--seed %" G_GINT64_FORMAT "):\n%s",
			       seed, month ? "--month " : "", seed, trouble);
		fflush(stdout);
	}
	return report(&sum, passed, failed);
}
