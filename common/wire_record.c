/* Records of the outbox: executions and events. Written on the agent's hot path, read with suspicion at central. */
#include "common/wire.h"

#include <string.h>

#include "common/wire_text.h"

#define FIRES_MAX INT64_C(1000000000000) /* every second of the years to 9999 is a third of it */
#define DIGEST_TEXT_SIZE 64

static const struct {
	const char *name, *quoted;
	size_t offset;
} timing_members[] = {
	{ "dnsMs", "\"dnsMs\":", offsetof(struct attempt_timing, dns_us) },
	{ "connectMs", "\"connectMs\":", offsetof(struct attempt_timing, connect_us) },
	{ "tlsMs", "\"tlsMs\":", offsetof(struct attempt_timing, tls_us) },
	{ "firstByteMs", "\"firstByteMs\":", offsetof(struct attempt_timing, first_byte_us) },
	{ "totalMs", "\"totalMs\":", offsetof(struct attempt_timing, total_us) },
};

#define APPEND(out, literal) g_string_append_len(out, literal, sizeof literal - 1)

static int64_t *timing_member(const struct attempt_timing *timing, size_t i)
{
	return (int64_t *)((char *)timing + timing_members[i].offset);
}

static void append_timing(GString *out, const struct attempt_timing *timing)
{
	const char *separator = ",\"timing\":{";
	bool any = false;
	for (size_t i = 0; i < G_N_ELEMENTS(timing_members); i++) {
		int64_t us = *timing_member(timing, i);
		if (us < 0)
			continue;
		g_string_append(out, any ? "," : separator);
		g_string_append(out, timing_members[i].quoted);
		wire_append_ms(out, us);
		any = true;
	}
	if (any)
		g_string_append_c(out, '}');
}

static void append_texts(GString *out, const struct execution *execution)
{
	if (execution->reason != NULL) {
		APPEND(out, ",\"reason\":");
		wire_append_text(out, execution->reason, EXECUTION_REASON_MAX);
	}
	if (execution->error != NULL) {
		APPEND(out, ",\"error\":");
		wire_append_text(out, execution->error, EXECUTION_ERROR_MAX);
	}
	if (execution->response_body != NULL) {
		APPEND(out, ",\"responseBody\":");
		wire_append_text(out, execution->response_body, RESPONSE_BODY_MAX);
	}
	if (execution->response_digest != NULL) {
		APPEND(out, ",\"responseDigest\":");
		wire_append_text(out, execution->response_digest, DIGEST_TEXT_SIZE);
	}
}

static void append_run(GString *out, const struct execution *execution)
{
	if (wall_is_set(execution->armed_at)) {
		APPEND(out, ",\"armedAt\":");
		wire_append_time(out, execution->armed_at);
	}
	if (wall_is_set(execution->started_at)) {
		APPEND(out, ",\"startedAt\":");
		wire_append_time(out, execution->started_at);
	}
	if (wall_is_set(execution->finished_at)) {
		APPEND(out, ",\"finishedAt\":");
		wire_append_time(out, execution->finished_at);
	}
	if (wall_is_set(execution->started_at)) {
		APPEND(out, ",\"durationMs\":");
		wire_append_ms(out, execution->duration_us);
		APPEND(out, ",\"latenessMs\":");
		wire_append_ms(out, execution->lateness_us);
	}
}

void wire_append_execution(GString *out, const struct execution *execution)
{
	char id[FIRE_ID_TEXT_SIZE];
	APPEND(out, "{\"executionId\":\"");
	g_string_append_len(out, fire_id_print(execution->id, id), FIRE_ID_TEXT_SIZE - 1);
	APPEND(out, "\",\"jobId\":");
	wire_append_text(out, execution->job_id, JOB_ID_MAX);
	APPEND(out, ",\"jobRevision\":");
	wire_append_number(out, execution->job_revision);
	APPEND(out, ",\"cause\":\"");
	g_string_append(out, fire_cause_name(execution->cause));
	APPEND(out, "\",\"scheduledAt\":");
	wire_append_time(out, execution->scheduled_at);
	append_run(out, execution);
	APPEND(out, ",\"status\":\"");
	g_string_append(out, execution_status_name(execution->status));
	APPEND(out, "\",\"attempts\":");
	wire_append_number(out, execution->attempts);
	if (execution->http_status != 0) {
		APPEND(out, ",\"httpStatus\":");
		wire_append_number(out, execution->http_status);
	}
	append_texts(out, execution);
	if (execution->count != 1) {
		APPEND(out, ",\"count\":");
		wire_append_number(out, execution->count);
		APPEND(out, ",\"lastScheduledAt\":");
		wire_append_time(out, execution->last_scheduled_at);
	}
	append_timing(out, &execution->timing);
	if (execution->attempt_log != NULL) {
		APPEND(out, ",\"attemptLog\":");
		wire_append_attempt_log(out, execution->attempt_log);
	}
	g_string_append_c(out, '}');
}

static bool parse_identity(const json_t *json, struct execution *ret, GError **error)
{
	const char *id, *job_id, *cause, *status;
	if (!wire_get_text(json, "executionId", 1, FIRE_ID_TEXT_SIZE, &id, error))
		return false;
	if (!fire_id_parse(id, &ret->id))
		return wire_fail(error, "executionId: is not a UUID");
	if (!wire_get_text(json, "jobId", 1, JOB_ID_MAX, &job_id, error))
		return false;
	if (!job_id_is_valid(job_id))
		return wire_fail(error, "jobId: may hold letters, digits, dot, dash and underscore only");
	if (!wire_get_text(json, "cause", 1, 32, &cause, error) ||
	    !wire_get_text(json, "status", 1, 32, &status, error))
		return false;
	if (!fire_cause_parse(cause, &ret->cause))
		return wire_fail(error, "cause: is no known cause");
	if (!execution_status_parse(status, &ret->status))
		return wire_fail(error, "status: is no known status");
	ret->job_id = g_strdup(job_id);
	return true;
}

static bool parse_numbers(const json_t *json, struct execution *ret, GError **error)
{
	int64_t attempts, http_status;
	if (!wire_get_number(json, "jobRevision", 0, WIRE_NUMBER_MAX, &ret->job_revision, error) ||
	    !wire_get_number(json, "attempts", 0, WIRE_ATTEMPTS_MAX, &attempts, error) ||
	    !wire_get_number_or(json, "httpStatus", 0, 999, 0, &http_status, error) ||
	    !wire_get_number_or(json, "count", 1, FIRES_MAX, 1, &ret->count, error) ||
	    !wire_get_ms(json, "durationMs", 0, &ret->duration_us, error) ||
	    !wire_get_ms(json, "latenessMs", 0, &ret->lateness_us, error))
		return false;
	ret->attempts = (int)attempts;
	ret->http_status = (int)http_status;
	if (ret->duration_us < 0)
		return wire_fail(error, "durationMs: must not be negative");
	if (ret->count != 1 && ret->status != EXECUTION_MISSED)
		return wire_fail(error, "count: only a missed record stands for several fires");
	return true;
}

static bool parse_times(const json_t *json, struct execution *ret, GError **error)
{
	if (!wire_get_time(json, "scheduledAt", true, &ret->scheduled_at, error) ||
	    !wire_get_time(json, "armedAt", false, &ret->armed_at, error) ||
	    !wire_get_time(json, "startedAt", false, &ret->started_at, error) ||
	    !wire_get_time(json, "finishedAt", true, &ret->finished_at, error) ||
	    !wire_get_time(json, "lastScheduledAt", ret->count != 1, &ret->last_scheduled_at, error))
		return false;
	if (!wall_is_set(ret->last_scheduled_at))
		ret->last_scheduled_at = ret->scheduled_at;
	if (wall_before(ret->last_scheduled_at, ret->scheduled_at))
		return wire_fail(error, "lastScheduledAt: lies before scheduledAt");
	if (ret->count == 1 && ret->last_scheduled_at.us != ret->scheduled_at.us)
		return wire_fail(error, "lastScheduledAt: differs from scheduledAt, yet count is 1");
	return true;
}

static bool parse_texts(const json_t *json, struct execution *ret, GError **error)
{
	const char *reason, *message, *body, *digest;
	if (!wire_get_text(json, "reason", 0, EXECUTION_REASON_MAX, &reason, error) ||
	    !wire_get_text(json, "error", 0, EXECUTION_ERROR_MAX, &message, error) ||
	    !wire_get_text(json, "responseBody", 0, RESPONSE_BODY_MAX, &body, error) ||
	    !wire_get_text(json, "responseDigest", 0, DIGEST_TEXT_SIZE, &digest, error))
		return false;
	if (digest != NULL &&
	    (strlen(digest) != DIGEST_TEXT_SIZE || strspn(digest, "0123456789abcdef") != DIGEST_TEXT_SIZE))
		return wire_fail(error, "responseDigest: must be %d lower-case hex digits", DIGEST_TEXT_SIZE);
	ret->reason = g_strdup(reason);
	ret->error = g_strdup(message);
	ret->response_body = g_strdup(body);
	ret->response_digest = g_strdup(digest);
	return true;
}

static bool parse_timing(const json_t *json, struct execution *ret, GError **error)
{
	const json_t *timing = NULL;
	ret->timing = (struct attempt_timing){ -1, -1, -1, -1, -1 };
	const json_t *member = json_object_get(json, "timing");
	if (member == NULL || json_is_null(member))
		return true;
	if (!wire_get_object(json, "timing", &timing, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(timing_members); i++) {
		int64_t *us = timing_member(&ret->timing, i);
		if (!wire_get_ms(timing, timing_members[i].name, -1, us, error))
			return false;
		if (*us < -1)
			return wire_fail(error, "%s: must not be negative", timing_members[i].name);
	}
	return true;
}

/* Optional: an agent of before tells none. */
static bool parse_log(const json_t *json, struct execution *ret, GError **error)
{
	const json_t *log = json_object_get(json, "attemptLog");
	return log == NULL || json_is_null(log) || wire_parse_attempt_log(log, &ret->attempt_log, error);
}

bool wire_parse_execution(const json_t *json, struct execution *ret, GError **error)
{
	if (!json_is_object(json))
		return wire_fail(error, "a record must be a JSON object");
	struct execution record;
	memset(&record, 0, sizeof record);
	if (parse_identity(json, &record, error) && parse_numbers(json, &record, error) &&
	    parse_times(json, &record, error) && parse_texts(json, &record, error) &&
	    parse_timing(json, &record, error) && parse_log(json, &record, error)) {
		*ret = record;
		return true;
	}
	execution_clear(&record);
	return false;
}

void wire_append_event(GString *out, const struct agent_event *event)
{
	APPEND(out, "{\"event\":");
	wire_append_text(out, event->kind, AGENT_EVENT_KIND_MAX - 1);
	APPEND(out, ",\"at\":");
	wire_append_time(out, event->at);
	APPEND(out, ",\"detail\":");
	wire_append_text(out, event->detail != NULL ? event->detail : "", AGENT_EVENT_DETAIL_MAX);
	g_string_append_c(out, '}');
}

bool wire_record_is_event(const json_t *json)
{
	return json_object_get(json, "event") != NULL;
}

bool wire_parse_event(const json_t *json, struct agent_event *ret, GError **error)
{
	struct agent_event event;
	const char *detail;
	if (!wire_get_buffer(json, "event", 1, AGENT_EVENT_KIND_MAX - 1, event.kind, error) ||
	    !wire_get_time(json, "at", true, &event.at, error) ||
	    !wire_get_text(json, "detail", 0, AGENT_EVENT_DETAIL_MAX, &detail, error))
		return false;
	for (const char *p = event.kind; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p))
			return wire_fail(error, "event: a kind consists of letters and digits");
	event.detail = g_strdup(detail != NULL ? detail : "");
	*ret = event;
	return true;
}
