/*
 * The promises, checked against what survived: for every definition a job ever had on disk, every instant it was due is
 * enumerated one by one and must be covered by exactly one decision; nothing else may be decided.
 */
#include <string.h>

#include "agent/core_internal.h"
#include "tests/sim/sim.h"

/* In CLOCK_WILD, after the quiet end: an interval job that fires at least once a minute was silent no longer than this. */
#define SILENCE_MAX_US (180 * US_PER_SECOND)

/* What was decided about one instant of one job. */
struct verdict { int n; bool skipped, by_skip_at, scheduled, missed; struct wall decided_at; };

static void count_instant(GHashTable *decided, const struct execution *execution, struct wall at)
{
	char *key = g_strdup_printf("%s %" G_GINT64_FORMAT, execution->job_id, at.us);
	struct verdict *verdict = g_hash_table_lookup(decided, key);
	if (verdict == NULL) {
		verdict = g_new0(struct verdict, 1);
		g_hash_table_insert(decided, key, verdict);
	} else {
		g_free(key);
	}
	verdict->n++;
	verdict->decided_at = execution->finished_at;
	verdict->skipped |= execution->status == EXECUTION_SKIPPED;
	verdict->missed |= execution->status == EXECUTION_MISSED;
	verdict->by_skip_at |= g_strcmp0(execution->reason, PLAN_SKIP_REASON) == 0;
	verdict->scheduled |= execution->cause == FIRE_SCHEDULE && execution->status != EXECUTION_MISSED;
}

/* A job that went and came back has one definition twice, each with an anchor of its own. */
static const struct version *version_of(const struct job_history *history, int64_t revision, struct wall at)
{
	const struct version *found = NULL;
	for (guint i = 0; i < history->versions->len; i++) {
		const struct version *version = &g_array_index(history->versions, struct version, i);
		if (version->job != NULL && version->job->revision == revision && (found == NULL || wall_before(version->since, at)))
			found = version;
	}
	return found;
}

/* The next instant of a definition, within its bounds (end excluded). */
static bool next_due(const struct version *version, struct wall after, struct wall *ret)
{
	const struct job_policy *policy = version->job->policy;
	struct wall next;
	if (wall_is_set(policy->start_at))
		after = wall_max(after, wall_add_us(policy->start_at, -1));
	if (!schedule_next(version->job->timetable->schedule, version->anchor, after, &next))
		return false;
	if (wall_is_set(policy->end_at) && next.us >= policy->end_at.us)
		return false;
	*ret = next;
	return true;
}

/* Promise 3: the identity follows from job, instant, target key and clock epoch, and from nothing else. */
static void check_identity(struct world *world, const struct execution *execution)
{
	for (uint64_t epoch = 0; epoch <= world->disk.state.clock_epoch; epoch++)
		if (fire_id_equal(execution->id, fire_id_scheduled(execution->job_id, execution->scheduled_at, "", epoch)))
			return;
	world_trouble(world, "promise 3: a fire of %s does not have the identity of its instant", execution->job_id);
}

/* An ATLEAST_ONCE run is interrupted only when its job was deleted, became ATMOST_ONCE or replaces its own runs. */
static void check_interruption(struct world *world, const struct execution *execution)
{
	const struct job_history *history = g_hash_table_lookup(world->disk.histories, execution->job_id);
	for (guint i = 0; i < history->versions->len; i++) {
		const struct job *job = g_array_index(history->versions, struct version, i).job;
		if (job == NULL || job->policy->type == JOB_ATMOST_ONCE || job->policy->concurrency == JOB_REPLACE)
			return;
	}
	world_trouble(world, "promise 3: an ATLEAST_ONCE run of %s was interrupted: %s", execution->job_id, execution->reason);
}

/* A missed range is taken apart into its instants with the definition it was made under. */
static void count_range(struct world *world, GHashTable *decided, const struct execution *execution)
{
	const struct job_history *history = g_hash_table_lookup(world->disk.histories, execution->job_id);
	const struct version *version = history == NULL ? NULL : version_of(history, execution->job_revision, execution->scheduled_at);
	struct wall at = wall_add_us(execution->scheduled_at, -1);
	int64_t n = 0;
	if (version == NULL) {
		world_trouble(world, "a decision on %s revision %" G_GINT64_FORMAT " that was never durable", execution->job_id,
			      execution->job_revision);
		return;
	}
	/* A step back moves the anchor of @every. */
	if (world->disk.state.clock_epoch > 0 && schedule_kind(version->job->timetable->schedule) == SCHEDULE_EVERY)
		return;
	while (next_due(version, at, &at) && at.us <= execution->last_scheduled_at.us) {
		count_instant(decided, execution, at);
		n++;
	}
	if (n != execution->count)
		world_trouble(world, "%s: a missed range of %" G_GINT64_FORMAT " says %" G_GINT64_FORMAT, execution->job_id, n,
			      execution->count);
}

/* Each attempt that is counted is told or counted as left out; none is made up. */
static void check_attempt_log(struct world *world, const struct execution *execution)
{
	const struct attempt_log *log = execution->attempt_log;
	int told = log == NULL ? 0 : log->omitted;
	for (int i = 0; log != NULL && i < log->n; i++)
		told += log->entries[i].end != ATTEMPT_END_UNKNOWN;
	world->tally.logs += log != NULL;
	if (log != NULL ? told != execution->attempts : execution->attempts > 1)
		world_trouble(world, "an execution of %s has %d attempts and tells of %d", execution->job_id, execution->attempts, told);
}

/* Room may come until the last moment (agent/plan.c). */
static void check_room(struct world *world, const struct execution *execution)
{
	bool no_memory = execution->reason != NULL && strstr(execution->reason, "are under way on this agent") != NULL;
	world->tally.skipped_for_memory += no_memory;
	if (no_memory && wall_before(execution->finished_at, execution->scheduled_at))
		world_trouble(world, "%s at %+.6f s was skipped for lack of room before it was due", execution->job_id,
			      world_at(world, execution->scheduled_at));
}

static GHashTable *count_decisions(struct world *world)
{
	GHashTable *decided = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < world->disk.outbox->len; i++) {
		const struct execution *execution = &((struct decision *)world->disk.outbox->pdata[i])->execution;
		char *id = g_malloc(FIRE_ID_TEXT_SIZE);
		fire_id_print(execution->id, id);
		if (!g_hash_table_add(ids, id))
			world_trouble(world, "promise 1: two decisions with the id %s (%s)", id, execution->job_id);
		world->tally.decisions++;
		check_attempt_log(world, execution);
		world->tally.missed += execution->status == EXECUTION_MISSED;
		world->tally.skipped_for_lack += execution->reason != NULL && g_str_has_prefix(execution->reason, "skipped (resource)");
		world->tally.catch_up += execution->cause == FIRE_CATCH_UP;
		world->tally.retried += execution->attempts > 1;
		check_room(world, execution);
		const struct sighting *sighting = g_hash_table_lookup(world->outside.seen, id);
		if (execution->status == EXECUTION_SUCCESS && sighting == NULL)
			world_trouble(world, "invented: success of %s that was never sent", execution->job_id);
		if ((execution->status == EXECUTION_SKIPPED || execution->status == EXECUTION_MISSED) && sighting != NULL)
			world_trouble(world, "%s of %s was sent: %s", execution_status_name(execution->status), execution->job_id,
				      execution->reason);
		if (execution->status == EXECUTION_INTERRUPTED)
			check_interruption(world, execution);
		world->tally.manual += execution->cause == FIRE_MANUAL;
		if (execution->cause == FIRE_MANUAL)
			continue;
		check_identity(world, execution);
		if (execution->status == EXECUTION_MISSED)
			count_range(world, decided, execution);
		else
			count_instant(decided, execution, execution->scheduled_at);
	}
	return decided;
}

static bool names_in_skip_at(const struct version *version, struct wall at)
{
	if (version->job == NULL)
		return false;
	for (int i = 0; i < version->job->policy->n_skip_at; i++)
		if (version->job->policy->skip_at[i].us == at.us)
			return true;
	return false;
}

/*
 * Exactly the instants that skipAt names are skipped for that reason (or because the job was deleted). A missed range covers whatever it covers, and of
 * what is made up a later definition with the same schedule may name other instants.
 */
static void check_skip(struct world *world, const struct verdict *verdict, const struct job_history *history, guint ruling,
	struct wall at)
{
	bool named = names_in_skip_at(&g_array_index(history->versions, struct version, ruling), at), later = named;
	for (guint i = ruling; i < history->versions->len && !later; i++)
		later = names_in_skip_at(&g_array_index(history->versions, struct version, i), at);
	world->tally.skipped_by_name += verdict->by_skip_at;
	if (named && verdict->scheduled && !verdict->skipped)
		world_trouble(world, "skipAt names %s at %+.6f s, and it was not skipped", history->id, world_at(world, at));
	if (verdict->by_skip_at && !(verdict->scheduled ? named : later))
		world_trouble(world, "%s at %+.6f s was skipped, and skipAt does not name it", history->id, world_at(world, at));
}

/*
 * What a stay here had still to run up to its border is, after a crash, as the next stay's: it comes due no more when the job
 * was deleted in that one before.
 */
static bool went_with_next_stay(const struct job_history *history, guint ruling, struct wall at)
{
	int ends = 0;
	for (guint i = ruling + 1; i < history->versions->len; i++) {
		const struct version *version = &g_array_index(history->versions, struct version, i);
		if (version->job == NULL && ++ends > 1 && wall_before(version->since, at))
			return true;
	}
	return false;
}

static void check_instant(struct world *world, GHashTable *decided, const struct job_history *history, guint ruling,
	struct wall at)
{
	char key[JOB_ID_MAX + 32], text[48];
	g_snprintf(key, sizeof(key), "%s %" G_GINT64_FORMAT, history->id, at.us);
	struct verdict *verdict = g_hash_table_lookup(decided, key);
	g_snprintf(text, sizeof(text), "%+.6f s", world_at(world, at));
	if (verdict == NULL) {
		if (!moves_is_blind(world, history->id, at) && !(world->moves != NULL && went_with_next_stay(history, ruling, at)))
			world_trouble(world, "promise 1: %s at %s has no decision", history->id, text);
		return;
	}
	if (verdict->n == -1 && world->moves != NULL)
		return; /* a definition that came with a border still ahead: the one before has it too */
	if (verdict->n != 1)
		world_trouble(world, "promise 1: %s at %s has %d decisions", history->id, text, verdict->n);
	else
		check_skip(world, verdict, history, ruling, at);
	verdict->n = -1;
}

/* Its successor may begin at a border still to come, and be deleted before. */
static struct wall end_of(const struct job_history *history, guint i, struct wall until)
{
	struct wall end = until;
	for (guint later = i + 1; later < history->versions->len; later++) {
		const struct version *version = &g_array_index(history->versions, struct version, later);
		if (later == i + 1 || version->job == NULL)
			end = wall_min(end, version->since);
		if (version->job == NULL)
			break;
	}
	return end;
}

/* A pause skips ahead what a stay had still to run up to its border. That was due when it was decided, deleted later or not. */
static void allow_skipped_ahead(GHashTable *decided, const struct job_history *history, guint i, struct wall at, struct wall end)
{
	const struct version *version = &g_array_index(history->versions, struct version, i);
	if (i + 1 == history->versions->len)
		return;
	while (next_due(version, at, &at) && at.us <= (version + 1)->since.us) {
		char key[JOB_ID_MAX + 32];
		g_snprintf(key, sizeof(key), "%s %" G_GINT64_FORMAT, history->id, at.us);
		struct verdict *verdict = g_hash_table_lookup(decided, key);
		if (verdict != NULL && verdict->n == 1 && verdict->skipped && !wall_before(end, verdict->decided_at))
			verdict->n = -1;
	}
}

static void check_job(struct world *world, GHashTable *decided, const struct job_history *history, struct wall until)
{
	for (guint i = 0; i < history->versions->len; i++) {
		const struct version *version = &g_array_index(history->versions, struct version, i);
		struct wall end = end_of(history, i, until), at = version->since;
		if (version->job == NULL || !version->job->active)
			continue;
		while (next_due(version, at, &at) && at.us <= end.us)
			check_instant(world, decided, history, i, at);
		if (world->moves != NULL)
			allow_skipped_ahead(decided, history, i, wall_max(version->since, end), end);
	}
}

static void check_all_instants(struct world *world, GHashTable *decided, struct wall until)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, world->disk.histories);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		check_job(world, decided, value, until);
	g_hash_table_iter_init(&iter, decided);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		int64_t at = g_ascii_strtoll(strrchr(key, ' ') + 1, NULL, 10);
		g_autofree char *id = g_strndup(key, (gsize)(strrchr(key, ' ') - (char *)key));
		if (((struct verdict *)value)->n > 1 || (((struct verdict *)value)->n > 0 && at <= until.us &&
							 !moves_is_blind(world, id, (struct wall){ at })))
			world_trouble(world, "invented: %s (%+.6f s) was not due", (char *)key, (double)(at - world->began.us) / 1e6);
	}
}

/* What another agent had is not sent from here when it must not run twice, and is not called missed here. */
static void check_moves(struct world *world, GHashTable *decided)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, world->outside.seen);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct sighting *sighting = value;
		if (sighting->atmost && sighting->cause != FIRE_MANUAL &&
		    moves_is_others(world, sighting->job_id, sighting->scheduled_at, WALL_NEVER))
			world_trouble(world, "promise 3: the ATMOST_ONCE fire %+.6f s of %s was sent, and was another agent's",
				      world_at(world, sighting->scheduled_at), sighting->job_id);
	}
	g_hash_table_iter_init(&iter, decided);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		int64_t at = g_ascii_strtoll(strrchr(key, ' ') + 1, NULL, 10);
		g_autofree char *id = g_strndup(key, (gsize)(strrchr(key, ' ') - (char *)key));
		if (((struct verdict *)value)->missed && moves_is_others(world, id, (struct wall){ at }, ((struct verdict *)value)->decided_at))
			world_trouble(world, "promise 8: %s at %+.6f s is called missed, and was another agent's", id,
				      world_at(world, (struct wall){ at }));
	}
}

static bool always_fixed(const struct job_history *history)
{
	for (guint i = 0; i < history->versions->len; i++) {
		const struct job *job = g_array_index(history->versions, struct version, i).job;
		if (job == NULL || !schedule_is_fixed(job->timetable->schedule))
			return false;
	}
	return true;
}

static void check_silence(struct world *world, const struct job_history *history)
{
	const struct version *version = &g_array_index(history->versions, struct version, history->versions->len - 1);
	struct wall at = world->wall;
	if (version->job == NULL || !version->job->active || schedule_is_fixed(version->job->timetable->schedule))
		return;
	for (int i = 0; i < 5; i++) { /* only one that never rests, and goes on */
		struct wall before = at;
		if (!next_due(version, before, &at) || wall_diff_us(at, before) > 60 * US_PER_SECOND)
			return;
	}
	if (!next_due(version, wall_add_us(world->wall, -2 * SILENCE_MAX_US), &at) ||
	    wall_diff_us(world->wall, at) < SILENCE_MAX_US)
		return;
	if (mono_diff_us(world->mono, history->decided_at) > SILENCE_MAX_US)
		world_trouble(world, "promise 10: %s has been silent for %.0f s", history->id,
			      (double)mono_diff_us(world->mono, history->decided_at) / 1e6);
}

/* cron.md section 5, in words: nothing fixed twice unless the clock was corrected; nothing that rests for hours. */
static void check_after_steps(struct world *world, GHashTable *decided)
{
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, world->disk.histories);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		check_silence(world, value);
	g_hash_table_iter_init(&iter, decided);
	while (!world->corrected && g_hash_table_iter_next(&iter, &key, &value)) {
		g_autofree char *id = g_strndup(key, (gsize)(strrchr(key, ' ') - (char *)key));
		if (((struct verdict *)value)->n > 1 && always_fixed(g_hash_table_lookup(world->disk.histories, id)))
			world_trouble(world, "promise 10: the fixed instant %s was decided %d times", (char *)key, ((struct verdict *)value)->n);
	}
}

void check_promises(struct world *world, struct wall until)
{
	g_autoptr(GHashTable) decided = count_decisions(world);
	GHashTableIter iter;
	gpointer value;
	world->tally.epochs += (int64_t)world->disk.state.clock_epoch;
	if (world->scenario.clock == CLOCK_WILD)
		check_after_steps(world, decided);
	else
		check_all_instants(world, decided, until);
	if (world->moves != NULL)
		check_moves(world, decided);
	if (world->moves != NULL)
		moves_check(world);
	g_hash_table_iter_init(&iter, world->disk.intents);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (((struct intent *)value)->scheduled_at.us <= until.us)
			world_trouble(world, "an intent of %s (%+.6f s) is still open at the end", ((struct intent *)value)->job_id,
				      world_at(world, ((struct intent *)value)->scheduled_at));
	if (g_hash_table_size(world->disk.backlogs) > 0)
		world_trouble(world, "a backlog is still open at the end");
}
