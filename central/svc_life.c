#include "central/svc_life.h"

enum db_status life_heard(struct db_conn *conn, const char *agent_id, const char *address, const struct sync_request *request,
			  struct life_verdict *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	*ret = (struct life_verdict){ 0 };
	if (*request->life == '\0')
		return DB_OK;
	db_param_text(&params, agent_id);
	db_param_text(&params, request->life);
	db_param_int(&params, request->lives);
	db_param_text(&params, address);
	db_param_int(&params, request->epoch);
	db_param_int(&params, request->first_seq);
	enum db_status status = db_run_one(conn, "life_heard", &params, &result);
	if (status == DB_OK)
		*ret = (struct life_verdict){ .is_copy = db_bool(result, 0, 0),
					      .lives = db_int(result, 0, 1),
					      .found_copies = db_bool(result, 0, 2) };
	return status;
}
