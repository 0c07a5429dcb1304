#include "central/api_fleet.h"

#include <stdlib.h>
#include <string.h>

#include "central/agent_view.h"
#include "central/api_agents.h"
#include "central/api_body.h"
#include "central/cursor.h"
#include "central/svc_agents.h"
#include "central/svc_fleet.h"

#define CURSOR_KIND 'b'

#define WEIGHT_MIN 0.001 /* of those that get jobs: the arithmetic of placement ends at its own limits otherwise */
#define WEIGHT_MAX 1000

/* The agent as it is now. */
static void reply_agent(const struct api_request *request, struct api_reply *reply, const char *agent_id)
{
	DB_AUTO struct db_conn *conn = NULL;
	json_t *json = NULL;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = agent_show(conn, agent_id, &json);
	if (status == DB_OK)
		api_reply_json(reply, 200, json);
	else
		problem_db(reply, status, "agent of this id");
}

/* The statement touched no row: there is no such agent, or it is in a state in which this cannot be done. */
static void refuse(const struct api_request *request, struct api_reply *reply, const char *agent_id)
{
	DB_AUTO struct db_conn *conn = NULL;
	struct agent_row *row = NULL;
	enum db_status status = db_acquire(request->pool, &conn);
	if (status == DB_OK)
		status = agent_get(conn, agent_id, &row);
	if (status != DB_OK)
		problem_db(reply, status, "agent of this id");
	else if (wall_is_set(row->revoked_at))
		problem_reply(reply, 409, NULL, NULL,
			      "this agent is revoked, and nothing can be done with it but to forget it; its host can be enrolled anew");
	else
		problem_reply(reply, 409, NULL, NULL,
			      "only an agent that is revoked or silent can be forgotten, and this one is %s; revoke it first",
			      strcmp(row->state, "never") == 0 ? "new" : row->state);
	agent_row_free(row);
}

static void act(const struct api_request *request, struct api_reply *reply, enum fleet_action action)
{
	struct author author = api_author(request);
	const char *agent_id = api_query_none(request, reply) ? api_agent_id(request, reply) : NULL;
	if (agent_id == NULL || !api_body_none(request, reply))
		return;
	enum db_status status = fleet_act(request->pool, &author, action, agent_id);
	if (status == DB_OK)
		reply_agent(request, reply, agent_id);
	else if (status == DB_NOT_FOUND)
		refuse(request, reply, agent_id);
	else
		problem_db(reply, status, "agent");
}

void api_agent_drain(const struct api_request *request, struct api_reply *reply)
{
	act(request, reply, FLEET_DRAIN);
}

void api_agent_undrain(const struct api_request *request, struct api_reply *reply)
{
	act(request, reply, FLEET_UNDRAIN);
}

void api_agent_revoke(const struct api_request *request, struct api_reply *reply)
{
	act(request, reply, FLEET_REVOKE);
}

void api_agent_rotate_order(const struct api_request *request, struct api_reply *reply)
{
	act(request, reply, FLEET_ROTATE);
}

void api_agent_forget(const struct api_request *request, struct api_reply *reply)
{
	act(request, reply, FLEET_FORGET);
}

void api_fleet_rebalance(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "cursor", NULL };
	struct author author = api_author(request);
	struct cursor cursor = { .at = WALL_NONE, .id = "" };
	g_autofree char *next = NULL;
	int64_t moves = 0;
	bool more = false;
	if (!api_query_only(request, reply, parameters) || !api_query_cursor(request, reply, CURSOR_KIND, &cursor) ||
	    !api_body_none(request, reply))
		return;
	enum db_status status = fleet_rebalance(request->pool, &author, cursor.id, &more, &moves);
	if (more)
		next = cursor_encode(CURSOR_KIND, &cursor);
	if (status == DB_OK)
		api_reply_json(reply, 200, json_pack("{s:I, s:s?}", "changes", (json_int_t)moves, "nextCursor", next));
	else
		problem_db(reply, status, "rebalance");
}

static bool read_weight(const json_t *body, struct api_reply *reply, double *ret)
{
	const json_t *weight = json_object_get(body, "weight");
	if (weight == NULL)
		return true;
	*ret = json_number_value(weight);
	if (json_is_number(weight) && (*ret == 0 || (*ret >= WEIGHT_MIN && *ret <= WEIGHT_MAX)))
		return true;
	problem_reply(reply, 400, NULL, "/weight", "weight: 0 (gets no jobs) or a number from %g to %d is needed", WEIGHT_MIN,
		      WEIGHT_MAX);
	return false;
}

/* *ret_labels is to be freed. */
static bool read_change(const json_t *body, struct api_reply *reply, struct agent_change *ret, char **ret_labels)
{
	if (!read_weight(body, reply, &ret->weight) || !api_body_labels(body, reply, ret_labels))
		return false;
	ret->labels = *ret_labels;
	if (json_object_get(body, "name") == NULL)
		return true;
	ret->name = api_body_line(body, reply, "name", AGENT_NAME_MAX);
	return ret->name != NULL;
}

void api_agent_patch(const struct api_request *request, struct api_reply *reply)
{
	static const char *const members[] = { "labels", "weight", "name", NULL };
	struct author author = api_author(request);
	struct agent_change change = { .weight = -1 };
	char *labels = NULL;
	const char *agent_id = api_agent_id(request, reply);
	json_t *body = agent_id != NULL ? api_body_object(request, reply, members, false) : NULL;
	if (body != NULL && read_change(body, reply, &change, &labels)) {
		bool is_taken = false;
		enum db_status status = fleet_edit(request->pool, &author, agent_id, &change, &is_taken);
		if (status == DB_OK)
			reply_agent(request, reply, agent_id);
		else if (status == DB_NOT_FOUND)
			refuse(request, reply, agent_id);
		else if (is_taken)
			problem_reply(reply, 409, NULL, "/name", "another agent is called \"%s\"; choose another name", change.name);
		else
			problem_db(reply, status, "the agent");
	}
	free(labels);
	json_decref(body);
}
