/* The sync request and its reply. */
#include "common/wire.h"

#include <inttypes.h>
#include <string.h>

#include "common/rfc3339.h"
#include "common/wire_text.h"

#define SYNC_WAIT_MAX_MS (24 * 3600 * 1000)
#define FLEET_JOBS_MAX INT64_C(1000000000)

static const char *const mode_names[] = { "none", "delta", "snapshot", NULL };
static const char *const command_names[] = {
	[SYNC_COMMAND_RUN] = "run", [SYNC_COMMAND_CANCEL] = "cancel", [SYNC_COMMAND_ROTATE] = "rotate"
};

uint64_t wire_job_digest(const char *job_id, int64_t revision, const char *target_key)
{
	guint8 md5[16];
	gsize size = sizeof md5;
	char text[2 * JOB_ID_MAX + 32];
	int length = g_snprintf(text, sizeof text, "%s:%" PRId64 ":%s", job_id, revision, target_key);
	GChecksum *checksum = g_checksum_new(G_CHECKSUM_MD5);
	g_checksum_update(checksum, (const guchar *)text, length);
	g_checksum_get_digest(checksum, md5, &size);
	g_checksum_free(checksum);
	uint64_t number;
	memcpy(&number, md5, sizeof number);
	return GUINT64_FROM_BE(number);
}

void sync_request_clear(struct sync_request *request)
{
	g_clear_pointer(&request->records, g_ptr_array_unref);
	g_clear_pointer(&request->record_array, json_decref);
}

/* `,"name":"value"`, and nothing for an instant that is not set. */
static void append_time_member(GString *out, const char *name, struct wall time)
{
	if (!wall_is_set(time))
		return;
	g_string_append_printf(out, ",\"%s\":", name);
	wire_append_time(out, time);
}

static void append_status(GString *out, const struct sync_status *status)
{
	g_string_append_printf(out,
			       "{\"jobs\":%" PRId64 ",\"running\":%" PRId64 ",\"outboxDepth\":%" PRId64
			       ",\"clockEpoch\":%" PRIu64,
			       status->jobs, status->running, status->outbox_depth, status->clock_epoch);
	append_time_member(out, "oldestUnsentAt", status->oldest_unsent_at);
	append_time_member(out, "nextFireAt", status->next_fire_at);
	g_string_append(out, ",\"tzdata\":");
	wire_append_text(out, status->tzdata, sizeof status->tzdata - 1);
	g_string_append_printf(out, ",\"outboxMax\":%" PRId64 ",\"outboxFull\":%s}", status->outbox_max,
			       status->outbox_full ? "true" : "false");
}

GString *sync_request_encode(const struct sync_request *request)
{
	GString *out = g_string_sized_new(1024 + (request->records != NULL ? request->records->len * 512 : 0));
	g_string_append_printf(out, "{\"version\":%d,\"agentVersion\":", WIRE_VERSION);
	wire_append_text(out, request->agent_version, sizeof request->agent_version - 1);
	g_string_append(out, ",\"bootId\":");
	wire_append_text(out, request->boot_id, sizeof request->boot_id - 1);
	g_string_append(out, ",\"syncId\":");
	wire_append_text(out, request->sync_id, sizeof request->sync_id - 1);
	if (*request->life != '\0') {
		g_string_append(out, ",\"life\":");
		wire_append_text(out, request->life, sizeof request->life - 1);
		g_string_append_printf(out, ",\"lives\":%" PRId64, request->lives);
	}
	g_string_append_printf(out, ",\"epoch\":%" PRId64 ",\"sentAt\":", request->epoch);
	wire_append_time(out, request->sent_at);
	g_string_append_printf(out, ",\"jobSet\":{\"revision\":%" PRId64 ",\"digest\":\"%016" PRIx64 "\"}",
			       request->jobs_revision, request->jobs_digest);
	g_string_append_printf(out, ",\"firstSeq\":%" PRId64 ",\"ackedSeq\":%" PRId64 ",\"records\":[",
			       request->first_seq, request->acked_seq);
	for (guint i = 0; request->records != NULL && i < request->records->len; i++) {
		if (i > 0)
			g_string_append_c(out, ',');
		g_string_append(out, g_ptr_array_index(request->records, i));
	}
	g_string_append(out, "],\"doneCommands\":[");
	for (int i = 0; i < request->n_done_commands; i++)
		g_string_append_printf(out, "%s%" PRId64, i > 0 ? "," : "", request->done_commands[i]);
	g_string_append(out, "],\"status\":");
	append_status(out, &request->status);
	g_string_append_c(out, '}');
	return out;
}

static bool decode_status(const json_t *json, struct sync_status *ret, GError **error)
{
	const json_t *status;
	int64_t clock_epoch;
	if (!wire_get_object(json, "status", &status, error) ||
	    !wire_get_number_or(status, "jobs", 0, FLEET_JOBS_MAX, 0, &ret->jobs, error) ||
	    !wire_get_number_or(status, "running", 0, FLEET_JOBS_MAX, 0, &ret->running, error) ||
	    !wire_get_number_or(status, "outboxDepth", 0, WIRE_NUMBER_MAX, 0, &ret->outbox_depth, error) ||
	    !wire_get_number_or(status, "clockEpoch", 0, WIRE_NUMBER_MAX, 0, &clock_epoch, error) ||
	    !wire_get_time(status, "oldestUnsentAt", false, &ret->oldest_unsent_at, error) ||
	    !wire_get_time(status, "nextFireAt", false, &ret->next_fire_at, error) ||
	    !wire_get_buffer(status, "tzdata", 0, sizeof ret->tzdata - 1, ret->tzdata, error) ||
	    !wire_get_number_or(status, "outboxMax", 0, WIRE_NUMBER_MAX, 0, &ret->outbox_max, error) ||
	    !wire_get_bool_or(status, "outboxFull", false, &ret->outbox_full, error))
		return false;
	ret->clock_epoch = (uint64_t)clock_epoch;
	return true;
}

static bool decode_done_commands(const json_t *json, struct sync_request *ret, GError **error)
{
	json_t *array, *item;
	size_t i;
	if (!wire_get_array(json, "doneCommands", SYNC_COMMANDS_MAX, &array, error))
		return false;
	json_array_foreach(array, i, item)
	{
		if (!json_is_integer(item) || json_integer_value(item) < 1)
			return wire_fail(error, "doneCommands: must be an array of command numbers");
		ret->done_commands[ret->n_done_commands++] = json_integer_value(item);
	}
	return true;
}

static bool decode_request(const json_t *json, struct sync_request *ret, GError **error)
{
	const json_t *job_set;
	json_t *records;
	if (!wire_get_buffer(json, "agentVersion", 1, sizeof ret->agent_version - 1, ret->agent_version, error) ||
	    !wire_get_buffer(json, "bootId", 0, sizeof ret->boot_id - 1, ret->boot_id, error) ||
	    !wire_get_buffer(json, "syncId", 0, sizeof ret->sync_id - 1, ret->sync_id, error) ||
	    !wire_get_buffer(json, "life", 0, sizeof ret->life - 1, ret->life, error) ||
	    !wire_get_number_or(json, "lives", 0, WIRE_NUMBER_MAX, 0, &ret->lives, error) ||
	    !wire_get_number(json, "epoch", 0, WIRE_NUMBER_MAX, &ret->epoch, error) ||
	    !wire_get_time(json, "sentAt", true, &ret->sent_at, error) ||
	    !wire_get_object(json, "jobSet", &job_set, error) ||
	    !wire_get_number(job_set, "revision", 0, WIRE_NUMBER_MAX, &ret->jobs_revision, error) ||
	    !wire_get_hex64(job_set, "digest", &ret->jobs_digest, error) ||
	    !wire_get_number(json, "firstSeq", 1, WIRE_NUMBER_MAX, &ret->first_seq, error) ||
	    !wire_get_number(json, "ackedSeq", 0, WIRE_NUMBER_MAX, &ret->acked_seq, error) ||
	    !wire_get_array(json, "records", SYNC_RECORDS_MAX, &records, error) ||
	    !decode_done_commands(json, ret, error) || !decode_status(json, &ret->status, error))
		return false;
	ret->record_array = records != NULL ? json_incref(records) : json_array();
	return true;
}

bool sync_request_decode(const char *body, size_t size, struct sync_request *ret, GError **error)
{
	json_t *json = wire_load(body, size, SYNC_REQUEST_MAX, error);
	if (json == NULL)
		return false;
	struct sync_request request;
	memset(&request, 0, sizeof request);
	bool ok = decode_request(json, &request, error);
	if (ok)
		*ret = request;
	else
		sync_request_clear(&request);
	json_decref(json);
	return ok;
}

static void clear_upsert(gpointer data)
{
	job_unref(((struct sync_upsert *)data)->job);
}

void sync_reply_init(struct sync_reply *reply)
{
	memset(reply, 0, sizeof *reply);
	reply->upserts = g_array_new(FALSE, TRUE, sizeof(struct sync_upsert));
	g_array_set_clear_func(reply->upserts, clear_upsert);
	reply->deletes = g_ptr_array_new_with_free_func(g_free);
	reply->moves = g_array_new(FALSE, TRUE, sizeof(struct sync_move));
	reply->away = g_array_new(FALSE, TRUE, sizeof(struct sync_away));
	reply->lease_until = WALL_NONE;
	reply->commands = g_array_new(FALSE, TRUE, sizeof(struct sync_command));
}

void sync_reply_clear(struct sync_reply *reply)
{
	g_clear_pointer(&reply->upserts, g_array_unref);
	g_clear_pointer(&reply->deletes, g_ptr_array_unref);
	g_clear_pointer(&reply->moves, g_array_unref);
	g_clear_pointer(&reply->away, g_array_unref);
	g_clear_pointer(&reply->commands, g_array_unref);
}

static json_t *time_to_json(struct wall time)
{
	char buffer[RFC3339_SIZE];
	return json_string(rfc3339_print_ms(time, buffer));
}

static json_t *command_to_json(const struct sync_command *command)
{
	bool cancels = command->type == SYNC_COMMAND_CANCEL;
	char text[FIRE_ID_TEXT_SIZE];
	json_t *json = json_pack("{s:I, s:s}", "id", (json_int_t)command->id, "type", command_names[command->type]);
	if (command->type != SYNC_COMMAND_ROTATE)
		json_object_set_new(json, "jobId", json_string(command->job_id));
	if (cancels) {
		json_object_set_new(json, "ageMs", json_integer(command->age_ms));
		json_object_set_new(json, "author", json_string(command->author));
	}
	if (cancels && command->one)
		json_object_set_new(json, "executionId", json_string(fire_id_print(command->execution_id, text)));
	return json;
}

static json_t *job_set_to_json(const struct sync_reply *reply)
{
	json_t *upserts = json_array(), *deletes = json_array();
	json_t *moved = json_array(), *away = json_array();
	for (guint i = 0; i < reply->upserts->len; i++) {
		const struct sync_upsert *upsert = &g_array_index(reply->upserts, struct sync_upsert, i);
		json_t *item = json_pack("{s:s, s:o}", "targetKey", upsert->target_key, "job", job_to_json(upsert->job, false));
		if (wall_is_set(upsert->since))
			json_object_set_new(item, "since", time_to_json(upsert->since));
		json_array_append_new(upserts, item);
	}
	for (guint i = 0; i < reply->deletes->len; i++)
		json_array_append_new(deletes, json_string(g_ptr_array_index(reply->deletes, i)));
	for (guint i = 0; i < reply->moves->len; i++) {
		const struct sync_move *move = &g_array_index(reply->moves, struct sync_move, i);
		json_t *item = json_pack("{s:s, s:o}", "jobId", move->job_id, "at", time_to_json(move->border));
		if (move->ended)
			json_object_set_new(item, "ended", json_true());
		json_array_append_new(moved, item);
	}
	for (guint i = 0; i < reply->away->len; i++) {
		const struct sync_away *was = &g_array_index(reply->away, struct sync_away, i);
		json_array_append_new(away, json_pack("{s:s, s:o, s:o}", "jobId", was->job_id, "after", time_to_json(was->after), "until",
						      time_to_json(was->until)));
	}
	return json_pack("{s:s, s:I, s:o, s:b, s:o, s:o, s:o, s:o}", "mode", mode_names[reply->jobs_mode], "revision",
			 (json_int_t)reply->jobs_revision, "digest", json_sprintf("%016" PRIx64, reply->jobs_digest),
			 "more", (int)reply->jobs_more, "upserts", upserts, "deletes", deletes, "moved", moved, "away", away);
}

json_t *sync_reply_to_json(const struct sync_reply *reply)
{
	json_t *commands = json_array();
	for (guint i = 0; i < reply->commands->len; i++) {
		const struct sync_command *command = &g_array_index(reply->commands, struct sync_command, i);
		json_array_append_new(commands, command_to_json(command));
	}
	json_t *json = json_pack("{s:i, s:s, s:I, s:o, s:I, s:o, s:o}", "version", WIRE_VERSION, "syncId", reply->sync_id, "ackedSeq",
			 (json_int_t)reply->acked_seq, "serverTime", time_to_json(reply->server_time), "nextSyncMs",
			 (json_int_t)reply->next_sync_ms, "jobSet", job_set_to_json(reply), "commands", commands);
	if (wall_is_set(reply->lease_until))
		json_object_set_new(json, "leaseUntil", time_to_json(reply->lease_until));
	if (reply->lives > 0)
		json_object_set_new(json, "lives", json_integer(reply->lives));
	return json;
}

static void refuse(GPtrArray *refused, const char *what, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void refuse(GPtrArray *refused, const char *what, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *reason = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(refused, g_strdup_printf("%s: %s", what, reason));
}

/* False when the frame is wrong (the whole reply is then); a job that cannot be parsed is only refused. */
static bool decode_upsert(const json_t *item, GArray *upserts, GPtrArray *refused, GError **error)
{
	struct sync_upsert upsert = { 0 };
	const json_t *job;
	const char *id;
	int64_t revision;
	if (!json_is_object(item))
		return wire_fail(error, "upserts: must be an array of objects");
	if (!wire_get_buffer(item, "targetKey", 0, JOB_ID_MAX, upsert.target_key, error) ||
	    !wire_get_time(item, "since", false, &upsert.since, error) || !wire_get_object(item, "job", &job, error) || !wire_get_text(job, "jobId", 1, JOB_ID_MAX, &id, error) ||
	    !wire_get_number(job, "revision", 1, WIRE_NUMBER_MAX, &revision, error))
		return false;
	if (!job_id_is_valid(id))
		return wire_fail(error, "jobId: may hold letters, digits, dot, dash and underscore only");
	struct job_problem problem = { 0 };
	upsert.job = job_parse(job, id, revision, true, &problem);
	if (upsert.job != NULL)
		g_array_append_val(upserts, upsert);
	else
		refuse(refused, id, "%s", problem.detail);
	job_problem_clear(&problem);
	return true;
}

static bool decode_delete(const json_t *item, GPtrArray *deletes, GError **error)
{
	const char *id = json_string_value(item);
	if (id == NULL || strlen(id) != json_string_length(item) || !job_id_is_valid(id))
		return wire_fail(error, "deletes: must be an array of job ids");
	g_ptr_array_add(deletes, g_strdup(id));
	return true;
}

static bool decode_move(const json_t *item, GArray *moves, GError **error)
{
	struct sync_move move;
	if (!json_is_object(item))
		return wire_fail(error, "moved: must be an array of objects");
	if (!wire_get_buffer(item, "jobId", 1, JOB_ID_MAX, move.job_id, error) ||
	    !wire_get_time(item, "at", true, &move.border, error) || !wire_get_bool_or(item, "ended", false, &move.ended, error))
		return false;
	if (!job_id_is_valid(move.job_id))
		return wire_fail(error, "jobId: may hold letters, digits, dot, dash and underscore only");
	g_array_append_val(moves, move);
	return true;
}

static bool decode_away(const json_t *item, GArray *all, GError **error)
{
	struct sync_away away;
	if (!json_is_object(item))
		return wire_fail(error, "away: must be an array of objects");
	if (!wire_get_buffer(item, "jobId", 1, JOB_ID_MAX, away.job_id, error) || !wire_get_time(item, "after", true, &away.after, error) ||
	    !wire_get_time(item, "until", true, &away.until, error))
		return false;
	if (!job_id_is_valid(away.job_id))
		return wire_fail(error, "jobId: may hold letters, digits, dot, dash and underscore only");
	if (wall_before(away.until, away.after))
		return wire_fail(error, "until: must not be before \"after\"");
	g_array_append_val(all, away);
	return true;
}

static bool decode_cancel(const json_t *item, struct sync_command *command, GError **error)
{
	char text[FIRE_ID_TEXT_SIZE] = "";
	if (!wire_get_number(item, "ageMs", 0, WIRE_NUMBER_MAX, &command->age_ms, error) ||
	    !wire_get_buffer(item, "author", 1, SYNC_AUTHOR_MAX, command->author, error))
		return false;
	command->one = json_object_get(item, "executionId") != NULL;
	if (!command->one)
		return true;
	if (!wire_get_buffer(item, "executionId", 1, FIRE_ID_TEXT_SIZE - 1, text, error))
		return false;
	return fire_id_parse(text, &command->execution_id) || wire_fail(error, "executionId: must be a UUID");
}

static bool command_type_parse(const char *name, enum sync_command_type *ret)
{
	for (size_t i = SYNC_COMMAND_RUN; i < G_N_ELEMENTS(command_names); i++)
		if (strcmp(command_names[i], name) == 0) {
			*ret = (enum sync_command_type)i;
			return true;
		}
	return false;
}

static bool decode_command(const json_t *item, GArray *commands, GPtrArray *refused, GError **error)
{
	struct sync_command command = { .id = 0 };
	const char *type;
	if (!json_is_object(item))
		return wire_fail(error, "commands: must be an array of objects");
	if (!wire_get_number(item, "id", 1, WIRE_NUMBER_MAX, &command.id, error) ||
	    !wire_get_text(item, "type", 1, 32, &type, error))
		return false;
	if (!command_type_parse(type, &command.type)) {
		g_autofree char *what = g_strdup_printf("command %" PRId64, command.id);
		refuse(refused, what, "this agent does not know the type \"%s\"; update it", type);
		return true;
	}
	if (command.type == SYNC_COMMAND_ROTATE) {
		g_array_append_val(commands, command);
		return true;
	}
	if (!wire_get_buffer(item, "jobId", 1, JOB_ID_MAX, command.job_id, error))
		return false;
	if (!job_id_is_valid(command.job_id))
		return wire_fail(error, "jobId: may hold letters, digits, dot, dash and underscore only");
	if (command.type == SYNC_COMMAND_CANCEL && !decode_cancel(item, &command, error))
		return false;
	g_array_append_val(commands, command);
	return true;
}

static bool decode_mode(const json_t *job_set, struct sync_reply *ret, GError **error)
{
	const char *mode;
	if (!wire_get_text(job_set, "mode", 1, 32, &mode, error))
		return false;
	for (int i = 0; mode_names[i] != NULL; i++)
		if (strcmp(mode_names[i], mode) == 0) {
			ret->jobs_mode = (enum sync_jobs_mode)i;
			return true;
		}
	return wire_fail(error, "mode: must be none, delta or snapshot");
}

static bool decode_job_set(const json_t *json, struct sync_reply *ret, GPtrArray *refused, GError **error)
{
	const json_t *job_set;
	json_t *upserts, *deletes, *moved, *away, *item;
	size_t i;
	if (!wire_get_object(json, "jobSet", &job_set, error) || !decode_mode(job_set, ret, error) ||
	    !wire_get_number(job_set, "revision", 0, WIRE_NUMBER_MAX, &ret->jobs_revision, error) ||
	    !wire_get_hex64(job_set, "digest", &ret->jobs_digest, error) ||
	    !wire_get_array(job_set, "upserts", SYNC_JOBS_MAX, &upserts, error) ||
	    !wire_get_array(job_set, "deletes", SYNC_JOBS_MAX, &deletes, error) ||
	    !wire_get_array(job_set, "moved", SYNC_JOBS_MAX, &moved, error) ||
	    !wire_get_array(job_set, "away", SYNC_JOBS_MAX * SYNC_AWAY_MAX, &away, error))
		return false;
	ret->jobs_more = json_is_true(json_object_get(job_set, "more"));
	json_array_foreach(upserts, i, item) if (!decode_upsert(item, ret->upserts, refused, error)) return false;
	json_array_foreach(deletes, i, item) if (!decode_delete(item, ret->deletes, error)) return false;
	json_array_foreach(moved, i, item) if (!decode_move(item, ret->moves, error)) return false;
	json_array_foreach(away, i, item) if (!decode_away(item, ret->away, error)) return false;
	return true;
}

static bool decode_reply(const json_t *json, struct sync_reply *ret, GPtrArray *refused, GError **error)
{
	json_t *commands, *item;
	size_t i;
	if (!wire_get_buffer(json, "syncId", 0, sizeof ret->sync_id - 1, ret->sync_id, error) ||
	    !wire_get_number_or(json, "lives", 0, WIRE_NUMBER_MAX, 0, &ret->lives, error) ||
	    !wire_get_number(json, "ackedSeq", 0, WIRE_NUMBER_MAX, &ret->acked_seq, error) ||
	    !wire_get_time(json, "serverTime", true, &ret->server_time, error) ||
	    !wire_get_number(json, "nextSyncMs", 0, SYNC_WAIT_MAX_MS, &ret->next_sync_ms, error) ||
	    !wire_get_time(json, "leaseUntil", false, &ret->lease_until, error) ||
	    !decode_job_set(json, ret, refused, error) ||
	    !wire_get_array(json, "commands", SYNC_COMMANDS_MAX, &commands, error))
		return false;
	json_array_foreach(commands, i, item) if (!decode_command(item, ret->commands, refused, error)) return false;
	return true;
}

bool sync_reply_decode(const char *body, size_t size, struct sync_reply *ret, GPtrArray **ret_refused, GError **error)
{
	json_t *json = wire_load(body, size, SYNC_REPLY_MAX, error);
	if (json == NULL)
		return false;
	struct sync_reply reply;
	sync_reply_init(&reply);
	g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func(g_free);
	bool ok = decode_reply(json, &reply, refused, error);
	if (ok) {
		*ret = reply;
		*ret_refused = g_steal_pointer(&refused);
	} else {
		sync_reply_clear(&reply);
	}
	json_decref(json);
	return ok;
}
