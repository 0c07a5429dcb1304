/*
 * The world outside: takes requests, remembers each, answers by the dice. It asks the disk at every request whether the
 * intent was durable (promise 2), and keeps count of what each fire id was sent (promise 3).
 */
#include "agent/core_internal.h"
#include "tests/sim/sim.h"

static void sighting_free(gpointer data)
{
	g_free(((struct sighting *)data)->job_id);
	g_free(data);
}

void outside_init(struct outside *outside, struct world *world)
{
	*outside = (struct outside){ .world = world };
	outside->flights = g_ptr_array_new_with_free_func(g_free);
	outside->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sighting_free);
}

void outside_done(struct outside *outside)
{
	g_ptr_array_unref(outside->flights);
	g_hash_table_unref(outside->seen);
}

static void see(struct outside *outside, const struct attempt *attempt)
{
	char id[FIRE_ID_TEXT_SIZE];
	struct world *world = outside->world;
	fire_id_print(attempt->id, id);
	world_trace(world, "send %s due %.6f attempt %d", attempt->job->id, world_at(world, attempt->scheduled_at), attempt->number);
	struct sighting *sighting = g_hash_table_lookup(outside->seen, id);
	if (sighting == NULL) {
		sighting = g_new0(struct sighting, 1);
		sighting->job_id = g_strdup(attempt->job->id);
		sighting->scheduled_at = attempt->scheduled_at;
		sighting->cause = attempt->cause;
		g_hash_table_insert(outside->seen, g_strdup(id), sighting);
	}
	sighting->sends++;
	sighting->atmost = attempt->job->policy->type == JOB_ATMOST_ONCE;
	outside->sends++;
	world->tally.sends++;
	if (sighting->sends > 1)
		world->tally.repeats++;
	if (sighting->sends > 1 && sighting->atmost)
		world_trouble(world, "promise 3: an ATMOST_ONCE fire of %s was sent twice", attempt->job->id);
	if (!disk_has_intent(&world->disk, attempt->id))
		world_trouble(world, "promise 2: %s was sent before its intent was durable", attempt->job->id);
	if (wall_before(world->wall, attempt->scheduled_at) && !world->clock_went_back)
		world_trouble(world, "%s was sent before it was due", attempt->job->id);
}

/* What may be under way at once, and what may begin at all. */
static void check_start(const struct outside *outside, const struct attempt *attempt)
{
	const struct fire *fire = (const struct fire *)attempt;
	const struct job_policy *policy = fire->job->job->policy;
	struct world *world = outside->world;
	int of_job = 1, of_target = 1;
	for (guint i = 0; i < outside->flights->len; i++) {
		const struct fire *other = (const struct fire *)((const struct flight *)outside->flights->pdata[i])->attempt;
		of_job += other->job == fire->job;
		of_target += other->target == fire->target;
	}
	bool new_policy = world->change_under_way || world->tally.edits > 1; /* what began under another one goes on */
	if (policy->max_concurrent > 0 && of_job > policy->max_concurrent && !new_policy)
		world_trouble(world, "%s has %d runs under way, and %d are allowed", attempt->job->id, of_job, policy->max_concurrent);
	if (of_target > world->core->config.max_open_per_target || (int)outside->flights->len >= world->core->config.max_open_transfers)
		world_trouble(world, "too many transfers are open: %d of one target", of_target);
	if (fire->job->deleted && !fire->job->handed_over)
		world_trouble(world, "promise 9: a run of %s begins after its deletion", attempt->job->id);
	bool is_unbegun = attempt->number == 1 && !fire->maybe_sent && attempt->cause != FIRE_MANUAL;
	if (is_unbegun && fire->job->handed_over && moves_has_ended(world, attempt->job->id))
		world_trouble(world, "a run of %s begins after central said that it was deleted", attempt->job->id);
	if (!fire->job->job->active && is_unbegun)
		world_trouble(world, "a run of %s begins while the job is paused", attempt->job->id);
}

static void start(void *context, struct attempt *attempt)
{
	struct outside *outside = context;
	struct world *world = outside->world;
	check_start(outside, attempt);
	struct flight *flight = g_new0(struct flight, 1);
	int64_t took_ms = 1 + dice_below(&world->dice, 20);
	bool faulty = !world->quiet && dice_chance(&world->dice, world->scenario.target_faults_per_mille);
	flight->attempt = attempt;
	flight->result = (struct attempt_result){ .outcome = ATTEMPT_RESPONSE, .http_status = 200, .retry_after_ms = -1,
						  .started_at = world->wall, .timing = { -1, -1, -1, -1, -1 } };
	if (world->answer_ms >= 0) {
		took_ms = world->answer_ms;
		flight->result.http_status = world->answer_status;
	}
	if (faulty) {
		static const enum attempt_outcome outcomes[] = { ATTEMPT_RESPONSE, ATTEMPT_CONNECT, ATTEMPT_TIMEOUT,
								 ATTEMPT_BROKEN, ATTEMPT_RESOURCE, ATTEMPT_REFUSED };
		flight->result.outcome = outcomes[dice_below(&world->dice, G_N_ELEMENTS(outcomes))];
		flight->result.http_status = flight->result.outcome == ATTEMPT_RESPONSE ? 503 : 0;
		flight->result.error = "the dice said so";
		took_ms = dice_below(&world->dice, 4000);
		if (dice_chance(&world->dice, 200))
			flight->result.retry_after_ms = dice_below(&world->dice, 5000);
	}
	if (flight->result.outcome != ATTEMPT_CONNECT && flight->result.outcome != ATTEMPT_RESOURCE &&
	    flight->result.outcome != ATTEMPT_REFUSED)
		see(outside, attempt);
	flight->ends = mono_add_us(world->mono, took_ms * US_PER_MS);
	flight->result.duration_us = took_ms * US_PER_MS;
	g_ptr_array_add(outside->flights, flight);
}

static void cancel(void *context, struct attempt *attempt)
{
	struct outside *outside = context;
	for (guint i = 0; i < outside->flights->len; i++) {
		struct flight *flight = outside->flights->pdata[i];
		if (flight->attempt != attempt)
			continue;
		flight->result.outcome = ATTEMPT_CANCELLED;
		flight->result.http_status = 0;
		flight->ends = outside->world->mono;
	}
}

struct runner outside_runner(struct outside *outside)
{
	return (struct runner){ outside, start, cancel };
}

bool outside_knows(const struct outside *outside, struct fire_id id)
{
	char text[FIRE_ID_TEXT_SIZE];
	fire_id_print(id, text);
	for (guint i = 0; i < outside->flights->len; i++)
		if (fire_id_equal(((struct flight *)outside->flights->pdata[i])->attempt->id, id))
			return true;
	return g_hash_table_contains(outside->seen, text);
}

static guint first(const struct outside *outside)
{
	guint least = 0;
	for (guint i = 1; i < outside->flights->len; i++)
		if (((struct flight *)outside->flights->pdata[i])->ends.us <
		    ((struct flight *)outside->flights->pdata[least])->ends.us)
			least = i;
	return least;
}

struct mono outside_next(const struct outside *outside)
{
	if (outside->flights->len == 0)
		return (struct mono){ INT64_MAX };
	return ((struct flight *)outside->flights->pdata[first(outside)])->ends;
}

void outside_land(struct outside *outside, struct core *core)
{
	struct flight *flight = g_ptr_array_steal_index(outside->flights, first(outside));
	flight->result.finished_at = outside->world->wall;
	core_attempt_done(core, flight->attempt, &flight->result);
	g_free(flight);
}

void outside_crash(struct outside *outside)
{
	if (outside->flights->len > 0)
		outside->world->tally.crashes_in_flight++;
	g_ptr_array_set_size(outside->flights, 0);
}
