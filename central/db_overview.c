#include "central/db_overview.h"

#include "central/late_rule.h"
#include "common/job_due.h"

enum db_status db_overview_counts(struct db_conn *conn, struct overview_counts *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(conn, "overview_counts", NULL, &result);
	if (status == DB_OK)
		*ret = (struct overview_counts){ db_int(result, 0, 0), db_int(result, 0, 1), db_int(result, 0, 2),
						 db_int(result, 0, 3), db_int(result, 0, 4), db_int(result, 0, 5),
						 db_int(result, 0, 6), db_int(result, 0, 7), db_int(result, 0, 8),
						 db_int(result, 0, 9) };
	return status;
}

static void clear_fire(struct overview_fire *fire)
{
	g_free(fire->name);
}

static int compare_fires(const struct overview_fire *a, const struct overview_fire *b)
{
	int64_t apart = wall_diff_us(a->at, b->at);
	return apart != 0 ? (apart > 0) - (apart < 0) : g_strcmp0(a->job_id, b->job_id);
}

static void add_fire(GArray *fires, const struct db_result *result, int row, struct wall now)
{
	const char *job_id = db_text(result, row, 0);
	struct job *job = job_parse_stored(db_text(result, row, 2), job_id, db_int(result, row, 1));
	struct overview_fire fire = { 0 };
	if (job != NULL &&
	    job_next_due(job, late_anchor(job, db_wall(result, row, 3), db_wall(result, row, 4)), now, &fire.at)) {
		g_strlcpy(fire.job_id, job_id, sizeof fire.job_id);
		fire.name = g_strdup(job->name);
		g_array_append_val(fires, fire);
	}
	job_unref(job);
}

enum db_status db_overview_fires(struct db_conn *conn, struct wall now, GArray **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_int(&params, OVERVIEW_SOON_MAX);
	enum db_status status = db_run(conn, "overview_soon", &params, &result);
	if (status != DB_OK)
		return status;
	GArray *fires = g_array_new(FALSE, FALSE, sizeof(struct overview_fire));
	g_array_set_clear_func(fires, (GDestroyNotify)clear_fire);
	for (int row = 0; row < db_rows(result); row++)
		add_fire(fires, result, row, now);
	g_array_sort(fires, (GCompareFunc)compare_fires);
	if (fires->len > OVERVIEW_FIRES)
		g_array_set_size(fires, OVERVIEW_FIRES);
	*ret = fires;
	return DB_OK;
}
