/*
 * sim [--seeds N] [--first SEED] [--jobs N] [--month | --clock | --wild] [--edits-behind] [--moves] [--tight] [--stops]: runs worlds, prints a failing seed and what broke,
 * and at the end how often each fault was really hit. --seed SEED replays one (with --verbose: what happens in it), --file
 * replays all of a file. Exit 1 when a promise broke, or when a fault never happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/sim.h"

#define WORKERS_MAX 64
#define PROGRESS_S 5

static gint seeds = 300, workers = 1;
static gint64 first_seed = 1, only_seed = -1;
static gboolean month = FALSE, small_steps = FALSE, wild_steps = FALSE, edits_behind = FALSE, tight = FALSE, stops = FALSE, moves = FALSE, verbose = FALSE;
static char *seed_file = NULL;

/* What a worker has done; in memory that all processes share. */
struct work { struct tally tally; int passed, failed; uint64_t seed; };

static struct scenario scenario_of(uint64_t seed)
{
	struct dice dice = { seed ^ UINT64_C(0x5eed) };
	if (month)
		return (struct scenario){ .seed = seed, .seconds = INT64_C(30) * 86400, .jobs = 12, .crashes = 300, .edits = 60,
					  .orders = 100, .stalls = 100, .longest_down_ms = 6 * 3600 * 1000,
					  .store_faults_per_mille = 2, .target_faults_per_mille = 60 };
	struct scenario scenario = { .seed = seed, .seconds = 30 + dice_below(&dice, 120), .jobs = 1 + (int)dice_below(&dice, 5),
				     .crashes = (int)dice_below(&dice, 8), .edits = 1 + (int)dice_below(&dice, 8),
				     .longest_down_ms = 1 + dice_below(&dice, 60000),
				     .store_faults_per_mille = (int)dice_below(&dice, 3) * 20,
				     .target_faults_per_mille = (int)dice_below(&dice, 4) * 100 };
	scenario.orders = (int)dice_below(&dice, 6);
	scenario.stalls = (int)dice_below(&dice, 4);
	scenario.clock = wild_steps ? CLOCK_WILD : small_steps ? CLOCK_SMALL : CLOCK_STEADY;
	scenario.edits_behind = edits_behind;
	scenario.tight = tight;
	scenario.stops = stops;
	scenario.moves = moves;
	if (moves)
		scenario.edits *= 3;
	scenario.clock_steps = 1 + (int)dice_below(&dice, 4);
	return scenario;
}

static const char *mode(void)
{
	static char text[80];
	g_snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", month ? "--month " : "", small_steps ? "--clock " : "", wild_steps ? "--wild " : "",
		   edits_behind ? "--edits-behind " : "", moves ? "--moves " : "", tight ? "--tight " : "", stops ? "--stops " : "");
	return text;
}

static void add_up(struct tally *sum, const struct tally *one)
{
	int64_t *to = (int64_t *)sum;
	const int64_t *from = (const int64_t *)one;
	for (size_t i = 0; i < sizeof(*sum) / sizeof(int64_t); i++)
		to[i] += from[i];
}

/* A run that never hit its faults proves nothing. */
static int report(const struct work *all, bool must_hit)
{
	const struct tally *sum = &all->tally;
	bool clock = small_steps || wild_steps;
	int failed = all->failed;
	const struct { const char *what; int64_t n; bool needed; } rows[] = {
		{ "crashes", sum->crashes, true },
		{ "crashes with open intents", sum->crashes_with_intents, true },
		{ "crashes with requests in flight", sum->crashes_in_flight, true },
		{ "crashes during a commit", sum->crashes_in_commit, true },
		{ "standstills", sum->stalls, true },
		{ "store failures", sum->store_failures, true },
		{ "uncertain commits that were applied", sum->uncertain_applied, true },
		{ "uncertain commits that were lost", sum->uncertain_lost, true },
		{ "clock steps forward", sum->steps_forward, clock },
		{ "clock steps back", sum->steps_back, clock },
		{ "clock epochs begun", sum->epochs, wild_steps },
		{ "decisions", sum->decisions, true },
		{ "missed ranges", sum->missed, true },
		{ "told attempt by attempt", sum->logs, true },
		{ "made up later", sum->catch_up, true },
		{ "executions with retries", sum->retried, true },
		{ "instants skipped by name", sum->skipped_by_name, !wild_steps },
		{ "jobs that went to another agent", sum->moves_away, moves },
		{ "jobs that came back", sum->moves_back, moves },
		{ "jobs that came back before anybody here knew", sum->moves_unheard, moves },
		{ "jobs that left again before anybody here knew", sum->moves_again, moves },
		{ "jobs that came and went before anybody here knew", sum->moves_passed, moves },
		{ "stops in order", sum->stops, stops },
		{ "runs that waited then, and were not sent", sum->kept, stops },
		{ "answers older than an absence", sum->answers_refused, moves },
		{ "fires skipped for lack of room", sum->skipped_for_lack, tight },
		{ "of these, beyond the cap of fires in memory", sum->skipped_for_memory, !month },
		{ "runs on demand", sum->manual, true },
		{ "orders given", sum->orders, true },
		{ "orders carried out", sum->orders_done, true },
		{ "intents withdrawn by edits", sum->withdrawn, true },
		{ "job changes", sum->edits, true },
		{ "requests", sum->sends, true },
		{ "requests repeated after a crash or failure", sum->repeats, true },
		{ "replies of central lost", sum->replies_lost, true },
		{ "rows that reached central again", sum->rows_repeated, true },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		printf("%12" G_GINT64_FORMAT "  %s\n", rows[i].n, rows[i].what);
		if (rows[i].needed && rows[i].n == 0 && must_hit && all->passed + all->failed > 100) {
			printf("the runs never hit: %s\n", rows[i].what);
			failed++;
		}
	}
	printf("sim: %d passed, %d failed\n", all->passed, failed);
	return failed == 0 ? 0 : 1;
}

static void run_seed(struct work *work, uint64_t seed)
{
	struct scenario scenario = scenario_of(seed);
	struct tally tally;
	g_autofree char *trouble = NULL;
	scenario.verbose = verbose;
	work->seed = seed;
	bool held = world_run(&scenario, &tally, &trouble);
	add_up(&work->tally, &tally);
	work->passed += held;
	work->failed += !held;
	if (!held)
		printf("seed %" G_GUINT64_FORMAT " breaks a promise (replay: tests/sim/sim %s--seed %" G_GUINT64_FORMAT "):\n%s", seed,
		       mode(), seed, trouble);
	fflush(stdout);
}

static void run_share(struct work *work, int share)
{
	for (gint64 seed = first_seed + share; seed < first_seed + seeds; seed += workers)
		run_seed(work, (uint64_t)seed);
}

static void sum_up(const struct work *shares, struct work *ret)
{
	*ret = (struct work){ 0 };
	for (int i = 0; i < workers; i++) {
		add_up(&ret->tally, &shares[i].tally);
		ret->passed += shares[i].passed;
		ret->failed += shares[i].failed;
	}
}

/* A worker that died tells its seed by the shared memory. */
static void note_end(struct work *work, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	work->failed++;
	printf("seed %" G_GUINT64_FORMAT " ends the process (replay: tests/sim/sim %s--seed %" G_GUINT64_FORMAT ")\n", work->seed,
	       mode(), work->seed);
}

static void run_workers(struct work *shares)
{
	pid_t pids[WORKERS_MAX];
	int running = workers, status;
	gint64 told_at = g_get_monotonic_time();
	fflush(stdout);
	for (int i = 0; i < workers; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			run_share(&shares[i], i);
			_exit(0);
		}
	}
	while (running > 0) {
		for (int i = 0; i < workers; i++)
			if (pids[i] > 0 && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
				note_end(&shares[i], status);
				pids[i] = 0;
				running--;
			}
		g_usleep(20000);
		if (g_get_monotonic_time() - told_at < PROGRESS_S * G_USEC_PER_SEC)
			continue;
		struct work sum;
		sum_up(shares, &sum);
		told_at = g_get_monotonic_time();
		fprintf(stderr, "%d of %d worlds, %d failed\n", sum.passed + sum.failed, seeds, sum.failed);
	}
}

/* Lines of "[--month|--clock|--wild] SEED", with # for comments. */
static bool run_file(struct work *work)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	if (!g_file_get_contents(seed_file, &text, NULL, &error)) {
		fprintf(stderr, "sim: %s\n", error->message);
		return false;
	}
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		char *end = strchr(*line, '#');
		if (end != NULL)
			*end = '\0';
		month = strstr(*line, "--month") != NULL;
		small_steps = strstr(*line, "--clock") != NULL;
		wild_steps = strstr(*line, "--wild") != NULL;
		edits_behind = strstr(*line, "--edits-behind") != NULL;
		tight = strstr(*line, "--tight") != NULL;
		stops = strstr(*line, "--stops") != NULL;
		moves = strstr(*line, "--moves") != NULL;
		const char *number = strpbrk(*line, "0123456789");
		if (number != NULL)
			run_seed(work, g_ascii_strtoull(number, NULL, 10));
	}
	month = small_steps = wild_steps = edits_behind = tight = moves = stops = FALSE;
	return true;
}

static const GOptionEntry entries[] = {
	{ "seeds", 0, 0, G_OPTION_ARG_INT, &seeds, "How many worlds to run", "N" },
	{ "first", 0, 0, G_OPTION_ARG_INT64, &first_seed, "The first seed", "SEED" },
	{ "jobs", 0, 0, G_OPTION_ARG_INT, &workers, "Processes", "N" },
	{ "seed", 0, 0, G_OPTION_ARG_INT64, &only_seed, "Replay this one", "SEED" },
	{ "file", 0, 0, G_OPTION_ARG_FILENAME, &seed_file, "Replay the seeds of a file", "FILE" },
	{ "month", 0, 0, G_OPTION_ARG_NONE, &month, "Long worlds: a month with 300 crashes", NULL },
	{ "clock", 0, 0, G_OPTION_ARG_NONE, &small_steps, "The clock is set: forward, and back by less than a minute", NULL },
	{ "wild", 0, 0, G_OPTION_ARG_NONE, &wild_steps, "The clock is set by anything", NULL },
	{ "edits-behind", 0, 0, G_OPTION_ARG_NONE, &edits_behind, "Jobs change also while the clock is behind what it once showed", NULL },
	{ "moves", 0, 0, G_OPTION_ARG_NONE, &moves, "Jobs go to another agent and come back", NULL },
	{ "stops", 0, 0, G_OPTION_ARG_NONE, &stops, "Every other crash is a stop in order: nothing that was not sent may be called interrupted after it", NULL },
	{ "tight", 0, 0, G_OPTION_ARG_NONE, &tight, "The limits of targets and jobs are small", NULL },
	{ "verbose", 0, 0, G_OPTION_ARG_NONE, &verbose, "Print what happens", NULL },
	G_OPTION_ENTRY_NULL,
};

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("- the agent's core in simulated worlds");
	g_autoptr(GError) error = NULL;
	struct work sum = { 0 };
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "sim: %s\n", error->message);
		return 2;
	}
	if (moves && (small_steps || wild_steps)) {
		fprintf(stderr, "sim: --moves has one clock for central and the agent: leave out --clock and --wild\n");
		return 2;
	}
	if (seed_file != NULL)
		return run_file(&sum) ? report(&sum, false) : 2;
	if (only_seed >= 0) {
		first_seed = only_seed;
		seeds = 1;
	}
	workers = CLAMP(workers, 1, MIN(WORKERS_MAX, MAX(seeds, 1)));
	struct work *shares = mmap(NULL, sizeof(struct work) * WORKERS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shares == MAP_FAILED)
		return 2;
	if (workers == 1)
		run_share(&shares[0], 0);
	else
		run_workers(shares);
	sum_up(shares, &sum);
	munmap(shares, sizeof(struct work) * WORKERS_MAX);
	return report(&sum, only_seed < 0);
}
