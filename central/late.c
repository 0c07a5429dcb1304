#include "central/late.h"

#include "central/late_rule.h"
#include "common/job_due.h"

/* What a piece of work leaves behind, as texts of arrays. */
struct marks {
	GString *watch_id, *watch_revision, *watch_due, *watch_check;
	GString *late_id, *late_due, *late_agent, *late_reason, *late_each;
	GString *clear_id;
	int watches, lates, clears;
};

static struct marks marks_new(void)
{
	return (struct marks){ .watch_id = g_string_new(NULL),	 .watch_revision = g_string_new(NULL),
			       .watch_due = g_string_new(NULL),	 .watch_check = g_string_new(NULL),
			       .late_id = g_string_new(NULL),	 .late_due = g_string_new(NULL),
			       .late_agent = g_string_new(NULL), .late_reason = g_string_new(NULL),
			       .late_each = g_string_new(NULL),
			       .clear_id = g_string_new(NULL) };
}

static void marks_free(struct marks *marks)
{
	GString *all[] = { marks->watch_id, marks->watch_revision, marks->watch_due,
			   marks->watch_check, marks->late_id, marks->late_due,
			   marks->late_agent, marks->late_reason, marks->late_each,
			   marks->clear_id };
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		g_string_free(all[i], TRUE);
}

static void mark_watch(struct marks *marks, const char *job_id, int64_t revision, struct wall due, struct wall check)
{
	db_array_append(marks->watch_id, job_id);
	db_array_append_int(marks->watch_revision, revision);
	db_array_append_wall(marks->watch_due, due);
	db_array_append_wall(marks->watch_check, check);
	marks->watches++;
}

static void mark_clear(struct marks *marks, const char *job_id)
{
	db_array_append(marks->clear_id, job_id);
	marks->clears++;
}

static enum db_status write_marks(struct db_conn *conn, struct marks *marks)
{
	struct db_params watches = { 0 }, lates = { 0 }, clears = { 0 };
	enum db_status status = db_begin(conn);
	if (status == DB_OK && marks->watches > 0) {
		db_param_text(&watches, db_array_close(marks->watch_id));
		db_param_text(&watches, db_array_close(marks->watch_revision));
		db_param_text(&watches, db_array_close(marks->watch_due));
		db_param_text(&watches, db_array_close(marks->watch_check));
		status = db_run(conn, "late_watch", &watches, NULL);
	}
	if (status == DB_OK && marks->lates > 0) {
		db_param_text(&lates, db_array_close(marks->late_id));
		db_param_text(&lates, db_array_close(marks->late_due));
		db_param_text(&lates, db_array_close(marks->late_agent));
		db_param_text(&lates, db_array_close(marks->late_reason));
		db_param_text(&lates, db_array_close(marks->late_each));
		status = db_run(conn, "late_mark", &lates, NULL);
	}
	if (status == DB_OK && marks->clears > 0) {
		db_param_text(&clears, db_array_close(marks->clear_id));
		status = db_run(conn, "late_clear", &clears, NULL);
	}
	if (status == DB_OK)
		status = db_commit(conn);
	if (db_in_transaction(conn))
		db_rollback(conn);
	return status;
}

/* The next instant after `after`, to be looked at when it can be overdue; a job without one is never looked at. */
static void watch_next(struct marks *marks, const struct job *job, const char *job_id, int64_t revision,
		       struct wall anchor, struct wall after)
{
	struct wall due;
	if (job == NULL || !job_next_due(job, anchor, after, &due))
		mark_watch(marks, job_id, revision, WALL_NEVER, WALL_NEVER);
	else
		mark_watch(marks, job_id, revision, due, wall_add_ms(due, job->policy->jitter_ms + LATE_GRACE_MS));
}

/* An edit never fires in the past: what must be decided comes after it. */
static void adopt_row(struct marks *marks, const struct db_result *result, int row)
{
	const char *job_id = db_text(result, row, 0);
	int64_t revision = db_int(result, row, 1);
	struct job *job = job_parse_stored(db_text(result, row, 2), job_id, revision);
	struct wall anchor = job != NULL ? late_anchor(job, db_wall(result, row, 3), db_wall(result, row, 5)) : WALL_NONE;
	watch_next(marks, job, job_id, revision, anchor, wall_max(db_wall(result, row, 4), db_wall(result, row, 5)));
	mark_clear(marks, job_id);
	job_unref(job);
}

static void check_row(struct marks *marks, const struct db_result *result, int row, struct wall now, int64_t offline_ms)
{
	const char *job_id = db_text(result, row, 0);
	int64_t revision = db_int(result, row, 1);
	if (db_is_null(result, row, 3)) {
		mark_watch(marks, job_id, revision, db_wall(result, row, 2), wall_add_ms(now, LATE_AGAIN_MS));
		return;
	}
	struct job *job = job_parse_stored(db_text(result, row, 3), job_id, revision);
	g_autofree char *reason = NULL;
	struct late_facts facts = {
		.due_at = db_wall(result, row, 2),
		.decided_until = db_wall(result, row, 5),
		.per_agent = db_bool(result, row, 6),
		.holders = db_int(result, row, 7),
		.has_debtor = !db_is_null(result, row, 8),
		.debtor_name = db_text(result, row, 9),
		.last_seen_at = db_wall(result, row, 10),
		.running = db_int(result, row, 11),
		.outbox_depth = db_int(result, row, 12),
		.offline_ms = offline_ms,
	};
	enum late_verdict verdict = job != NULL ? late_judge(job, &facts, now, &reason) : LATE_MOVED;
	if (verdict == LATE_DECIDED || verdict == LATE_MOVED) {
		struct wall anchor = job != NULL ? late_anchor(job, db_wall(result, row, 4), facts.decided_until) : WALL_NONE;
		struct wall after = verdict == LATE_MOVED     ? wall_max(now, facts.due_at)
				    : facts.per_agent	      ? facts.due_at
							      : wall_max(facts.due_at, facts.decided_until);
		watch_next(marks, job, job_id, revision, anchor, after);
		mark_clear(marks, job_id);
	} else {
		int64_t again_ms = verdict == LATE_OVERDUE ? LATE_STILL_MS : LATE_AGAIN_MS;
		mark_watch(marks, job_id, revision, facts.due_at, wall_add_ms(now, again_ms));
	}
	if (verdict == LATE_OVERDUE) {
		db_array_append(marks->late_id, job_id);
		db_array_append_wall(marks->late_due, facts.due_at);
		db_array_append(marks->late_agent, db_text_or_null(result, row, 8));
		db_array_append(marks->late_reason, reason);
		db_array_append(marks->late_each, facts.per_agent ? "true" : "false");
		marks->lates++;
	}
	job_unref(job);
}

/* Column `found`: how many there were for it before it ended by its bytes. */
static bool is_full(const struct db_result *result, int found, int wanted)
{
	return db_int(result, 0, found) == wanted || db_int(result, 0, found) > db_rows(result);
}

/* Jobs in pieces until a piece is not full; each begins where the one before ended, or all of them would read what all had. */
static enum db_status adopt(struct db_conn *conn, struct wall since)
{
	enum db_status status = DB_OK;
	bool full = true;
	for (int i = 0; status == DB_OK && full && i < LATE_PIECES_MAX; i++) {
		DB_RESULT_AUTO struct db_result *result = NULL;
		struct db_params params = { 0 };
		if (wall_is_set(since))
			db_param_wall(&params, since);
		else
			db_param_text(&params, "-infinity");
		db_param_int(&params, LATE_PIECE);
		db_param_int(&params, LATE_PIECE_BYTES);
		status = db_run(conn, "late_adopt", &params, &result);
		if (status != DB_OK || db_rows(result) == 0)
			break;
		full = is_full(result, 6, LATE_PIECE);
		struct marks marks = marks_new();
		for (int row = 0; row < db_rows(result); row++)
			adopt_row(&marks, result, row);
		since = db_wall(result, db_rows(result) - 1, 4);
		status = write_marks(conn, &marks);
		marks_free(&marks);
	}
	return status;
}

/* Up to so many jobs; *ret_full: there may be more. */
static enum db_status check_piece(struct db_conn *conn, int jobs, int64_t offline_ms, bool *ret_full)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	struct wall now = wall_now();
	db_param_int(&params, jobs);
	db_param_int(&params, LATE_PIECE_BYTES);
	enum db_status status = db_run(conn, "late_check", &params, &result);
	*ret_full = status == DB_OK && db_rows(result) > 0 && is_full(result, 13, jobs);
	if (status != DB_OK || db_rows(result) == 0)
		return status;
	struct marks marks = marks_new();
	for (int row = 0; row < db_rows(result); row++)
		check_row(&marks, result, row, now, offline_ms);
	status = write_marks(conn, &marks);
	marks_free(&marks);
	return status;
}

/*
 * A job may have one holder or ten thousand, each of which is looked for: a piece that takes too long is followed by a smaller
 * one, and those after it grow again.
 */
static enum db_status check(struct db_conn *conn, int64_t offline_ms)
{
	static int jobs = LATE_PIECE; /* of the one thread that does the chores */
	enum db_status status = DB_OK;
	bool full = true;
	for (int i = 0; status == DB_OK && full && i < LATE_PIECES_MAX; i++) {
		status = check_piece(conn, jobs, offline_ms, &full);
		if (status == DB_TIMEOUT && jobs > 1) {
			jobs = MAX(jobs / LATE_PIECE_SMALLER, 1);
			full = true;
			status = DB_OK;
		} else if (status == DB_OK) {
			jobs = MIN(jobs + jobs / LATE_PIECE_GROWS + 1, LATE_PIECE);
		}
	}
	return status;
}

static enum db_status turn(struct db_conn *conn, const struct central_config *config, struct wall since)
{
	struct db_params params = { 0 };
	if (wall_is_set(since))
		db_param_wall(&params, since);
	else
		db_param_text(&params, "-infinity");
	enum db_status status = db_run(conn, "late_forget", &params, NULL);
	if (status == DB_OK)
		status = adopt(conn, since);
	if (status == DB_OK)
		status = db_run(conn, "late_wake", NULL, NULL);
	return status == DB_OK ? check(conn, config->offline_after_ms) : status;
}

enum db_status late_turn(struct db_conn *conn, const struct central_config *config)
{
	return turn(conn, config, wall_add_ms(wall_now(), -LATE_CHANGED_MS));
}

enum db_status late_turn_full(struct db_conn *conn, const struct central_config *config)
{
	return turn(conn, config, WALL_NONE);
}

enum db_status late_count(struct db_conn *conn, int64_t *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(conn, "late_count", NULL, &result);
	if (status == DB_OK)
		*ret = db_int(result, 0, 0);
	return status;
}

static void clear_job(void *item)
{
	struct late_job *job = item;
	g_free(job->name);
	g_free(job->agent_name);
	g_free(job->reason);
}

static void read_job(const struct db_result *result, int i, void *ret)
{
	struct late_job *job = ret;
	*job = (struct late_job){ .name = g_strdup(db_text(result, i, 1)),
				  .agent_name = g_strdup(db_text_or_null(result, i, 3)),
				  .due_at = db_wall(result, i, 4),
				  .late_since = db_wall(result, i, 5),
				  .reason = g_strdup(db_text(result, i, 6)) };
	g_strlcpy(job->job_id, db_text(result, i, 0), sizeof job->job_id);
	g_strlcpy(job->agent_id, db_text(result, i, 2), sizeof job->agent_id);
}

static const struct db_list late_jobs = { sizeof(struct late_job), read_job, clear_job };

enum db_status late_list(struct db_conn *conn, const struct cursor *after, int limit, GArray **ret)
{
	struct db_params params = { 0 };
	bool continues = *after->id != '\0';
	db_param_wall(&params, continues ? after->at : WALL_NONE);
	db_param_text(&params, continues ? after->id : NULL);
	db_param_int(&params, limit);
	return db_run_list(conn, "late_list", &params, &late_jobs, ret);
}
