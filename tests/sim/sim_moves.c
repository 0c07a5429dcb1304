/*
 * Central's placement as far as one agent sees it: jobs that leave for another agent at a border, and come back after one
 * (central/assign.h has the table). What the other agent does is not simulated; that it has an instant is known here, and
 * held against what this one did with it.
 */
#include <string.h>

#include "agent/core_internal.h"
#include "tests/sim/sim.h"

#define OFFLINE_US (6 * US_PER_SECOND)
#define HEARD_US (2500 * US_PER_MS) /* after this an heir has heard */

enum where { NOWHERE, HERE, ELSEWHERE };

struct row {
	char *id;
	enum where where;
	struct job *job;         /* NULL = never made */
	struct wall since;       /* border of the latest move, either way; WALL_NONE = none */
	bool gone;               /* deleted for good */
	struct wall held_since, edited_at;
	int64_t set_revision, since_revision;
	struct wall first_at;    /* border of the first gain that may be unheard, of a job that was not here before */
	int64_t first_revision;
	int64_t ended_in;        /* the change that said so of a job that had left; 0 = none */
	GArray *away;            /* struct job_away: between moves of which central has not heard that they are known here */
};

/* A time in which another agent had the job. */
struct tenure {
	const char *id;
	struct wall left_at;     /* when it was decided */
	struct wall from, to;
	struct wall blind_from, blind_to; /* nobody can know what this agent decided of these, and each is decided at most once */
	int64_t told_in;         /* the change that says so to this agent */
	bool heard;              /* durably */
	struct version passing;  /* the stay before it, when it came and went and was told when it was over; job NULL = no such */
};

struct moves {
	GPtrArray *rows;         /* struct row * */
	GPtrArray *tenures;      /* struct tenure *, in order of time */
	struct wall heard_at, lease_until;
	int64_t set_revision, confirmed_revision, told_revision;
	int64_t said_revision; /* of answers, heard or not */
};

static void row_free(gpointer data)
{
	struct row *row = data;
	if (row->job != NULL)
		job_unref(row->job);
	g_array_unref(row->away);
	g_free(row->id);
	g_free(row);
}

static void tenure_free(gpointer data)
{
	struct tenure *tenure = data;
	g_clear_pointer(&tenure->passing.job, job_unref);
	g_free(tenure);
}

void moves_init(struct world *world)
{
	struct moves *moves = world->moves = g_new0(struct moves, 1);
	moves->rows = g_ptr_array_new_with_free_func(row_free);
	moves->tenures = g_ptr_array_new_with_free_func(tenure_free);
	moves->heard_at = world->wall;
	moves->lease_until = WALL_NONE;
	for (guint i = 0; i < world->specs->len; i++) {
		struct row *row = g_new0(struct row, 1);
		row->id = g_strdup(world->specs->pdata[i]);
		row->since = WALL_NONE;
		row->away = g_array_new(FALSE, FALSE, sizeof(struct job_away));
		g_ptr_array_add(moves->rows, row);
	}
}

void moves_done(struct world *world)
{
	g_ptr_array_unref(world->moves->rows);
	g_ptr_array_unref(world->moves->tenures);
	g_free(world->moves);
}

static struct tenure *latest_tenure(const struct moves *moves, const char *id)
{
	for (guint i = moves->tenures->len; i-- > 0;) {
		struct tenure *tenure = moves->tenures->pdata[i];
		if (strcmp(tenure->id, id) == 0)
			return tenure;
	}
	return NULL;
}

static void define(struct world *world, struct row *row)
{
	if (row->job != NULL)
		job_unref(row->job);
	row->job = world_random_job(world, row->id);
	row->edited_at = world->wall;
	world_trace(world, "%s is now %s%s", row->id, row->job->timetable->text,
		    row->job->policy->type == JOB_ATMOST_ONCE ? " at most once" : "");
}

static struct wall border_of(const struct world *world, const struct row *row)
{
	const struct moves *moves = world->moves;
	if (wall_is_set(row->since) && row->since_revision > MAX(moves->said_revision, moves->confirmed_revision))
		return row->since;
	bool online = wall_diff_us(world->wall, moves->heard_at) < OFFLINE_US;
	return row->job->policy->type == JOB_ATMOST_ONCE || online ? wall_max(moves->lease_until, moves->heard_at) : moves->heard_at;
}

/* Where the policy of the heir of a silent agent begins to make up. */
static struct wall begin_of(struct world *world, const struct row *row)
{
	bool silent = wall_diff_us(world->wall, world->moves->heard_at) >= OFFLINE_US;
	if (row->job->policy->type == JOB_ATMOST_ONCE || !silent || dice_chance(&world->dice, 500))
		return WALL_NONE;
	int64_t us = wall_diff_us(wall_add_us(world->wall, HEARD_US), world->moves->heard_at);
	return wall_add_us(world->moves->heard_at, dice_below(&world->dice, us));
}

static bool came_unheard(const struct world *world, const struct row *row)
{
	return row->first_revision > world->moves->confirmed_revision;
}

static void note_first(const struct world *world, struct row *row, struct wall border)
{
	row->first_at = wall_is_set(border) ? border : world->wall;
	row->first_revision = row->set_revision;
}

static bool knows_of_move(const struct world *world, const struct row *row)
{
	return !wall_is_set(row->since) || row->since_revision <= world->moves->confirmed_revision;
}

static void forget_known(const struct world *world, struct row *row)
{
	if (knows_of_move(world, row))
		g_array_set_size(row->away, 0);
}

/* Times that adjoin are one. */
static void note_away(struct row *row, struct wall until)
{
	struct job_away away = { g_intern_string(row->id), row->since, until };
	struct job_away *latest = row->away->len == 0 ? NULL : &g_array_index(row->away, struct job_away, row->away->len - 1);
	if (latest != NULL && latest->until.us == away.after.us)
		latest->until = until;
	else
		g_array_append_val(row->away, away);
}

static void leave(struct world *world, struct row *row)
{
	struct wall border = wall_max(wall_max(wall_max(border_of(world, row), begin_of(world, row)), row->edited_at), row->since);
	forget_known(world, row);
	row->where = ELSEWHERE;
	row->since = border;
	row->since_revision = row->set_revision;
	struct tenure *tenure = g_new0(struct tenure, 1);
	*tenure = (struct tenure){ .id = row->id, .left_at = world->wall, .from = border, .to = WALL_NEVER,
				   .blind_from = wall_min(wall_min(border, world->moves->heard_at), world->disk.state.lease_until),
				   .blind_to = WALL_NEVER };
	g_ptr_array_add(world->moves->tenures, tenure);
	world->tally.moves_away++;
	world_trace(world, "%s goes to another agent at %.6f", row->id, world_at(world, border));
}

static void come_back(struct world *world, struct row *row)
{
	struct tenure *tenure = latest_tenure(world->moves, row->id);
	struct wall border = wall_add_us(world->wall, dice_below(&world->dice, 10 * US_PER_SECOND) - 5 * US_PER_SECOND);
	bool edited = tenure->heard && dice_chance(&world->dice, 300);
	if (edited)
		define(world, row);
	border = wall_max(border, edited ? wall_max(row->since, world->wall) : row->since);
	if (tenure->heard) /* what this agent ran before it heard is not given back to it */
		border = wall_max(border, tenure->blind_to);
	forget_known(world, row);
	if (knows_of_move(world, row))
		note_first(world, row, border);
	else
		note_away(row, border);
	row->where = HERE;
	row->held_since = world->wall;
	row->since = tenure->to = border;
	row->since_revision = row->set_revision;
	if (!tenure->heard) {
		g_clear_pointer(&tenure->passing.job, job_unref); /* told anew, as a time away */
		tenure->blind_from = tenure->from;
		tenure->blind_to = border;
		world->tally.moves_unheard++;
	}
	world->tally.moves_back++;
	world_trace(world, "%s comes back at %.6f%s", row->id, world_at(world, border), tenure->heard ? "" : ", unheard");
}

static void delete(struct world *world, struct row *row)
{
	row->gone = true;
	if (row->where == ELSEWHERE)
		return; /* the tombstone says where it went, which is still so, and that what has not begun is not to begin */
	row->where = NOWHERE;
	world_trace(world, "%s is deleted at central", row->id);
}

static bool may_leave(const struct world *world, const struct row *row)
{
	return row->job->active && wall_is_set(border_of(world, row));
}

/* It acts by what it was told, and may yet forget it: who knows what it ran? */
static bool is_hearing(const struct world *world, const struct row *row)
{
	const struct tenure *tenure = row->where == ELSEWHERE ? latest_tenure(world->moves, row->id) : NULL;
	return tenure != NULL && world->change_under_way && !tenure->heard && tenure->told_in == world->moves->told_revision;
}

static void change_row(struct world *world, struct row *row)
{
	if (row->gone || is_hearing(world, row))
		return; /* no id is given twice */
	row->set_revision = ++world->moves->set_revision;
	if (row->where == NOWHERE) {
		define(world, row);
		row->where = HERE;
		row->since = WALL_NONE;
		row->held_since = world->wall;
		row->since_revision = row->set_revision;
		note_first(world, row, WALL_NONE);
	} else if (dice_chance(&world->dice, 40)) {
		delete(world, row);
	} else if (row->where == ELSEWHERE) {
		come_back(world, row);
	} else if (dice_chance(&world->dice, 600) && may_leave(world, row)) {
		world->tally.moves_again += row->away->len > 0 && !knows_of_move(world, row);
		leave(world, row);
	} else {
		define(world, row);
	}
}

void moves_change(struct world *world)
{
	int n = 1 + (int)dice_below(&world->dice, 3);
	world->tally.edits++;
	for (int i = 0; i < n; i++)
		change_row(world, world->moves->rows->pdata[dice_below(&world->dice, world->moves->rows->len)]);
}

void moves_heard(struct world *world, int64_t jobs_revision)
{
	struct moves *moves = world->moves;
	moves->heard_at = world->wall;
	moves->lease_until = wall_add_us(world->wall, SIM_LEASE_US);
	moves->confirmed_revision = MAX(moves->confirmed_revision, jobs_revision);
	moves->said_revision = moves->set_revision;
}

static void applied(void *context, bool ok)
{
	(void)ok;
	((struct world *)context)->change_under_way = false;
}

static void add_upsert(struct job_change *change, const struct row *row, struct wall since)
{
	struct stored_job *stored = stored_job_new(job_ref(row->job));
	stored->since = since;
	g_ptr_array_add(change->upserts, stored);
}

static void tell_gone(const struct world *world, struct job_change *change, const struct row *row)
{
	struct tenure *tenure = latest_tenure(world->moves, row->id);
	struct job_move move = { g_intern_string(row->id), row->since, row->gone };
	tenure->told_in = change->jobs_revision;
	g_clear_pointer(&tenure->passing.job, job_unref);
	if (came_unheard(world, row) && !row->gone && wall_before(row->first_at, row->since)) {
		tenure->passing = (struct version){ job_ref(row->job), row->first_at, { world->wall.us - world->wall.us % US_PER_MS } };
		add_upsert(change, row, row->first_at);
	}
	g_array_append_val(change->moves, move);
}

static void tell_row(const struct world *world, struct job_change *change, const struct row *row)
{
	bool knows = knows_of_move(world, row);
	if (!knows)
		g_array_append_vals(change->away, row->away->data, row->away->len);
	if (row->where == HERE) {
		bool stays = came_unheard(world, row) && row->away->len > 0;
		add_upsert(change, row, knows ? WALL_NONE : stays ? row->first_at : row->since);
		return;
	}
	g_ptr_array_add(change->deletes, g_strdup(row->id));
	if (row->where == ELSEWHERE)
		tell_gone(world, change, row);
}

/* From now on nothing of a job that had left, and was deleted since, begins. */
static void note_ended(struct moves *moves, int64_t since_revision)
{
	for (guint i = 0; i < moves->rows->len; i++) {
		struct row *row = moves->rows->pdata[i];
		if (row->gone && row->where == ELSEWHERE && row->ended_in == 0 && row->set_revision > since_revision)
			row->ended_in = moves->told_revision;
	}
}

bool moves_has_ended(const struct world *world, const char *id)
{
	for (guint i = 0; world->moves != NULL && i < world->moves->rows->len; i++) {
		const struct row *row = world->moves->rows->pdata[i];
		if (strcmp(row->id, id) == 0)
			return row->ended_in != 0 && world->core->state.jobs_revision >= row->ended_in;
	}
	return false;
}

/* What the reply to a request says that was made when the agent had that revision of its set. */
void moves_reply(struct world *world, int64_t jobs_revision, struct wall lease_until, struct mono asked)
{
	struct moves *moves = world->moves;
	world_trace(world, "told revision %d after %d, lease until %.6f", (int)moves->set_revision, (int)jobs_revision,
		    world_at(world, lease_until));
	if (moves->set_revision > jobs_revision) {
		struct job_change *change = job_change_new();
		change->away = g_array_new(FALSE, FALSE, sizeof(struct job_away));
		change->moves = g_array_new(FALSE, FALSE, sizeof(struct job_move));
		change->jobs_revision = moves->told_revision = moves->said_revision = moves->set_revision;
		for (guint i = 0; i < moves->rows->len; i++)
			if (((struct row *)moves->rows->pdata[i])->set_revision > jobs_revision)
				tell_row(world, change, moves->rows->pdata[i]);
		change->lease_until = change->word_until = lease_until;
		change->asked = asked;
		change->done = applied;
		change->context = world;
		world->change_under_way = true;
		core_apply_jobs(world->core, change);
		if (!world->change_under_way) { /* sync_answer.c asks again, and counts it as no word */
			world->tally.answers_refused++;
			moves->told_revision = -1;
			return;
		}
		note_ended(moves, jobs_revision);
		world->change_at = world->core->latest;
	} else {
		core_lease(world->core, lease_until);
	}
	core_heard(world->core, asked);
}

struct wall moves_end(struct world *world, const char *id)
{
	struct tenure *tenure = world->moves == NULL ? NULL : latest_tenure(world->moves, id);
	if (tenure == NULL || tenure->heard || tenure->told_in != world->moves->told_revision)
		return world->change_at;
	tenure->heard = true;
	tenure->blind_from = tenure->from;
	/* It may have come back while this was on its way to the disk. */
	tenure->blind_to = wall_max(tenure->to.us == INT64_MAX ? tenure->from : tenure->blind_to, world->wall);
	return tenure->from;
}

const struct version *moves_passing(struct world *world, const char *id, int64_t jobs_revision)
{
	struct tenure *tenure = world->moves == NULL ? NULL : latest_tenure(world->moves, id);
	if (tenure == NULL || tenure->heard || tenure->passing.job == NULL || tenure->told_in != world->moves->told_revision ||
	    tenure->told_in > jobs_revision)
		return NULL;
	world->tally.moves_passed++;
	return &tenure->passing;
}

void moves_check(struct world *world)
{
	for (guint i = 0; i < world->moves->tenures->len; i++) {
		const struct tenure *tenure = world->moves->tenures->pdata[i];
		if (tenure->passing.job != NULL && !tenure->heard && tenure->told_in <= world->disk.state.jobs_revision)
			world_trouble(world, "promise 1: %s came and went at %+.6f s, and was not taken", tenure->id,
				      world_at(world, tenure->passing.since));
	}
}

bool moves_is_blind(const struct world *world, const char *id, struct wall at)
{
	for (guint i = 0; world->moves != NULL && i < world->moves->tenures->len; i++) {
		const struct tenure *tenure = world->moves->tenures->pdata[i];
		if (strcmp(tenure->id, id) == 0 && wall_before(tenure->blind_from, at) && !wall_before(tenure->blind_to, at))
			return true;
	}
	return false;
}

bool moves_is_others(const struct world *world, const char *id, struct wall at, struct wall decided_at)
{
	for (guint i = 0; world->moves != NULL && i < world->moves->tenures->len; i++) {
		const struct tenure *tenure = world->moves->tenures->pdata[i];
		if (strcmp(tenure->id, id) == 0 && wall_before(tenure->from, at) && !wall_before(tenure->to, at) &&
		    wall_before(tenure->left_at, decided_at))
			return true;
	}
	return false;
}
