#include "central/fold.h"

#include <stdatomic.h>

#include "central/copy_row.h"
#include "central/rollup.h"
#include "central/rounds.h"
#include "common/log.h"

struct fold {
	struct central *central;
	struct rounds *rounds;
	int64_t parts_max; /* in the next step; of the thread */
	atomic_int_least64_t count;
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

static enum db_status take_parts(struct db_conn *conn, int64_t max, struct rollup *rollup, int64_t *ret_taken)
{
	DB_RESULT_AUTO struct db_result *parts = NULL;
	struct db_params params = { 0 };
	db_param_int(&params, max);
	enum db_status status = db_run(conn, "fold_take", &params, &parts);
	if (status != DB_OK)
		return status;
	for (int row = 0; row < db_rows(parts); row++) {
		struct rollup_cell part = { .key = { .bucket_us = db_wall(parts, row, 0).us, .grain = ROLLUP_MINUTE } };
		fire_id_parse(db_text(parts, row, 1), &part.key.job_id);
		part.sums = rollup_read_sums(parts, row, 2, true);
		rollup_fold(rollup, &part);
	}
	*ret_taken = db_rows(parts);
	return DB_OK;
}

/* The transaction but for its end. */
static enum db_status fold_parts(struct db_conn *conn, int64_t max, int64_t *ret_folded)
{
	DB_RESULT_AUTO struct db_result *locked = NULL;
	int64_t taken = 0;
	enum db_status status = db_run_one(conn, "fold_lock", NULL, &locked);
	if (status != DB_OK || !db_bool(locked, 0, 0))
		return status;
	struct rollup *rollup = rollup_new();
	status = take_parts(conn, max, rollup, &taken);
	if (status == DB_OK && taken > 0)
		status = add_sums(conn, rollup);
	rollup_free(rollup);
	if (status == DB_OK)
		*ret_folded = taken;
	return status;
}

/* One transaction: *ret_folded = parts that were added up; 0 = none was there, or another instance is at it. */
static enum db_status step(struct db_conn *conn, int64_t max, int64_t *ret_folded)
{
	int64_t folded = 0;
	enum db_status status = db_begin(conn);
	if (status == DB_OK)
		status = fold_parts(conn, max, &folded);
	if (status == DB_OK)
		status = db_commit(conn);
	if (db_in_transaction(conn))
		db_rollback(conn);
	if (status == DB_OK)
		*ret_folded = folded;
	return status;
}

/* Until no full step is left. */
static void fold_all(struct rounds *rounds, void *context)
{
	struct fold *fold = context;
	DB_AUTO struct db_conn *conn = NULL;
	int64_t folded = fold->parts_max, total = 0;
	enum db_status status = db_acquire(fold->central->chores_pool, &conn);
	if (status != DB_OK)
		return;
	while (status == DB_OK && folded == fold->parts_max && !rounds_are_ending(rounds)) {
		status = step(conn, fold->parts_max, &folded);
		if (status == DB_OK)
			total += folded;
	}
	fold->parts_max = status == DB_OK ? FOLD_PARTS_MAX : MAX(fold->parts_max / 4, FOLD_PARTS_MIN);
	atomic_fetch_add(&fold->count, total);
	if (status == DB_OK && total >= FOLD_VACUUM_AFTER)
		status = db_run(conn, "fold_vacuum", NULL, NULL);
	if (status != DB_OK && status != DB_AWAY && status != DB_FULL && status != DB_UNCERTAIN)
		log_warning("sums could not be folded; trying again soon", "status", db_status_name(status), "reason",
			    db_message(conn), NULL);
}

struct fold *fold_start(struct central *central)
{
	struct fold *fold = g_new0(struct fold, 1);
	fold->central = central;
	fold->parts_max = FOLD_PARTS_MAX;
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
