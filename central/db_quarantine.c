#include "central/db_quarantine.h"

static void clear_record(void *item)
{
	struct quarantine_record *record = item;
	g_free(record->agent_name);
	g_free(record->reason);
	g_free(record->record);
}

static void read_record(const struct db_result *result, int i, void *ret)
{
	struct quarantine_record *record = ret;
	*record = (struct quarantine_record){
		.place = { .at = db_wall(result, i, 0), .epoch = db_int(result, i, 3), .seq = db_int(result, i, 4) },
		.agent_name = g_strdup(db_text_or_null(result, i, 2)),
		.reason = g_strdup(db_text(result, i, 5)),
		.record = g_strdup(db_text(result, i, 6)),
	};
	g_strlcpy(record->place.agent_id, db_text(result, i, 1), sizeof record->place.agent_id);
}

static const struct db_list records = { sizeof(struct quarantine_record), read_record, clear_record };

enum db_status db_quarantine_list(struct db_conn *conn, const struct quarantine_place *before, int limit, GArray **ret)
{
	struct db_params params = { 0 };
	db_param_wall(&params, before->at);
	db_param_text(&params, wall_is_set(before->at) ? before->agent_id : NULL);
	db_param_int(&params, before->epoch);
	db_param_int(&params, before->seq);
	db_param_int(&params, limit);
	return db_run_list(conn, "quarantine_list", &params, &records, ret);
}
