#include "central/execution_view.h"

#include "central/json_values.h"

static json_t *timing_to_json(const struct attempt_timing *timing)
{
	const struct {
		const char *name;
		int64_t us;
	} members[] = {
		{ "dnsMs", timing->dns_us },	 { "connectMs", timing->connect_us },
		{ "tlsMs", timing->tls_us },	 { "firstByteMs", timing->first_byte_us },
		{ "totalMs", timing->total_us },
	};
	json_t *json = json_object();
	for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
		if (members[i].us >= 0)
			json_object_set_new(json, members[i].name, json_ms((double)members[i].us));
	return json;
}

json_t *execution_row_to_json(const struct execution_row *row)
{
	const struct execution *e = &row->execution;
	bool started = wall_is_set(e->started_at);
	char id[FIRE_ID_TEXT_SIZE];
	json_t *json = json_object();
	json_object_set_new(json, "executionId", json_string(fire_id_print(e->id, id)));
	json_object_set_new(json, "jobId", json_string(e->job_id));
	json_object_set_new(json, "jobName", json_text(row->job_name));
	json_object_set_new(json, "jobRevision", json_integer(e->job_revision));
	json_object_set_new(json, "agentId", json_string(row->agent_id));
	json_object_set_new(json, "agentName", json_text(row->agent_name));
	json_object_set_new(json, "cause", json_text(fire_cause_name(e->cause)));
	json_object_set_new(json, "scheduledAt", json_wall(e->scheduled_at));
	json_object_set_new(json, "startedAt", json_wall(e->started_at));
	json_object_set_new(json, "finishedAt", json_wall(e->finished_at));
	json_object_set_new(json, "durationMs", started ? json_ms((double)e->duration_us) : json_null());
	json_object_set_new(json, "latenessMs", started ? json_ms((double)e->lateness_us) : json_null());
	json_object_set_new(json, "status", json_text(execution_status_name(e->status)));
	json_object_set_new(json, "reason", json_text(e->reason));
	json_object_set_new(json, "attempts", json_integer(e->attempts));
	json_object_set_new(json, "httpStatus", e->http_status != 0 ? json_integer(e->http_status) : json_null());
	json_object_set_new(json, "error", json_text(e->error));
	json_object_set_new(json, "responseBody", json_text(e->response_body));
	json_object_set_new(json, "responseDigest", json_text(e->response_digest));
	json_object_set_new(json, "count", json_integer(e->count));
	json_object_set_new(json, "lastScheduledAt", json_wall(e->last_scheduled_at));
	json_object_set_new(json, "receivedAt", json_wall(row->received_at));
	json_object_set_new(json, "doubled", json_boolean(row->doubled));
	json_object_set_new(json, "timing", timing_to_json(&e->timing));
	return json;
}
