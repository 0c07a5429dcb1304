#include "central/commands.h"

#include <string.h>

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

enum db_status command_cancel(struct db_conn *conn, const char *job_id, const char *execution_id, const char *author,
			      int *ret_agents)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, job_id);
	db_param_text(&params, execution_id);
	db_param_text(&params, author);
	enum db_status status = db_run(conn, "command_cancel", &params, &result);
	if (status == DB_OK)
		*ret_agents = (int)db_affected(result);
	return status;
}

enum db_status command_follow(struct db_conn *conn)
{
	struct db_params params = { 0 };
	db_param_int(&params, COMMAND_MAX_AGE_SECONDS);
	return db_run(conn, "command_follow", &params, NULL);
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

enum { PENDING_ID, PENDING_TYPE, PENDING_JOB, PENDING_EXECUTION, PENDING_AUTHOR, PENDING_AGE };

static enum sync_command_type read_type(const char *name)
{
	if (strcmp(name, "cancel") == 0)
		return SYNC_COMMAND_CANCEL;
	return strcmp(name, "rotate") == 0 ? SYNC_COMMAND_ROTATE : SYNC_COMMAND_RUN;
}

static struct sync_command read_command(const struct db_result *result, int row)
{
	struct sync_command command = { .id = db_int(result, row, PENDING_ID),
					.type = read_type(db_text(result, row, PENDING_TYPE)) };
	g_strlcpy(command.job_id, db_text(result, row, PENDING_JOB), sizeof command.job_id);
	if (command.type != SYNC_COMMAND_CANCEL)
		return command;
	command.age_ms = db_int(result, row, PENDING_AGE);
	g_strlcpy(command.author, db_text(result, row, PENDING_AUTHOR), sizeof command.author);
	command.one = !db_is_null(result, row, PENDING_EXECUTION) &&
		      fire_id_parse(db_text(result, row, PENDING_EXECUTION), &command.execution_id);
	return command;
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
		struct sync_command command = read_command(result, i);
		g_array_append_val(ret_commands, command);
	}
	return DB_OK;
}
