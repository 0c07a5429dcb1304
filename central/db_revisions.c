#include "central/db_revisions.h"

void job_revision_clear(struct job_revision *revision)
{
	g_clear_pointer(&revision->author, g_free);
	g_clear_pointer(&revision->action, g_free);
	g_clear_pointer(&revision->definition, g_free);
}

static struct job_revision read_revision(const struct db_result *result, int row)
{
	return (struct job_revision){ .revision = db_int(result, row, 0),
				      .at = db_wall(result, row, 1),
				      .author = g_strdup(db_text(result, row, 2)),
				      .action = g_strdup(db_text(result, row, 3)),
				      .definition = g_strdup(db_text_or_null(result, row, 4)) };
}

enum db_status db_revision_list(struct db_conn *conn, const char *job_id, int64_t before, int limit, GArray **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_int(&params, before);
	db_param_int(&params, limit);
	enum db_status status = db_run(conn, "revision_list", &params, &result);
	if (status != DB_OK)
		return status;
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct job_revision));
	g_array_set_clear_func(list, (GDestroyNotify)job_revision_clear);
	for (int i = 0; i < db_rows(result); i++) {
		struct job_revision revision = read_revision(result, i);
		g_array_append_val(list, revision);
	}
	*ret = list;
	return DB_OK;
}

enum db_status db_revision_get(struct db_conn *conn, const char *job_id, int64_t revision, struct job_revision *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_int(&params, revision);
	enum db_status status = db_run_one(conn, "revision_get", &params, &result);
	if (status == DB_OK)
		*ret = read_revision(result, 0);
	return status;
}
