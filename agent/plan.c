/*
 * The planner: which instants come due, found ahead of time. Jobs stand in a heap by their next instant; those within the
 * horizon become fires whose intents are made durable before their instant. Nobody scans all jobs.
 *
 *   now            now + horizon/2      now + horizon
 *    |------------------|-------------------|------------->
 *                       ^ the next planning happens when an instant comes this near, and then takes all up to
 *                                           ^ here: so batches are at most horizon/2 apart, however dense the instants
 *
 * max_fires caps what is planned or under way. An instant whose jobs do not all find room waits for room until it is due, and
 * only then those that found none are skipped: nothing is decided before its time, so no edit or hand-over has to know of it,
 * and no instant is planned in part. What was kept waiting so is late by the commit of its intent. A change of the job set plans
 * ahead all the same (its batch must hold all that planned_until covers), and what is made up has a cap of its own (missed.c).
 *
 * state.planned_until says: every instant up to here is a fire, a decision or part of a backlog. It goes into each
 * batch, and is never ahead of what the heap has left (crash after any batch = nothing lost, nothing twice).
 */
#include "agent/core_internal.h"

static int64_t horizon_us(const struct core *core)
{
	return core->config.horizon_ms * US_PER_MS;
}

bool plan_next(const struct core_job *job, struct wall after, struct wall *ret)
{
	return job_next_due(job->job, job->anchor, after, ret);
}

int64_t plan_count(const struct core_job *job, struct wall after, struct wall until)
{
	return job_count_due(job->job, job->anchor, after, until);
}

void plan_schedule(struct core *core, struct core_job *job, struct wall after)
{
	if (job->deleted || !job->job->active || !plan_next(job, after, &job->next))
		job->next = WALL_NEVER;
	lease_place(core, job);
}

/* The same job on the same agent is always late by the same amount. */
static int64_t jitter_us(const struct core *core, const struct core_job *job)
{
	int64_t limit_us = job->job->policy->jitter_ms * US_PER_MS;
	if (limit_us == 0)
		return 0;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (const char *part = job->job->id; *part != '\0'; part++)
		hash = (hash ^ (uint8_t)*part) * UINT64_C(0x100000001b3);
	for (const char *part = core->agent_id; *part != '\0'; part++)
		hash = (hash ^ (uint8_t)*part) * UINT64_C(0x100000001b3);
	return (int64_t)(hash % (uint64_t)(limit_us + 1));
}

struct wall plan_due(const struct core *core, const struct core_job *job, struct wall scheduled_at)
{
	return wall_add_us(scheduled_at, jitter_us(core, job));
}

struct fire *plan_fire(struct core *core, struct core_job *job, struct fire_id id, struct wall scheduled_at,
	struct wall due, enum fire_cause cause, uint64_t clock_epoch)
{
	struct fire *fire = fire_new(core, job);
	fire->attempt.id = id;
	fire->attempt.scheduled_at = scheduled_at;
	fire->attempt.cause = cause;
	fire->clock_epoch = clock_epoch;
	fire->due = due;
	core->stats.planned++;
	if (cause == FIRE_CATCH_UP) {
		job->runs->catch_up_live++;
		core->catch_up_live++;
		core->stats.catch_up++;
	}
	return fire;
}

/* A fire that is skipped before it was planned is a decision too, and needs no intent: it is never tried. */
void plan_skip(struct core *core, struct core_job *job, struct wall instant, struct fire_id id, enum fire_cause cause,
	const char *reason)
{
	struct execution *execution = batch_add_decision(core, NULL);
	*execution = (struct execution){
		.id = id,
		.job_id = g_strdup(job->job->id),
		.job_revision = job->job->revision,
		.cause = cause,
		.status = EXECUTION_SKIPPED,
		.scheduled_at = instant,
		.last_scheduled_at = instant,
		.count = 1,
		.armed_at = WALL_NONE,
		.started_at = WALL_NONE,
		.finished_at = core->now,
		.timing = { -1, -1, -1, -1, -1 },
		.reason = g_strdup(reason),
	};
	core->stats.decided[EXECUTION_SKIPPED]++;
}

bool plan_is_skipped(const struct core_job *job, struct wall instant)
{
	const struct job_policy *policy = job->job->policy;
	for (int i = 0; i < policy->n_skip_at; i++)
		if (policy->skip_at[i].us == instant.us)
			return true;
	return false;
}

static void plan_instant(struct core *core, struct core_job *job)
{
	struct fire_id id = fire_id_scheduled(job->job->id, job->next, job->target_key, core->state.clock_epoch);
	char reason[EXECUTION_REASON_MAX];
	if (plan_is_skipped(job, job->next)) {
		/* Decided when it is due and not before: until then an edit may take it back. */
		struct fire *fire = plan_fire(core, job, id, job->next, job->next, FIRE_SCHEDULE, core->state.clock_epoch);
		fire->to_skip = true;
		batch_add_intent(core, fire);
	} else if (core->fires >= core->config.max_fires && job->next.us <= core->now.us) {
		g_snprintf(reason, sizeof(reason), "skipped (resource): %" G_GINT64_FORMAT " fires are under way on this agent",
			   core->fires);
		plan_skip(core, job, job->next, id, FIRE_SCHEDULE, reason);
	} else {
		batch_add_intent(core, plan_fire(core, job, id, job->next, plan_due(core, job, job->next), FIRE_SCHEDULE,
						 core->state.clock_epoch));
	}
	plan_schedule(core, job, job->next);
}

static bool is_missed(const struct core *core, struct wall instant)
{
	return instant.us <= core->now.us - MISFIRE_GRACE_US;
}

static void plan_window(struct core *core, struct core_job *job, struct wall limit,
	void (*take)(struct core *core, struct core_job *job, struct wall after, struct wall until))
{
	struct wall after = wall_add_us(job->next, -1), until = wall_min(core->now, limit);
	take(core, job, after, until);
	job->since = until;
	job->since_epoch = (uint32_t)core->state.clock_epoch;
	batch_add_mark(core, job);
	plan_schedule(core, job, until);
}

void plan_job_to(struct core *core, struct core_job *job, struct wall until)
{
	while (job->next.us <= until.us) {
		if (is_missed(core, job->next))
			plan_window(core, job, until, missed_window);
		else
			plan_instant(core, job);
	}
}

/* planned_until stays behind when others wait for room in the outbox: what is planned beyond it is marked, for the next life. */
void plan_job_until(struct core *core, struct core_job *job, struct wall until)
{
	struct wall limit = wall_min(until, lease_end(core, job)), first = job->next;
	plan_job_to(core, job, limit);
	if (job->next.us == first.us || !wall_before(core->state.planned_until, limit))
		return;
	job->since = limit;
	job->since_epoch = (uint32_t)core->state.clock_epoch;
	batch_add_mark(core, job);
}

/* No instant up to `until` is left, but for what is still in the heap. */
static void note_reached(struct core *core, struct wall until)
{
	int64_t top = heap_top_key(&core->plan);
	struct wall reached = top <= until.us ? (struct wall){ top - 1 } : until;
	core->state.planned_until = wall_max(core->state.planned_until, reached);
}

/* A part of an instant's jobs must not be planned alone: planned_until would stay before it, and a crash would run them again. */
static bool is_between_instants(const struct core *core)
{
	return heap_top_key(&core->plan) != core->last_planned.us;
}

/* Asked first, so that the outbox opens also in the middle of an instant. */
static bool stops_here(struct core *core)
{
	return outbox_is_full(core) && is_between_instants(core);
}

/* Counted once for as long as it cannot have room. */
static bool waits_for_room(struct core *core)
{
	int64_t top = heap_top_key(&core->plan), room = core->config.max_fires - core->fires;
	if (top <= core->now.us || core->plan.count <= room || !is_between_instants(core))
		return false;
	if (core->crowded_at.us != top || core->crowd <= room) {
		core->crowded_at.us = top;
		core->crowd = heap_top_count(&core->plan);
	}
	return core->crowd > room;
}

void plan_tick(struct core *core)
{
	struct wall until = wall_add_us(core->now, horizon_us(core));
	int fires = 0, windows = 0;
	core->more_to_plan = false;
	if (core->in_a_hurry || !core->stats.store_healthy || core->stats.aside || stops_here(core) || heap_top_key(&core->plan) > core->now.us + horizon_us(core) / 2)
		return;
	while (heap_top_key(&core->plan) <= until.us) {
		struct core_job *job = heap_top(&core->plan);
		if (stops_here(core) || waits_for_room(core))
			break;
		if ((fires >= core->config.plan_fires_per_tick || windows >= PLAN_WINDOWS_PER_TICK) && is_between_instants(core)) {
			core->more_to_plan = true;
			break;
		}
		if (is_missed(core, job->next)) {
			plan_window(core, job, lease_end(core, job), missed_found);
			windows++;
		} else {
			core->last_planned = job->next;
			plan_instant(core, job);
			fires++;
		}
	}
	note_reached(core, until);
}

void plan_note_reached(struct core *core)
{
	if (core->started)
		note_reached(core, core->now);
}

struct wall plan_lead_wake(const struct core *core)
{
	int64_t top = heap_top_key(&core->plan);
	bool waits = core->crowded_at.us == top && core->crowd > core->config.max_fires - core->fires;
	return top == INT64_MAX ? WALL_NEVER : (struct wall){ waits ? top : top - horizon_us(core) / 2 };
}
