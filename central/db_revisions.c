#include "central/db_revisions.h"

void job_revision_clear(struct job_revision *revision)
{
	g_clear_pointer(&revision->author, g_free);
	g_clear_pointer(&revision->action, g_free);
	g_clear_pointer(&revision->definition, g_free);
}

static void read_revision(const struct db_result *result, int row, void *ret)
{
	*(struct job_revision *)ret = (struct job_revision){ .revision = db_int(result, row, 0),
							     .at = db_wall(result, row, 1),
							     .author = g_strdup(db_text(result, row, 2)),
							     .action = g_strdup(db_text(result, row, 3)),
							     .definition = g_strdup(db_text_or_null(result, row, 4)) };
}

static void clear_revision(void *item)
{
	job_revision_clear(item);
}

enum db_status db_revision_list(struct db_conn *conn, const char *job_id, int64_t before, int limit, GArray **ret)
{
	static const struct db_list revisions = { sizeof(struct job_revision), read_revision, clear_revision };
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_int(&params, before);
	db_param_int(&params, limit);
	return db_run_list(conn, "revision_list", &params, &revisions, ret);
}

enum db_status db_revision_get(struct db_conn *conn, const char *job_id, int64_t revision, struct job_revision *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_int(&params, revision);
	enum db_status status = db_run_one(conn, "revision_get", &params, &result);
	if (status == DB_OK)
		read_revision(result, 0, ret);
	return status;
}
