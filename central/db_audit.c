#include "central/db_audit.h"

enum db_status db_audit(struct db_conn *conn, const struct author *author, const char *action, const char *object,
			const char *before, const char *after)
{
	struct db_params params = { 0 };
	db_param_text(&params, author->name);
	db_param_text(&params, action);
	db_param_text(&params, object);
	db_param_text(&params, before);
	db_param_text(&params, after);
	db_param_text(&params, author->request_id);
	return db_run(conn, "audit_insert", &params, NULL);
}

enum db_status db_audit_list(struct db_conn *conn, const struct audit_filter *filter, struct db_result **ret)
{
	struct db_params params = { 0 };
	db_param_int(&params, filter->before_id);
	db_param_text(&params, filter->actor);
	db_param_text(&params, filter->action);
	db_param_text(&params, filter->object);
	db_param_wall(&params, filter->from);
	db_param_wall(&params, filter->to);
	db_param_int(&params, filter->limit + 1);
	db_param_int(&params, AUDIT_LIST_BYTES_MAX);
	return db_run(conn, "audit_list", &params, ret);
}
