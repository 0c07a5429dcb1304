/*
 * Time, faults and people. The world moves from event to event: the core's next wake, the store's answer, the end of a
 * request, a crash, an edit. Between two events nothing happens, so a simulated month takes seconds.
 */
#include <stdio.h>
#include <string.h>

#include "agent/core_internal.h"
#include "common/rfc3339.h"
#include "tests/sim/sim.h"

#define QUIET_SECONDS 600 /* at the end: no more faults, everything must settle */
#define LAST_SYNC_SECONDS 30 /* and then the last rows must reach central */
#define TROUBLES_MAX 5

uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void world_trouble(struct world *world, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	int lines = 0;
	for (const char *c = world->trouble->str; *c != '\0'; c++)
		lines += *c == '\n';
	if (lines < TROUBLES_MAX)
		g_string_append_printf(world->trouble, "  at %+.6f s: %s\n",
				       (double)wall_diff_us(world->wall, world->began) / 1e6, text);
}

double world_at(const struct world *world, struct wall t)
{
	return (double)wall_diff_us(t, world->began) / 1e6;
}

void world_trace(struct world *world, const char *format, ...)
{
	va_list args;
	if (!world->scenario.verbose)
		return;
	printf("%12.6f ", world_at(world, world->wall));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static struct wall read_wall(void *context)
{
	struct world *world = context;
	world->latest = wall_max(world->latest, world->wall);
	return world->wall;
}

static struct mono read_mono(void *context)
{
	return ((struct world *)context)->mono;
}

static const char *pick(struct dice *dice, const char *const *choices, int n)
{
	return choices[dice_below(dice, n)];
}

/* Some jobs begin later, or end. */
static void bound(struct world *world, json_t *json)
{
	char text[RFC3339_SIZE];
	if (!dice_chance(&world->dice, 100))
		return;
	struct wall at = wall_add_us(world->began, dice_below(&world->dice, world->scenario.seconds * US_PER_SECOND));
	json_object_set_new(json, dice_chance(&world->dice, 500) ? "startAt" : "endAt", json_string(rfc3339_print_ms(at, text)));
}

/* Some of the next instants, or none at all, are to be skipped; each edit draws anew, so it clears what another one set. */
static void name_skips(struct world *world, json_t *json, const char *id)
{
	struct job_problem problem = { 0 };
	if (!dice_chance(&world->dice, 300))
		return;
	struct job *job = job_parse(json, id, 1, false, &problem);
	struct wall at = wall_max(world->wall, world->latest);
	json_t *skips = json_array();
	for (int i = 0; job != NULL && i < 8 && schedule_next(job->timetable->schedule, world->wall, at, &at); i++) {
		char text[RFC3339_SIZE];
		if (at.us % US_PER_MS == 0 && dice_chance(&world->dice, 400))
			json_array_append_new(skips, json_string(rfc3339_print_ms(at, text)));
	}
	json_object_set_new(json, "skipAt", skips);
	if (job != NULL)
		job_unref(job);
}

/* Limits of the job's own; none is what the others leave out. */
static void limit(struct world *world, json_t *json)
{
	struct dice *dice = &world->dice;
	json_object_set_new(json, "maxConcurrent", json_integer(1 + dice_below(dice, 3)));
	json_object_set_new(json, "queueMax", json_integer(1 + dice_below(dice, 3)));
	json_object_set_new(json_object_get(json, "retry"), "maxElapsedMs", json_integer(dice_below(dice, 6000)));
}

struct job *world_random_job(struct world *world, const char *id)
{
	static const char *const dense[] = { "* * * * * *", "*/2 * * * * *", "*/5 * * * * *", "@every 3s", "@every 7s",
					     "*/15 10-40 * * * *", "30 * * * * *", "* * * * *", "H/10 * * * * *" };
	/* No field with * or /: a fixed schedule, however often it fires. */
	static const char *const fixed[] = { "0,20,40 0-59 0-23 * * *", "5,50 0-59 0-23 * * *" };
	static const char *const sparse[] = { "* * * * *", "*/5 * * * *", "@hourly", "30 2 * * *", "@every 11m", "0 0 12 * * *",
					      "17 3,15 * * MON-FRI", "H * * * *", "0 9 L * *" };
	static const char *const zones[] = { "UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu" };
	static const char *const concurrencies[] = { "allow", "forbid", "queue", "replace" };
	static const char *const policies[] = { "all", "latest", "none" };
	static const char *const hosts[] = { "http://a.test/x", "http://b.test/x", "http://c.test:81/y" };
	struct dice *dice = &world->dice;
	bool drawn = dice_chance(dice, 300), atmost = world->moves == NULL ? drawn : id[strlen(id) - 1] % 2 == 1, long_run = world->scenario.seconds > 86400;
	const char *schedule = long_run ? pick(dice, sparse, G_N_ELEMENTS(sparse)) : pick(dice, dense, G_N_ELEMENTS(dense));
	if (!long_run && dice_chance(dice, 150))
		schedule = pick(dice, fixed, G_N_ELEMENTS(fixed));
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:i,s:{s:i,s:i,s:i},s:{s:s,s:i,s:i}}",
		"schedule", schedule,
		"timezone", pick(dice, zones, G_N_ELEMENTS(zones)),
		"api", pick(dice, hosts, G_N_ELEMENTS(hosts)),
		"type", atmost ? "ATMOST_ONCE" : "ATLEAST_ONCE",
		"concurrency", pick(dice, concurrencies, G_N_ELEMENTS(concurrencies)),
		"active", (int)!dice_chance(dice, 100),
		"jitterMs", dice_chance(dice, 200) ? (int)dice_below(dice, 3000) : 0,
		"retry", "maxAttempts", atmost ? 1 : 1 + (int)dice_below(dice, 4), "initialBackoffMs", (int)dice_below(dice, 2000),
		"maxBackoffMs", 5000,
		"catchUp", "policy", pick(dice, policies, G_N_ELEMENTS(policies)), "maxAgeMs", 1000 + (int)dice_below(dice, 600000),
		"maxCount", 1 + (int)dice_below(dice, 40));
	if (dice_chance(dice, 100))
		json_object_set_new(json, "rateLimit", json_pack("{s:f,s:i}", "perSecond", 2.0, "burst", 3));
	if (dice_chance(dice, 100))
		json_object_set_new(json_object_get(json, "catchUp"), "spacingMs", json_integer(dice_below(dice, 3000)));
	bound(world, json);
	name_skips(world, json, id);
	if (world->scenario.tight)
		limit(world, json);
	struct job_problem problem = { 0 };
	struct job *job = job_parse(json, id, ++world->revision, false, &problem);
	if (job == NULL)
		g_error("the simulator's job is refused: %s %s", problem.pointer, problem.detail);
	json_decref(json);
	return job;
}

void world_start_core(struct world *world)
{
	struct core_config config;
	core_config_defaults(&config);
	config.leases = world->leases;
	config.outbox_max_records = world->outbox_max;
	if (world->plan_fires_per_tick > 0)
		config.plan_fires_per_tick = world->plan_fires_per_tick;
	if (world->max_fires > 0)
		config.max_fires = world->max_fires;
	config.agent_id = "agent";
	config.boot_id = "boot";
	config.seed = dice_roll(&world->dice);
	config.max_open_per_target = 1 + (int)dice_below(&world->dice, 8);
	if (world->scenario.tight) {
		struct dice dice = { world->scenario.seed }; /* the same in every life */
		config.max_waiting_per_target = 1 + (int)dice_below(&dice, 6);
		config.max_open_transfers = 1 + (int)dice_below(&dice, 6);
		config.target_rate_per_second = dice_chance(&dice, 300) ? 3 : 0;
		config.target_rate_burst = 1 + (int)dice_below(&dice, 3);
	}
	world->core = core_new(&config, (struct core_clock){ world, read_wall, read_mono }, disk_store(&world->disk),
			       outside_runner(&world->outside));
	struct store_snapshot *snapshot = disk_snapshot(&world->disk);
	world->first_intent = world->disk.state.next_intent_number;
	core_note_unsent(world->core, disk_unsent(&world->disk));
	core_start(world->core, snapshot);
	store_snapshot_free(snapshot);
}

/* What may still come in while the agent stops. */
static void disturb_stop(struct world *world)
{
	struct fire_id fire;
	while (world->outside.flights->len > 0 && dice_chance(&world->dice, 600))
		outside_land(&world->outside, world->core);
	if (dice_chance(&world->dice, 200))
		core_run_now(world->core, world->specs->pdata[dice_below(&world->dice, world->specs->len)], &fire);
	if (dice_chance(&world->dice, 200))
		world_change_jobs(world);
}

/* As loop.c does it: for the core time stands still, what runs may end, and all that it has decided is written. */
static void stop(struct world *world)
{
	struct core_stats stats;
	world->tally.stops++;
	world_trace(world, "stops");
	core_hurry(world->core);
	disturb_stop(world);
	while (!g_queue_is_empty(&world->disk.queue))
		disk_answer(&world->disk, world->core);
	core_get_stats(world->core, &stats);
	if (stats.batches_unsettled == 0)
		disk_note_kept(&world->disk);
	else /* the disk failed, and what is marked on it nobody knows */
		g_hash_table_remove_all(world->kept);
}

void world_crash(struct world *world, int64_t down_us)
{
	world->tally.crashes++;
	if (world->scenario.stops && world->tally.crashes % 2 == 0)
		stop(world);
	else
		g_hash_table_remove_all(world->kept);
	outside_crash(&world->outside);
	if (world->central != NULL)
		central_agent_crashed(world);
	disk_crash(&world->disk);
	core_free(world->core);
	world->change_under_way = false;
	world_trace(world, "crash, down for %.3f s", (double)down_us / 1e6);
	world->wall = wall_add_us(world->wall, down_us);
	world->mono = mono_add_us(world->mono, down_us);
	world_start_core(world);
}

static void changed(void *context, bool ok)
{
	struct world *world = context;
	if (ok)
		world->change_under_way = false;
}

void world_change_jobs(struct world *world)
{
	if (world->moves != NULL) {
		moves_change(world);
		return;
	}
	bool behind = wall_before(world->wall, world->latest) || world->disk.state.clock_epoch > 0;
	if (world->change_under_way || (behind && !world->scenario.edits_behind))
		return;
	struct job_change *change = job_change_new();
	int n = 1 + (int)dice_below(&world->dice, 3);
	world->tally.edits++;
	for (int i = 0; i < n; i++) {
		const char *id = world->specs->pdata[dice_below(&world->dice, world->specs->len)];
		if (dice_chance(&world->dice, 200)) {
			g_ptr_array_add(change->deletes, g_strdup(id));
			world_trace(world, "delete %s", id);
		} else {
			struct stored_job *stored = stored_job_new(world_random_job(world, id));
			world_trace(world, "edit %s: %s %s%s%s", id, stored->job->timetable->text, stored->job->timetable->zone,
				    stored->job->policy->type == JOB_ATMOST_ONCE ? " at most once" : "",
				    stored->job->active ? "" : " paused");
			g_ptr_array_add(change->upserts, stored);
		}
	}
	change->jobs_revision = world->revision;
	change->done = changed;
	change->context = world;
	world->change_under_way = true;
	core_apply_jobs(world->core, change);
	world->change_at = world->core->latest;
}

void world_move_to(struct world *world, struct mono when)
{
	int64_t us = mono_diff_us(when, world->mono);
	if (us <= 0)
		return;
	world->mono = when;
	world->wall = wall_add_us(world->wall, us);
}

/* One event of the core's own, not later than `limit`; false when there is none before it. */
static bool step(struct world *world, struct mono limit)
{
	struct wall wall;
	struct mono mono, wake, answer = { INT64_MAX }, landing = outside_next(&world->outside);
	core_next_wake(world->core, &wall, &mono);
	wake = mono;
	if (wall.us != INT64_MAX)
		wake.us = MIN(wake.us, world->mono.us + MAX(wall_diff_us(wall, world->wall), 0));
	if (!g_queue_is_empty(&world->disk.queue))
		answer = world->disk.busy_until;
	struct mono sync = world->central == NULL ? (struct mono){ INT64_MAX } : central_next(world);
	struct mono next = { MIN(MIN(wake.us, answer.us), MIN(landing.us, sync.us)) };
	if (next.us > limit.us)
		return false;
	world_move_to(world, next);
	if (answer.us == next.us)
		disk_answer(&world->disk, world->core);
	else if (landing.us == next.us)
		outside_land(&world->outside, world->core);
	else if (sync.us == next.us)
		central_event(world);
	else
		core_tick(world->core);
	return true;
}

void world_run_until(struct world *world, struct mono when)
{
	while (world->trouble->len == 0 && step(world, when))
		;
	world_move_to(world, when);
}

void world_run_for(struct world *world, int64_t us)
{
	world_run_until(world, mono_add_us(world->mono, us));
}

void world_set_job(struct world *world, const char *id, const char *definition)
{
	struct job_problem problem = { 0 };
	struct job_change *change = job_change_new();
	change->jobs_revision = ++world->revision;
	if (definition == NULL) {
		g_ptr_array_add(change->deletes, g_strdup(id));
	} else {
		json_t *json = json_loads(definition, 0, NULL);
		struct stored_job *stored = stored_job_new(job_parse(json, id, world->revision, false, &problem));
		json_decref(json);
		if (stored->job == NULL)
			g_error("%s: %s", problem.pointer, problem.detail);
		g_ptr_array_add(change->upserts, stored);
	}
	core_apply_jobs(world->core, change);
	world->change_at = world->core->latest;
}

void world_init(struct world *world, const struct scenario *scenario)
{
	*world = (struct world){ .scenario = *scenario, .dice = { scenario->seed }, .trouble = g_string_new(NULL),
				 .answer_ms = -1 };
	world->began = (struct wall){ INT64_C(1794700800) * US_PER_SECOND + dice_below(&world->dice, 86400 * US_PER_SECOND) };
	world->wall = world->latest = world->began;
	world->mono = (struct mono){ 1000 * US_PER_SECOND + world->wall.us % US_PER_SECOND };
	world->specs = g_ptr_array_new_with_free_func(g_free);
	for (int i = 0; i < scenario->jobs; i++)
		g_ptr_array_add(world->specs, g_strdup_printf("job-%d", i));
	world->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	disk_init(&world->disk, world);
	outside_init(&world->outside, world);
}

void world_done(struct world *world)
{
	core_free(world->core);
	if (world->central != NULL)
		central_done(world);
	if (world->moves != NULL)
		moves_done(world);
	g_hash_table_unref(world->kept);
	disk_done(&world->disk);
	outside_done(&world->outside);
	g_ptr_array_unref(world->specs);
	g_string_free(world->trouble, TRUE);
}

/* A handful of fires in memory, in every sixth world: those whose seeds nothing in seeds.txt shares, so that these stay as they were. */
static int small_max_fires(uint64_t seed)
{
	static const bool small[23] = { [3] = true, [7] = true, [12] = true, [18] = true };
	return small[seed % 23] ? 1 + (int)(seed / 23 % 8) : 0;
}

static void live(struct world *world)
{
	g_autoptr(GArray) moments = faults_plan(world);
	struct mono end = mono_add_us(world->mono, world->scenario.seconds * US_PER_SECOND);
	central_init(world);
	if (world->scenario.moves) {
		moves_init(world);
		world->leases = true;
	}
	if (world->scenario.seed % 3 == 0)
		world->outbox_max = 4 + (int64_t)(world->scenario.seed / 3 % 60);
	if (world->scenario.seed % 2 == 0)
		world->plan_fires_per_tick = 1 + (int)(world->scenario.seed / 2 % 3);
	world->max_fires = small_max_fires(world->scenario.seed);
	world_start_core(world);
	world_change_jobs(world);
	for (guint i = 0; i < moments->len && world->trouble->len == 0; i++) {
		int64_t at = g_array_index(moments, int64_t, i);
		world_run_until(world, (struct mono){ at });
		faults_strike(world, at);
	}
	world_run_until(world, end);
	struct wall until = world->wall;
	world->quiet = true;
	world->core->config.outbox_max_records = INT64_C(1) << 40; /* a job as dense as a small outbox would never be made up */
	world_run_for(world, QUIET_SECONDS * US_PER_SECOND);
	guint rows = world->disk.outbox->len;
	world_run_for(world, LAST_SYNC_SECONDS * US_PER_SECOND);
	if (world->trouble->len > 0)
		return;
	check_promises(world, until);
	central_check(world, rows);
}

bool world_run(const struct scenario *scenario, struct tally *tally, char **ret_trouble)
{
	struct world world;
	world_init(&world, scenario);
	live(&world);
	*tally = world.tally;
	bool held = world.trouble->len == 0;
	*ret_trouble = held ? NULL : g_strdup(world.trouble->str);
	world_done(&world);
	return held;
}
