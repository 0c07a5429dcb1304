#include "central/commands.h"

enum db_status command_run(struct db_conn *conn, const char *job_id, const char *agent_id, int *ret_agents)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_text(&params, agent_id);
	enum db_status status = db_run(conn, "command_run", &params, &result);
	if (status == DB_OK)
		*ret_agents = (int)db_affected(result);
	return status;
}

enum db_status command_done(struct db_conn *conn, const char *agent_id, const int64_t *ids, int n)
{
	g_autoptr(GString) array = g_string_new(NULL);
	struct db_params params = { 0 };
	if (n == 0)
		return DB_OK;
	for (int i = 0; i < n; i++)
		db_array_append_int(array, ids[i]);
	db_param_text(&params, agent_id);
	db_param_text(&params, db_array_close(array));
	return db_run(conn, "command_done", &params, NULL);
}

enum db_status command_pending(struct db_conn *conn, const char *agent_id, GArray *ret_commands)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, agent_id);
	db_param_int(&params, COMMAND_MAX_AGE_SECONDS);
	db_param_int(&params, SYNC_COMMANDS_MAX);
	enum db_status status = db_run(conn, "command_pending", &params, &result);
	if (status != DB_OK)
		return status;
	for (int i = 0; i < db_rows(result); i++) {
		struct sync_command command = { .id = db_int(result, i, 0), .type = SYNC_COMMAND_RUN };
		g_strlcpy(command.job_id, db_text(result, i, 2), sizeof command.job_id);
		g_array_append_val(ret_commands, command);
	}
	return DB_OK;
}
