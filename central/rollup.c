#include "central/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "central/copy_row.h"

#define SUM_MAX ((INT64_C(1) << 62) - 1)

struct rollup {
	GHashTable *cells; /* struct rollup_key * (inside the cell) -> struct rollup_cell * */
};

static guint key_hash(const void *data)
{
	const struct rollup_key *key = data;
	uint64_t high, low;
	memcpy(&high, key->job_id.bytes, 8);
	memcpy(&low, key->job_id.bytes + 8, 8);
	uint64_t hash = (high ^ low * 31 ^ (uint64_t)key->bucket_us ^ (uint64_t)key->grain << 61) *
			UINT64_C(0x9e3779b97f4a7c15);
	return (guint)(hash >> 32);
}

static gboolean key_equal(const void *a, const void *b)
{
	const struct rollup_key *left = a, *right = b;
	return left->bucket_us == right->bucket_us && left->grain == right->grain &&
	       fire_id_equal(left->job_id, right->job_id);
}

struct rollup *rollup_new(void)
{
	struct rollup *rollup = g_new0(struct rollup, 1);
	rollup->cells = g_hash_table_new_full(key_hash, key_equal, NULL, g_free);
	return rollup;
}

void rollup_free(struct rollup *rollup)
{
	if (rollup == NULL)
		return;
	g_hash_table_unref(rollup->cells);
	g_free(rollup);
}

static struct rollup_cell *cell_get(struct rollup *rollup, struct rollup_key key)
{
	struct rollup_cell *cell = g_hash_table_lookup(rollup->cells, &key);
	if (cell == NULL) {
		cell = g_new0(struct rollup_cell, 1);
		cell->key = key;
		g_hash_table_insert(rollup->cells, &cell->key, cell);
	}
	return cell;
}

static int64_t floor_to(int64_t us, int64_t seconds)
{
	int64_t width = seconds * US_PER_SECOND, rest = us % width;
	return us - (rest < 0 ? rest + width : rest);
}

/* As sum_add() of sql/central/definitions/sums.sql: two sums can always be added. */
static void add(int64_t *sum, int64_t more)
{
	*sum = CLAMP(*sum + more, -SUM_MAX, SUM_MAX);
}

static void count_one(struct rollup_sums *sums, const struct execution *execution)
{
	add(&sums->by_status[execution->status], execution->count);
	sums->attempts += execution->attempts;
	if (!wall_is_set(execution->started_at))
		return;
	sums->started++;
	add(&sums->duration_sum_us, execution->duration_us);
	sums->duration_max_us = MAX(sums->duration_max_us, execution->duration_us);
	add(&sums->lateness_sum_us, execution->lateness_us);
	sums->lateness_max_us = MAX(sums->lateness_max_us, execution->lateness_us);
	sums->duration[histogram_bucket(execution->duration_us)]++;
	sums->lateness[histogram_bucket(execution->lateness_us)]++;
}

void rollup_count(struct rollup *rollup, struct fire_id job_id, const struct execution *execution)
{
	struct rollup_key key = { .bucket_us = floor_to(execution->scheduled_at.us, 60), .grain = ROLLUP_MINUTE };
	count_one(&cell_get(rollup, key)->sums, execution);
	key.job_id = job_id;
	count_one(&cell_get(rollup, key)->sums, execution);
}

void rollup_sums_add(struct rollup_sums *sums, const struct rollup_sums *more)
{
	for (int status = 0; status < EXECUTION_STATUS_MAX_; status++)
		add(&sums->by_status[status], more->by_status[status]);
	sums->started += more->started;
	sums->attempts += more->attempts;
	add(&sums->duration_sum_us, more->duration_sum_us);
	sums->duration_max_us = MAX(sums->duration_max_us, more->duration_max_us);
	add(&sums->lateness_sum_us, more->lateness_sum_us);
	sums->lateness_max_us = MAX(sums->lateness_max_us, more->lateness_max_us);
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		sums->duration[i] += more->duration[i];
		sums->lateness[i] += more->lateness[i];
	}
}

void rollup_fold(struct rollup *rollup, const struct rollup_cell *part)
{
	static const int64_t seconds[] = { [ROLLUP_MINUTE] = 60, [ROLLUP_HOUR] = 3600, [ROLLUP_DAY] = 86400 };
	for (enum rollup_grain grain = ROLLUP_MINUTE; grain <= ROLLUP_DAY; grain++) {
		struct rollup_key key = { floor_to(part->key.bucket_us, seconds[grain]), part->key.job_id, grain };
		rollup_sums_add(&cell_get(rollup, key)->sums, &part->sums);
	}
}

static int key_order(const void *a, const void *b)
{
	const struct rollup_key *left = *(const struct rollup_key *const *)a, *right = *(const struct rollup_key *const *)b;
	if (left->grain != right->grain)
		return left->grain < right->grain ? -1 : 1;
	if (left->bucket_us != right->bucket_us)
		return left->bucket_us < right->bucket_us ? -1 : 1;
	return memcmp(left->job_id.bytes, right->job_id.bytes, sizeof left->job_id.bytes);
}

void rollup_each(const struct rollup *rollup, rollup_visit visit, void *data)
{
	guint n;
	g_autofree void **keys = g_hash_table_get_keys_as_array(rollup->cells, &n);
	qsort(keys, n, sizeof *keys, key_order);
	for (guint i = 0; i < n; i++)
		visit(keys[i], data); /* its key is the begin of a cell */
}

void rollup_read_histogram(const struct db_result *rows, int row, int column, bool pairs,
			   int64_t counts[static HISTOGRAM_BUCKETS])
{
	int64_t values[2 * HISTOGRAM_BUCKETS];
	int n = db_int_array(rows, row, column, values, 2 * HISTOGRAM_BUCKETS);
	for (int i = 0; !pairs && i < MIN(n, HISTOGRAM_BUCKETS); i++)
		counts[i] += values[i];
	for (int i = 0; pairs && i + 1 < MIN(n, 2 * HISTOGRAM_BUCKETS); i += 2)
		if (values[i] >= 0 && values[i] < HISTOGRAM_BUCKETS)
			counts[values[i]] += values[i + 1];
}

struct rollup_sums rollup_read_sums(const struct db_result *rows, int row, int column, bool pairs)
{
	struct rollup_sums sums = { 0 };
	for (int status = EXECUTION_SUCCESS; status < EXECUTION_STATUS_MAX_; status++)
		sums.by_status[status] = db_int(rows, row, column++);
	sums.started = db_int(rows, row, column++);
	sums.attempts = db_int(rows, row, column++);
	sums.duration_sum_us = db_int(rows, row, column++);
	sums.duration_max_us = db_int(rows, row, column++);
	sums.lateness_sum_us = db_int(rows, row, column++);
	sums.lateness_max_us = db_int(rows, row, column++);
	rollup_read_histogram(rows, row, column++, pairs, sums.duration);
	rollup_read_histogram(rows, row, column, pairs, sums.lateness);
	return sums;
}

/* {bucket, count, bucket, count ...} of those that counted something. */
static void copy_pairs(GString *out, const int64_t counts[static HISTOGRAM_BUCKETS])
{
	int64_t pairs[2 * HISTOGRAM_BUCKETS];
	int n = 0;
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (counts[i] == 0)
			continue;
		pairs[n++] = i;
		pairs[n++] = counts[i];
	}
	copy_int4_array(out, pairs, n);
}

static void copy_part(const struct rollup_cell *cell, void *data)
{
	const struct rollup_sums *sums = &cell->sums;
	GString *out = data;
	copy_row(out, 16);
	copy_wall(out, (struct wall){ cell->key.bucket_us });
	copy_uuid(out, cell->key.job_id);
	for (int status = EXECUTION_SUCCESS; status < EXECUTION_STATUS_MAX_; status++) {
		if (status == EXECUTION_MISSED)
			copy_int8(out, sums->by_status[status]);
		else
			copy_int4(out, sums->by_status[status]);
	}
	copy_int4(out, sums->started);
	copy_int8(out, sums->attempts);
	copy_int8(out, sums->duration_sum_us);
	copy_int8(out, sums->duration_max_us);
	copy_int8(out, sums->lateness_sum_us);
	copy_int8(out, sums->lateness_max_us);
	copy_pairs(out, sums->duration);
	copy_pairs(out, sums->lateness);
}

enum db_status rollup_write_parts(const struct rollup *rollup, struct db_conn *conn)
{
	g_autoptr(GString) rows = g_string_sized_new(g_hash_table_size(rollup->cells) * 256 + 64);
	if (g_hash_table_size(rollup->cells) == 0)
		return DB_OK;
	copy_begin(rows);
	rollup_each(rollup, copy_part, rows);
	copy_end(rows);
	return db_copy_in(conn, "ingest_part_copy", rows->str, rows->len);
}
