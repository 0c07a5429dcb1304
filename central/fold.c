#include "central/fold.h"

#include <stdatomic.h>
#include <string.h>

#include "central/copy_row.h"
#include "central/rollup.h"
#include "central/rounds.h"
#include "common/log.h"

struct fold {
	struct central *central;
	struct rounds *rounds;
	atomic_int_least64_t count;
};

/*
 * A round goes through the parts in the order of jobs, so that all of one job end in the same few rows, which are written
 * once. What comes meanwhile for a job that is behind is the next round's.
 */
struct walk {
	struct fire_id job_id; /* parts of jobs before this one are folded */
	int64_t folded;        /* parts, by the last step; 0 = none was there, or another instance is at it */
};

static void copy_sum(const struct rollup_cell *cell, void *data)
{
	const struct rollup_sums *sums = &cell->sums;
	GString *out = data;
	copy_row(out, 18);
	copy_int2(out, cell->key.grain);
	copy_wall(out, (struct wall){ cell->key.bucket_us });
	copy_uuid(out, cell->key.job_id);
	copy_int2(out, 0);
	for (int status = EXECUTION_SUCCESS; status < EXECUTION_STATUS_MAX_; status++)
		copy_int8(out, sums->by_status[status]);
	copy_int8(out, sums->started);
	copy_int8(out, sums->attempts);
	copy_int8(out, sums->duration_sum_us);
	copy_int8(out, sums->duration_max_us);
	copy_int8(out, sums->lateness_sum_us);
	copy_int8(out, sums->lateness_max_us);
	copy_int8_array(out, sums->duration, HISTOGRAM_BUCKETS);
	copy_int8_array(out, sums->lateness, HISTOGRAM_BUCKETS);
}

static enum db_status add_sums(struct db_conn *conn, const struct rollup *rollup)
{
	g_autoptr(GString) rows = g_string_sized_new(1 << 20);
	copy_begin(rows);
	rollup_each(rollup, copy_sum, rows);
	copy_end(rows);
	enum db_status status = db_run(conn, "fold_stage_make", NULL, NULL);
	if (status == DB_OK)
		status = db_copy_in(conn, "fold_copy", rows->str, rows->len);
	if (status == DB_OK)
		status = db_run(conn, "fold_add", NULL, NULL);
	return status;
}

static enum db_status take_parts(struct db_conn *conn, int64_t max, struct rollup *rollup, struct walk *walk)
{
	DB_RESULT_AUTO struct db_result *parts = NULL;
	struct db_params params = { 0 };
	char from[FIRE_ID_TEXT_SIZE];
	db_param_int(&params, max);
	db_param_text(&params, fire_id_print(walk->job_id, from));
	enum db_status status = db_run(conn, "fold_take", &params, &parts);
	if (status != DB_OK)
		return status;
	for (int row = 0; row < db_rows(parts); row++) {
		struct rollup_cell part = { .key = { .bucket_us = db_wall(parts, row, 0).us, .grain = ROLLUP_MINUTE } };
		fire_id_parse(db_text(parts, row, 1), &part.key.job_id);
		part.sums = rollup_read_sums(parts, row, 2, true);
		rollup_fold(rollup, &part);
		if (memcmp(part.key.job_id.bytes, walk->job_id.bytes, sizeof part.key.job_id.bytes) > 0)
			walk->job_id = part.key.job_id;
	}
	walk->folded = db_rows(parts);
	return DB_OK;
}

/* The transaction but for its end. */
static enum db_status fold_parts(struct db_conn *conn, int64_t max, struct walk *walk)
{
	DB_RESULT_AUTO struct db_result *locked = NULL;
	enum db_status status = db_run_one(conn, "fold_lock", NULL, &locked);
	if (status != DB_OK || !db_bool(locked, 0, 0))
		return status;
	struct rollup *rollup = rollup_new();
	status = take_parts(conn, max, rollup, walk);
	if (status == DB_OK && walk->folded > 0)
		status = add_sums(conn, rollup);
	rollup_free(rollup);
	return status;
}

/* One transaction; only when it is committed does the walk go on. */
static enum db_status step(struct db_conn *conn, int64_t max, struct walk *walk)
{
	struct walk next = { .job_id = walk->job_id };
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = fold_parts(conn, max, &next);
	if (status == DB_OK)
		status = db_commit(conn);
	if (db_in_transaction(conn))
		db_rollback(conn);
	if (status == DB_OK)
		*walk = next;
	return status;
}

/* Until no full step is left. */
static enum db_status fold_steps(struct rounds *rounds, struct db_conn *conn, int64_t max, int64_t *total)
{
	struct walk walk = { .folded = max };
	enum db_status status = DB_OK;
	while (status == DB_OK && walk.folded == max && !rounds_are_ending(rounds)) {
		status = step(conn, max, &walk);
		if (status == DB_OK)
			*total += walk.folded;
	}
	return status;
}

/* Of the step itself, so that a smaller one may succeed; of a slow server it is the statement timeout. */
static bool is_fault(enum db_status status)
{
	return status != DB_OK && status != DB_AWAY && status != DB_FULL && status != DB_UNCERTAIN;
}

static void fold_all(struct rounds *rounds, void *context)
{
	struct fold *fold = context;
	DB_AUTO struct db_conn *conn = NULL;
	int64_t max = FOLD_PARTS_MAX, total = 0;
	enum db_status status = db_acquire(fold->central->chores_pool, &conn);
	if (status != DB_OK)
		return;
	status = fold_steps(rounds, conn, max, &total);
	while (is_fault(status)) {
		log_warning("sums could not be folded; trying again in smaller steps", "status", db_status_name(status),
			    "reason", db_message(conn), NULL);
		if (max == FOLD_PARTS_MIN)
			break;
		max = MAX(max / 4, FOLD_PARTS_MIN);
		status = fold_steps(rounds, conn, max, &total);
	}
	atomic_fetch_add(&fold->count, total);
	/* When it fails autovacuum is there, later. */
	if (status == DB_OK && total >= FOLD_VACUUM_AFTER)
		db_run(conn, "fold_vacuum", NULL, NULL);
}

struct fold *fold_start(struct central *central)
{
	struct fold *fold = g_new0(struct fold, 1);
	fold->central = central;
	fold->rounds = rounds_start("fold", FOLD_ROUND_MS, &central->ready, fold_all, fold);
	return fold;
}

void fold_stop(struct fold *fold)
{
	if (fold == NULL)
		return;
	rounds_stop(fold->rounds);
	g_free(fold);
}

int64_t fold_count(struct fold *fold)
{
	return fold != NULL ? atomic_load(&fold->count) : 0;
}
