#include "central/agent_view.h"

#include <math.h>
#include <string.h>

#include "central/json_values.h"

static json_t *weight_to_json(double weight)
{
	return floor(weight) == weight ? json_integer((json_int_t)weight) : json_real(weight);
}

/* "at revision 41, central at 44, since": how much of its set the agent has not applied yet. */
static json_t *behind_to_json(const struct agent_row *row)
{
	if (row->behind == 0)
		return json_null();
	json_t *json = json_object();
	json_set_int(json, "revisions", row->behind);
	json_set_wall(json, "since", row->behind_since);
	return json;
}

static json_t *copies_to_json(const struct agent_row *row)
{
	if (row->copies == 0)
		return json_null();
	json_t *json = json_object();
	json_set_int(json, "count", row->copies);
	json_set_text(json, "address", row->copy_address);
	return json;
}

static json_t *handover_to_json(const struct agent_row *row)
{
	if (!row->drains)
		return json_null();
	json_t *json = json_object();
	json_set_wall(json, "until", row->handover.until);
	json_set_int(json, "kept", row->handover.kept);
	json_set_int(json, "bound", row->handover.bound);
	return json;
}

json_t *agent_to_json(const struct agent_row *row)
{
	json_t *json = json_object();
	json_set_text(json, "agentId", row->agent_id);
	json_set_text(json, "name", row->name);
	json_set_text(json, "state", row->state);
	json_set_text(json, "hostname", row->hostname);
	json_set_text(json, "version", row->version);
	json_set_text(json, "tzdata", row->tzdata);
	json_set_wall(json, "enrolledAt", row->enrolled_at);
	json_set_wall(json, "revokedAt", row->revoked_at);
	json_set_wall(json, "lastSeenAt", row->last_seen_at);
	json_set_wall(json, "nextFireAt", row->next_fire_at);
	json_set_wall(json, "oldestUnsentAt", row->oldest_unsent_at);
	json_set_int(json, "outboxDepth", row->outbox_depth);
	json_object_set_new(json, "outboxMax", row->outbox_max > 0 ? json_integer(row->outbox_max) : json_null());
	json_object_set_new(json, "outboxFull", json_boolean(row->outbox_full));
	json_set_int(json, "jobs", row->jobs);
	json_set_int(json, "running", row->running);
	json_set_int(json, "clockSkewMs", row->clock_skew_ms);
	json_set_int(json, "jobSetRevision", row->set_revision);
	json_set_int(json, "appliedRevision", row->jobs_revision);
	json_t *labels = json_loads(row->labels, 0, NULL);
	json_object_set_new(json, "labels", labels != NULL ? labels : json_object());
	json_object_set_new(json, "weight", weight_to_json(row->weight));
	json_object_set_new(json, "draining", json_boolean(wall_is_set(row->draining_at)));
	json_object_set_new(json, "handover", handover_to_json(row));
	json_set_wall(json, "unknownSince", strcmp(row->state, "offline") == 0 ? row->last_seen_at : WALL_NONE);
	json_object_set_new(json, "behind", behind_to_json(row));
	json_object_set_new(json, "copies", copies_to_json(row));
	json_set_wall(json, "keyRotatedAt", row->key_rotated_at);
	json_set_wall(json, "keyRotationOrderedAt", row->rotation_ordered_at);
	return json;
}

enum db_status agent_show(struct db_conn *conn, const char *agent_id, json_t **ret)
{
	struct agent_row *row = NULL;
	enum db_status status = agent_get(conn, agent_id, &row);
	if (status == DB_OK)
		*ret = agent_to_json(row);
	agent_row_free(row);
	return status;
}
