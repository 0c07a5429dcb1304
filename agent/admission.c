/*
 * Who may start. Ready fires wait per job, jobs with ready fires stand in a ring per target (scheme://host:port), targets
 * in one ring; each turn of the ring serves one fire of one job of one target. So neither a job nor a host can starve
 * others, whatever is queued, and every step is O(1).
 *
 *   ring:  target A -> target B -> ...          caps: open per target, open in all
 *             |
 *           job 1 -> job 2 -> ...               rate limits park a job or a target until its next token (GCRA)
 *             |
 *           fire, fire, ...                     first come, first served
 *
 * A target at its cap leaves the ring and comes back when one of its attempts ends.
 */
#include "agent/core_internal.h"

#include <string.h>

static struct target *target_of(struct core *core, const struct job *job)
{
	const char *host = strstr(job->url, "://");
	size_t length = host == NULL ? strlen(job->url) : (size_t)(host - job->url) + 3 + strcspn(host + 3, "/?#");
	char origin[JOB_URL_MAX + 1];
	length = MIN(length, sizeof(origin) - 1);
	memcpy(origin, job->url, length);
	origin[length] = '\0';
	struct target *target = g_hash_table_lookup(core->targets, origin);
	if (target == NULL) {
		target = g_new0(struct target, 1);
		target->origin = g_strdup(origin);
		target->heap_index = -1;
		TAILQ_INIT(&target->jobs);
		g_hash_table_insert(core->targets, target->origin, target);
	}
	return target;
}

static void enter_ring(struct core *core, struct target *target)
{
	if (target->in_ring || target->parked || TAILQ_EMPTY(&target->jobs) ||
	    target->open >= core->config.max_open_per_target)
		return;
	target->in_ring = true;
	TAILQ_INSERT_TAIL(&core->ring, target, in_ring_entry);
}

static void leave_ring(struct core *core, struct target *target)
{
	if (!target->in_ring)
		return;
	target->in_ring = false;
	TAILQ_REMOVE(&core->ring, target, in_ring_entry);
}

static void target_free(gpointer data)
{
	struct target *target = data;
	g_free(target->origin);
	g_free(target);
}

/* A target nobody waits for and nobody talks to is forgotten, unless its rate limit still has to remember. */
static void target_left(struct core *core, struct target *target)
{
	if (target->waiting > 0 || target->open > 0 || target->parked || target->rate_next.us > core->mono.us)
		return;
	leave_ring(core, target);
	g_hash_table_remove(core->targets, target->origin);
	target_free(target);
}

static void job_enter(struct core *core, struct job_runs *runs, struct target *target)
{
	if (runs->target == NULL) {
		runs->target = target;
		if (!runs->parked)
			TAILQ_INSERT_TAIL(&target->jobs, runs, in_ring);
	}
	enter_ring(core, runs->target);
}

static void job_leave(struct core *core, struct job_runs *runs)
{
	struct target *target = runs->target;
	if (!runs->parked)
		TAILQ_REMOVE(&target->jobs, runs, in_ring);
	runs->target = NULL;
	if (TAILQ_EMPTY(&target->jobs))
		leave_ring(core, target);
}

void admission_push(struct core *core, struct fire *fire)
{
	struct job_runs *runs = fire->job->runs;
	/* Fires of a job that wait already decide where it stands: an edit of the URL counts from the next ones on. */
	struct target *target = runs->target != NULL ? runs->target : target_of(core, fire->job->job);
	bool may_be_skipped = fire->attempts == 0 && !fire->maybe_sent && fire->state != FIRE_HELD;
	if (target->waiting >= core->config.max_waiting_per_target && may_be_skipped) {
		char reason[EXECUTION_REASON_MAX];
		g_snprintf(reason, sizeof(reason), "skipped (resource): %d fires wait for %.128s already", target->waiting,
			   target->origin);
		fire_decide(core, fire, EXECUTION_SKIPPED, reason, NULL);
		return;
	}
	fire_set_state(core, fire, FIRE_READY);
	fire->target = target;
	target->waiting++;
	TAILQ_INSERT_TAIL(&runs->ready, fire, in_queue);
	job_enter(core, runs, target);
}

static void take_out(struct core *core, struct fire *fire)
{
	struct job_runs *runs = fire->job->runs;
	TAILQ_REMOVE(&runs->ready, fire, in_queue);
	fire->target->waiting--;
	if (TAILQ_EMPTY(&runs->ready))
		job_leave(core, runs);
}

void admission_remove(struct core *core, struct fire *fire)
{
	struct target *target = fire->target;
	take_out(core, fire);
	fire->target = NULL;
	target_left(core, target);
}

void admission_closed(struct core *core, struct fire *fire)
{
	struct target *target = fire->target;
	fire->target = NULL;
	core->open--;
	target->open--;
	enter_ring(core, target);
	target_left(core, target);
}

/*
 * Generic cell rate algorithm (ITU-T I.371): one instant per bucket. A token is there when `next` is at most burst - 1
 * intervals ahead. Both buckets are looked at before a token is taken from either.
 */
struct bucket { struct mono *next; double per_second; int burst; };

static int64_t interval_us(const struct bucket *bucket)
{
	return (int64_t)((double)US_PER_SECOND / bucket->per_second);
}

/* The instant at which a token is there; in the past or now = there is one. */
static struct mono token_at(const struct bucket *bucket)
{
	if (bucket->per_second <= 0)
		return (struct mono){ INT64_MIN };
	return mono_add_us(*bucket->next, -interval_us(bucket) * (bucket->burst - 1));
}

static void take_token(const struct bucket *bucket, struct mono now)
{
	if (bucket->per_second > 0)
		bucket->next->us = MAX(bucket->next->us, now.us) + interval_us(bucket);
}

static void park_target(struct core *core, struct target *target, struct mono until)
{
	leave_ring(core, target);
	target->parked = true;
	heap_set(&core->parked_targets, target, until.us);
}

static void park_job(struct core *core, struct job_runs *runs, struct mono until)
{
	TAILQ_REMOVE(&runs->target->jobs, runs, in_ring);
	runs->parked = true;
	if (TAILQ_EMPTY(&runs->target->jobs))
		leave_ring(core, runs->target);
	heap_set(&core->parked_jobs, runs, until.us);
}

void admission_unpark(struct core *core)
{
	while (heap_top_key(&core->parked_jobs) <= core->mono.us) {
		struct job_runs *runs = heap_top(&core->parked_jobs);
		heap_remove(&core->parked_jobs, runs);
		runs->parked = false;
		if (runs->target != NULL) {
			TAILQ_INSERT_TAIL(&runs->target->jobs, runs, in_ring);
			enter_ring(core, runs->target);
		} else {
			fire_runs_left(core, runs->job);
		}
	}
	while (heap_top_key(&core->parked_targets) <= core->mono.us) {
		struct target *target = heap_top(&core->parked_targets);
		heap_remove(&core->parked_targets, target);
		target->parked = false;
		enter_ring(core, target);
		target_left(core, target);
	}
}

/* Starts one fire of the next job of this target, or parks that job or the target until it has a token. */
static void serve(struct core *core, struct target *target)
{
	struct job_runs *runs = TAILQ_FIRST(&target->jobs);
	const struct job_policy *policy = runs->job->job->policy;
	struct bucket of_job = { &runs->rate_next, policy->rate_per_second, policy->rate_burst };
	struct bucket of_target = { &target->rate_next, core->config.target_rate_per_second,
				    MAX(core->config.target_rate_burst, 1) };
	if (token_at(&of_target).us > core->mono.us) {
		park_target(core, target, token_at(&of_target));
		return;
	}
	if (token_at(&of_job).us > core->mono.us) {
		park_job(core, runs, token_at(&of_job));
		return;
	}
	take_token(&of_target, core->mono);
	take_token(&of_job, core->mono);
	struct fire *fire = TAILQ_FIRST(&runs->ready);
	take_out(core, fire);
	if (runs->target != NULL) {
		TAILQ_REMOVE(&target->jobs, runs, in_ring);
		TAILQ_INSERT_TAIL(&target->jobs, runs, in_ring);
	}
	target->open++;
	core->open++;
	fire_start(core, fire);
}

void admission_run(struct core *core)
{
	if (!core->stats.store_healthy || core->in_a_hurry)
		return;
	while (core->open < core->config.max_open_transfers && !TAILQ_EMPTY(&core->ring)) {
		struct target *target = TAILQ_FIRST(&core->ring);
		leave_ring(core, target);
		serve(core, target);
		enter_ring(core, target);
	}
}

void admission_done(struct core *core)
{
	GHashTableIter iter;
	gpointer target;
	g_hash_table_iter_init(&iter, core->targets);
	while (g_hash_table_iter_next(&iter, NULL, &target))
		target_free(target);
	g_hash_table_unref(core->targets);
}
