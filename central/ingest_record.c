#include "central/ingest_record.h"

#include <string.h>

#include "central/copy_row.h"
#include "common/rfc3339.h"

#define US_PER_DAY (INT64_C(86400) * US_PER_SECOND)

static void record_clear(void *data)
{
	struct ingest_record *record = data;
	execution_clear(&record->execution);
	g_free(record->event.detail);
	g_free(record->reason);
}

static void refuse(struct ingest_record *record, char *reason)
{
	record->kind = INGEST_POISON;
	g_free(record->reason);
	record->reason = reason;
}

void ingest_record_refuse(struct ingest_record *record, const char *reason)
{
	refuse(record, g_strdup(reason));
}

/* Room for sums of many in 64 bits. */
static bool is_summable(int64_t value, int64_t max)
{
	return value >= -max && value <= max;
}

static void check_execution(struct ingest_record *record, struct wall now)
{
	const struct execution *execution = &record->execution;
	int64_t ahead = wall_diff_us(execution->scheduled_at, now);
	int64_t last_ahead = wall_diff_us(execution->last_scheduled_at, now);
	if (!fire_id_parse(execution->job_id, &record->job_id))
		refuse(record, g_strdup_printf("jobId: \"%s\" is no UUID", execution->job_id));
	else if (fire_id_equal(record->job_id, (struct fire_id){ 0 }))
		refuse(record, g_strdup("jobId: is the one under which all jobs are summed"));
	else if (ahead > INGEST_FUTURE_MAX_DAYS * US_PER_DAY)
		refuse(record, g_strdup_printf("scheduledAt: more than %d days ahead", INGEST_FUTURE_MAX_DAYS));
	else if (last_ahead > INGEST_FUTURE_MAX_DAYS * US_PER_DAY)
		refuse(record, g_strdup_printf("lastScheduledAt: more than %d days ahead", INGEST_FUTURE_MAX_DAYS));
	else if (ahead < -INGEST_PAST_MAX_DAYS * US_PER_DAY)
		refuse(record, g_strdup_printf("scheduledAt: more than %d days ago", INGEST_PAST_MAX_DAYS));
	else if (!is_summable(execution->duration_us, INGEST_PAST_MAX_DAYS * US_PER_DAY))
		refuse(record, g_strdup("durationMs: too long"));
	else if (!is_summable(execution->lateness_us, 2 * INGEST_PAST_MAX_DAYS * US_PER_DAY))
		refuse(record, g_strdup("latenessMs: too late"));
}

static void record_parse(struct ingest_record *record, struct wall now)
{
	g_autoptr(GError) error = NULL;
	if (wire_record_is_event(record->json)) {
		record->kind = INGEST_EVENT;
		if (!wire_parse_event(record->json, &record->event, &error))
			ingest_record_refuse(record, error->message);
		return;
	}
	record->kind = INGEST_EXECUTION;
	if (!wire_parse_execution(record->json, &record->execution, &error))
		ingest_record_refuse(record, error->message);
	else
		check_execution(record, now);
}

GArray *ingest_records_parse(const json_t *records, int64_t first_seq, struct wall now)
{
	size_t n = json_array_size(records);
	GArray *parsed = g_array_sized_new(FALSE, TRUE, sizeof(struct ingest_record), (guint)n);
	g_array_set_clear_func(parsed, record_clear);
	g_array_set_size(parsed, (guint)n);
	for (size_t i = 0; i < n; i++) {
		struct ingest_record *record = &g_array_index(parsed, struct ingest_record, i);
		record->seq = first_seq + (int64_t)i;
		record->json = json_array_get(records, i);
		record_parse(record, now);
	}
	return parsed;
}

char *ingest_record_md5(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text != NULL ? text : "", -1);
	free(text);
	return digest;
}

void ingest_records_days(const GArray *records, guint from, guint to, GHashTable *ret_days)
{
	for (guint i = from; i < to; i++) {
		const struct ingest_record *record = &g_array_index(records, struct ingest_record, i);
		if (record->kind != INGEST_EXECUTION)
			continue;
		int64_t day = wall_floor_seconds(record->execution.scheduled_at) / 86400;
		g_hash_table_add(ret_days, GINT_TO_POINTER((int)day));
	}
}

static void copy_int8_unless(GString *out, int64_t value, int64_t absent)
{
	if (value == absent)
		copy_null(out);
	else
		copy_int8(out, value);
}

/* json is sent as its text. */
static void copy_attempt_log(GString *out, const struct attempt_log *log)
{
	g_autoptr(GString) text = NULL;
	if (log == NULL) {
		copy_null(out);
		return;
	}
	text = g_string_new(NULL);
	wire_append_attempt_log(text, log);
	copy_text(out, text->str);
}

void ingest_record_copy(GString *out, struct fire_id agent_id, const struct ingest_record *record)
{
	const struct execution *execution = &record->execution;
	const struct attempt_timing *timing = &execution->timing;
	bool is_range = execution->last_scheduled_at.us != execution->scheduled_at.us;
	copy_row(out, 26);
	copy_uuid(out, agent_id);
	copy_uuid(out, execution->id);
	copy_uuid(out, record->job_id);
	copy_wall(out, execution->scheduled_at);
	copy_wall(out, is_range ? execution->last_scheduled_at : WALL_NONE);
	copy_wall(out, execution->started_at);
	copy_wall(out, execution->finished_at);
	copy_int8(out, execution->job_revision);
	copy_int8(out, execution->count);
	copy_int8(out, execution->duration_us);
	copy_int8(out, execution->lateness_us);
	copy_int8_unless(out, timing->dns_us, -1);
	copy_int8_unless(out, timing->connect_us, -1);
	copy_int8_unless(out, timing->tls_us, -1);
	copy_int8_unless(out, timing->first_byte_us, -1);
	copy_int8_unless(out, timing->total_us, -1);
	copy_int4(out, execution->attempts);
	if (execution->http_status != 0)
		copy_int4(out, execution->http_status);
	else
		copy_null(out);
	copy_int2(out, execution->status);
	copy_int2(out, execution->cause);
	copy_text(out, execution->reason);
	copy_text(out, execution->error);
	copy_text(out, execution->response_body);
	copy_bytea(out, execution->response_digest);
	copy_wall(out, execution->armed_at);
	copy_attempt_log(out, execution->attempt_log);
}
