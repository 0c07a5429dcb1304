#include "central/db_job_list.h"

#include <string.h>

#define US_PER_HOUR (3600 * US_PER_SECOND)
#define DURATION_HOURS 24

static const char *sort_name(enum job_sort sort)
{
	static const char *const names[] = { "createdAt", "name", "updatedAt", "lastAt" };
	return names[sort];
}

static void add_flag(struct db_params *params, int flag)
{
	if (flag < 0)
		db_param_null(params);
	else
		db_param_bool(params, flag != 0);
}

/* $1 to $13 of job_page. `statuses` holds the text of its array. */
static void add_filter(struct db_params *params, const struct job_filter *filter, GString *statuses)
{
	for (int status = 1; status < EXECUTION_STATUS_MAX_; status++)
		if (filter->last_statuses & 1u << status)
			db_array_append_int(statuses, status);
	db_param_text(params, filter->part);
	add_flag(params, filter->active);
	db_param_text(params, filter->type);
	db_param_text(params, filter->agent_id);
	db_param_text(params, filter->last_statuses != 0 ? db_array_close(statuses) : NULL);
	add_flag(params, filter->late > 0 ? 1 : -1);
	db_param_text(params, sort_name(filter->sort));
	db_param_bool(params, filter->descending);
	/* Jobs that never ran come before all others. */
	if (filter->sort == JOB_BY_LATEST && !wall_is_set(filter->after.at))
		db_param_text(params, "-infinity");
	else
		db_param_wall(params, filter->after.at);
	db_param_text(params, *filter->after.id != '\0' ? filter->after.id : NULL);
	db_param_int(params, filter->limit);
	add_flag(params, filter->held);
	add_flag(params, filter->unknown > 0 ? 1 : -1);
}

static void clear_listed(struct job_listed *listed)
{
	job_row_clear(&listed->row);
	g_clear_pointer(&listed->latest_reason, g_free);
}

static struct job_listed read_listed(const struct db_result *result, int i)
{
	struct job_listed listed = {
		.row = db_job_read_row(result, i),
		.sort_at = db_wall(result, i, 7),
		.latest_at = db_wall(result, i, 9),
		.latest_status = (enum execution_status)db_int(result, i, 10),
		.latest_duration_us = db_is_null(result, i, 11) ? -1 : db_int(result, i, 11),
		.latest_reason = g_strdup(db_text_or_null(result, i, 12)),
		.late_since = db_wall(result, i, 14),
		.held = db_bool(result, i, 15),
		.unknown_since = db_wall(result, i, 16),
	};
	g_strlcpy(listed.latest_id, db_text(result, i, 8), sizeof listed.latest_id);
	listed.n_recent = MIN(db_int_array(result, i, 13, listed.recent, JOB_RECENT_MAX), JOB_RECENT_MAX);
	return listed;
}

/* Rows of one job stand together: the key of rollup has the job before the shard, but the hour before the job. */
static void add_durations(GArray *list, const struct db_result *result)
{
	g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < list->len; i++) {
		struct job_listed *listed = &g_array_index(list, struct job_listed, i);
		g_hash_table_insert(by_id, listed->row.job_id, listed);
	}
	for (int i = 0; i < db_rows(result); i++) {
		struct job_listed *listed = g_hash_table_lookup(by_id, db_text(result, i, 0));
		int64_t counts[HISTOGRAM_BUCKETS] = { 0 };
		if (listed == NULL)
			continue;
		rollup_read_histogram(result, i, 3, db_bool(result, i, 2), counts);
		listed->duration_max_us = MAX(listed->duration_max_us, db_int(result, i, 1));
		for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
			listed->durations[bucket] += counts[bucket];
			listed->started += counts[bucket];
		}
	}
}

static enum db_status read_durations(struct db_conn *conn, GArray *list, struct wall now)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	g_autoptr(GString) ids = g_string_new(NULL);
	struct db_params params = { 0 };
	struct wall to = { now.us - now.us % US_PER_HOUR };
	if (list->len == 0)
		return DB_OK;
	for (guint i = 0; i < list->len; i++)
		db_array_append(ids, g_array_index(list, struct job_listed, i).row.job_id);
	db_param_text(&params, db_array_close(ids));
	db_param_wall(&params, wall_add_us(to, -DURATION_HOURS * US_PER_HOUR));
	db_param_wall(&params, to);
	enum db_status status = db_run(conn, "job_list_durations", &params, &result);
	if (status == DB_OK)
		add_durations(list, result);
	return status;
}

enum db_status db_job_list(struct db_conn *conn, const struct job_filter *filter, struct wall now, GArray **ret,
			   int64_t *ret_found)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	g_autoptr(GString) statuses = g_string_new(NULL);
	struct db_params params = { 0 };
	add_filter(&params, filter, statuses);
	db_param_int(&params, JOB_LIST_BYTES_MAX);
	enum db_status status = db_run(conn, "job_list", &params, &result);
	if (status != DB_OK)
		return status;
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct job_listed));
	g_array_set_clear_func(list, (GDestroyNotify)clear_listed);
	for (int i = 0; i < db_rows(result); i++) {
		struct job_listed listed = read_listed(result, i);
		g_array_append_val(list, listed);
	}
	status = read_durations(conn, list, now);
	if (status == DB_OK) {
		*ret_found = db_rows(result) > 0 ? db_int(result, 0, 17) : 0;
		*ret = g_steal_pointer(&list);
	}
	return status;
}

enum db_status db_job_ids(struct db_conn *conn, const struct job_filter *filter, GPtrArray **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	g_autoptr(GString) statuses = g_string_new(NULL);
	struct db_params params = { 0 };
	add_filter(&params, filter, statuses);
	enum db_status status = db_run(conn, "job_page", &params, &result);
	if (status != DB_OK)
		return status;
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	for (int i = 0; i < db_rows(result); i++)
		g_ptr_array_add(ids, g_strdup(db_text(result, i, 0)));
	*ret = ids;
	return DB_OK;
}
