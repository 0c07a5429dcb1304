#include "central/rollup.h"

#include <string.h>

#include "central/copy_text.h"
#include "central/histogram.h"

struct cell_key {
	int64_t bucket; /* us since 1970 */
	struct fire_id job_id;
	enum rollup_grain grain;
};

struct cell {
	struct cell_key key;
	int64_t by_status[EXECUTION_STATUS_MAX_];
	int64_t started, attempts;
	int64_t duration_sum, duration_max, lateness_sum, lateness_max;
	int64_t duration[HISTOGRAM_BUCKETS], lateness[HISTOGRAM_BUCKETS];
};

struct rollup {
	GHashTable *cells; /* struct cell_key * (inside the cell) -> struct cell * */
	int shard;
};

static guint key_hash(const void *data)
{
	const struct cell_key *key = data;
	uint64_t high, low;
	memcpy(&high, key->job_id.bytes, 8);
	memcpy(&low, key->job_id.bytes + 8, 8);
	uint64_t hash =
		(high ^ low * 31 ^ (uint64_t)key->bucket ^ (uint64_t)key->grain << 61) * UINT64_C(0x9e3779b97f4a7c15);
	return (guint)(hash >> 32);
}

static gboolean key_equal(const void *a, const void *b)
{
	const struct cell_key *left = a, *right = b;
	return left->bucket == right->bucket && left->grain == right->grain &&
	       fire_id_equal(left->job_id, right->job_id);
}

struct rollup *rollup_new(const char *agent_id)
{
	struct rollup *rollup = g_new0(struct rollup, 1);
	rollup->cells = g_hash_table_new_full(key_hash, key_equal, NULL, g_free);
	rollup->shard = (int)(g_str_hash(agent_id) % ROLLUP_SHARDS);
	return rollup;
}

void rollup_free(struct rollup *rollup)
{
	if (rollup == NULL)
		return;
	g_hash_table_unref(rollup->cells);
	g_free(rollup);
}

static struct cell *cell_get(struct rollup *rollup, struct cell_key key)
{
	struct cell *cell = g_hash_table_lookup(rollup->cells, &key);
	if (cell == NULL) {
		cell = g_new0(struct cell, 1);
		cell->key = key;
		g_hash_table_insert(rollup->cells, &cell->key, cell);
	}
	return cell;
}

static void cell_count(struct cell *cell, const struct execution *execution)
{
	cell->by_status[execution->status] += execution->count;
	cell->attempts += execution->attempts;
	if (!wall_is_set(execution->started_at))
		return;
	cell->started++;
	cell->duration_sum += execution->duration_us;
	cell->duration_max = MAX(cell->duration_max, execution->duration_us);
	cell->lateness_sum += execution->lateness_us;
	cell->lateness_max = MAX(cell->lateness_max, execution->lateness_us);
	cell->duration[histogram_bucket(execution->duration_us)]++;
	cell->lateness[histogram_bucket(execution->lateness_us)]++;
}

void rollup_count(struct rollup *rollup, struct fire_id job_id, const struct execution *execution)
{
	static const struct {
		enum rollup_grain grain;
		int64_t seconds;
	} grains[] = {
		{ ROLLUP_MINUTE, 60 },
		{ ROLLUP_HOUR, 3600 },
		{ ROLLUP_DAY, 86400 },
	};
	const struct fire_id all_jobs = { { 0 } };
	for (size_t i = 0; i < G_N_ELEMENTS(grains); i++) {
		int64_t width = grains[i].seconds * US_PER_SECOND, at = execution->scheduled_at.us;
		struct cell_key key = { .bucket = at - at % width, .job_id = job_id, .grain = grains[i].grain };
		cell_count(cell_get(rollup, key), execution);
		key.job_id = all_jobs;
		cell_count(cell_get(rollup, key), execution);
	}
}

static void cell_copy(GString *out, const struct cell *cell, int shard)
{
	copy_int(out, cell->key.grain);
	copy_wall(out, (struct wall){ cell->key.bucket });
	copy_uuid(out, cell->key.job_id);
	copy_int(out, shard);
	for (int status = EXECUTION_SUCCESS; status < EXECUTION_STATUS_MAX_; status++)
		copy_int(out, cell->by_status[status]);
	copy_int(out, cell->started);
	copy_int(out, cell->attempts);
	copy_int(out, cell->duration_sum);
	copy_int(out, cell->duration_max);
	copy_int(out, cell->lateness_sum);
	copy_int(out, cell->lateness_max);
	copy_ints(out, cell->duration, HISTOGRAM_BUCKETS);
	copy_ints(out, cell->lateness, HISTOGRAM_BUCKETS);
	copy_end_row(out);
}

enum db_status rollup_write(struct rollup *rollup, struct db_conn *conn)
{
	g_autoptr(GString) text = g_string_sized_new(65536);
	GHashTableIter cells;
	void *cell;
	if (g_hash_table_size(rollup->cells) == 0)
		return DB_OK;
	g_hash_table_iter_init(&cells, rollup->cells);
	while (g_hash_table_iter_next(&cells, NULL, &cell))
		cell_copy(text, cell, rollup->shard);
	enum db_status status = db_copy_in(conn, "ingest_rollup_copy", text->str, text->len);
	if (status == DB_OK)
		status = db_run(conn, "ingest_rollup_add", NULL, NULL);
	return status;
}
