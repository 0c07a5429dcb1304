#include "central/db_quarantine.h"

static void clear_record(struct quarantine_record *record)
{
	g_free(record->agent_name);
	g_free(record->reason);
	g_free(record->record);
}

enum db_status db_quarantine_list(struct db_conn *conn, const struct quarantine_place *before, int limit, GArray **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_wall(&params, before->at);
	db_param_text(&params, wall_is_set(before->at) ? before->agent_id : NULL);
	db_param_int(&params, before->epoch);
	db_param_int(&params, before->seq);
	db_param_int(&params, limit);
	enum db_status status = db_run(conn, "quarantine_list", &params, &result);
	if (status != DB_OK)
		return status;
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct quarantine_record));
	g_array_set_clear_func(list, (GDestroyNotify)clear_record);
	for (int i = 0; i < db_rows(result); i++) {
		struct quarantine_record record = {
			.place = { .at = db_wall(result, i, 0), .epoch = db_int(result, i, 3), .seq = db_int(result, i, 4) },
			.agent_name = g_strdup(db_text_or_null(result, i, 2)),
			.reason = g_strdup(db_text(result, i, 5)),
			.record = g_strdup(db_text(result, i, 6)),
		};
		g_strlcpy(record.place.agent_id, db_text(result, i, 1), sizeof record.place.agent_id);
		g_array_append_val(list, record);
	}
	*ret = list;
	return DB_OK;
}
