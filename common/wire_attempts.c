/* The single attempts of a record. Only executions that took more than one have them, so neither side hurries here. */
#include "common/wire.h"

#include "common/wire_text.h"

#define OUTCOME_MAX 16
#define WAIT_CAUSE_MAX 16

static void append_ms(GString *out, const char *quoted_name, int64_t us)
{
	g_string_append(out, quoted_name);
	wire_append_ms(out, us);
}

static void append_entry(GString *out, const struct attempt_entry *entry)
{
	g_string_append(out, "{\"number\":");
	wire_append_number(out, entry->number);
	g_string_append_printf(out, ",\"outcome\":\"%s\"", attempt_end_name(entry->end));
	if (entry->http_status != 0) {
		g_string_append(out, ",\"httpStatus\":");
		wire_append_number(out, entry->http_status);
	}
	if (entry->started_us != ATTEMPT_TIME_UNKNOWN)
		append_ms(out, ",\"startedAfterMs\":", entry->started_us);
	if (entry->duration_us >= 0)
		append_ms(out, ",\"durationMs\":", entry->duration_us);
	if (entry->wait_us >= 0) {
		append_ms(out, ",\"waitMs\":", entry->wait_us);
		g_string_append(out, entry->asked ? ",\"waitCause\":\"retryAfter\"" : ",\"waitCause\":\"backoff\"");
	}
	g_string_append_c(out, '}');
}

void wire_append_attempt_log(GString *out, const struct attempt_log *log)
{
	g_string_append_c(out, '{');
	if (log->omitted > 0) {
		g_string_append(out, "\"omitted\":");
		wire_append_number(out, log->omitted);
		g_string_append_c(out, ',');
	}
	g_string_append(out, "\"list\":[");
	for (int i = 0; i < log->n; i++) {
		if (i > 0)
			g_string_append_c(out, ',');
		append_entry(out, &log->entries[i]);
	}
	g_string_append(out, "]}");
}

static bool parse_end(const json_t *json, struct attempt_entry *ret, GError **error)
{
	const char *outcome;
	enum attempt_end end;
	if (!wire_get_text(json, "outcome", 1, OUTCOME_MAX, &outcome, error))
		return false;
	if (!attempt_end_parse(outcome, &end))
		return wire_fail(error, "outcome: is no known end of an attempt");
	ret->end = (uint8_t)end;
	return true;
}

static bool parse_wait(const json_t *json, struct attempt_entry *ret, GError **error)
{
	const char *cause;
	if (!wire_get_ms(json, "waitMs", -1, &ret->wait_us, error) ||
	    !wire_get_text(json, "waitCause", ret->wait_us >= 0 ? 1 : 0, WAIT_CAUSE_MAX, &cause, error))
		return false;
	if (ret->wait_us < -1)
		return wire_fail(error, "waitMs: must not be negative");
	ret->asked = g_strcmp0(cause, "retryAfter") == 0;
	if (cause != NULL && !ret->asked && g_strcmp0(cause, "backoff") != 0)
		return wire_fail(error, "waitCause: is neither backoff nor retryAfter");
	return true;
}

static bool parse_entry(const json_t *json, struct attempt_entry *ret, GError **error)
{
	int64_t number, http_status;
	*ret = (struct attempt_entry){ 0 };
	if (!json_is_object(json))
		return wire_fail(error, "list: an attempt must be a JSON object");
	if (!wire_get_number(json, "number", 1, WIRE_ATTEMPTS_MAX, &number, error) || !parse_end(json, ret, error) ||
	    !wire_get_number_or(json, "httpStatus", 0, 999, 0, &http_status, error) ||
	    !wire_get_ms(json, "startedAfterMs", ATTEMPT_TIME_UNKNOWN, &ret->started_us, error) ||
	    !wire_get_ms(json, "durationMs", -1, &ret->duration_us, error) || !parse_wait(json, ret, error))
		return false;
	if (ret->duration_us < -1)
		return wire_fail(error, "durationMs: must not be negative");
	ret->number = (int32_t)number;
	ret->http_status = (int16_t)http_status;
	return true;
}

bool wire_parse_attempt_log(const json_t *json, struct attempt_log **ret, GError **error)
{
	g_autofree struct attempt_log *log = NULL;
	g_autoptr(GError) reason = NULL;
	int64_t omitted;
	json_t *list, *item;
	size_t i;
	if (!json_is_object(json))
		return wire_fail(error, "attemptLog: must be an object");
	if (!wire_get_number_or(json, "omitted", 0, WIRE_ATTEMPTS_MAX, 0, &omitted, &reason) ||
	    !wire_get_array(json, "list", ATTEMPT_LOG_MAX, &list, &reason))
		return wire_fail(error, "attemptLog: %s", reason->message);
	if (json_array_size(list) == 0)
		return wire_fail(error, "attemptLog: list: names no attempt");
	json_array_foreach(list, i, item)
	{
		struct attempt_entry entry;
		if (!parse_entry(item, &entry, &reason))
			return wire_fail(error, "attemptLog: %s", reason->message);
		if (i > 0 && entry.number < log->entries[i - 1].number)
			return wire_fail(error, "attemptLog: number: is less than that of the attempt before");
		attempt_log_note(&log, &entry);
	}
	log->omitted = (int32_t)omitted;
	*ret = g_steal_pointer(&log);
	return true;
}
