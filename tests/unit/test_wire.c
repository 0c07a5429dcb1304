/*
 * The messages of a sync: request and reply, what of them may be wrong, and what older peers leave out.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire.h"
#include "tests/unit/suite.h"

START_TEST(test_the_digest_of_a_job_set_is_frozen)
{
	ck_assert_uint_eq(wire_job_digest("job-1", 41, ""), UINT64_C(0x6b035ba8a262783c));
	ck_assert_uint_eq(wire_job_digest("job-1", 41, "0f8fad5b-d9cb-469f-a165-70867728950e"),
			  UINT64_C(0x727743965e7461a6));
}
END_TEST

static struct sync_request a_request(void)
{
	struct sync_request request = {
		.agent_version = "0.1.0",
		.boot_id = "b-1",
		.sync_id = "0a1b-7",
		.life = "5c0ffee5",
		.lives = 3,
		.epoch = 7,
		.sent_at = { INT64_C(1795435200123000) },
		.jobs_revision = 41,
		.jobs_digest = UINT64_C(0xfedcba9876543210),
		.first_seq = 101,
		.acked_seq = 100,
		.done_commands = { 12, 13 },
		.n_done_commands = 2,
		.status = { 2, 1, 5, { INT64_C(1795435100123000) }, WALL_NONE, 4, 5000, true, "2025b" },
	};
	request.records = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(request.records, g_strdup("{\"executionId\":\"0f8fad5b-d9cb-8fff-a165-70867728950e\",\"jobId\":\"a\"}"));
	g_ptr_array_add(request.records,
			g_strdup("{\"event\":\"started\",\"at\":\"2026-11-23T12:00:00Z\",\"detail\":\"\"}"));
	return request;
}

START_TEST(test_a_sync_request_round_trips)
{
	struct sync_request request = a_request(), back;
	g_autoptr(GString) text = sync_request_encode(&request);
	g_autoptr(GError) error = NULL;
	ck_assert_msg(sync_request_decode(text->str, text->len, &back, &error), "%s: %s", error ? error->message : "",
		      text->str);
	ck_assert_str_eq(back.agent_version, "0.1.0");
	ck_assert_str_eq(back.boot_id, "b-1");
	ck_assert_str_eq(back.sync_id, "0a1b-7");
	ck_assert_str_eq(back.life, "5c0ffee5");
	ck_assert_int_eq(back.lives, 3);
	ck_assert_int_eq(back.epoch, 7);
	ck_assert_int_eq(back.sent_at.us, request.sent_at.us);
	ck_assert_int_eq(back.jobs_revision, 41);
	ck_assert_uint_eq(back.jobs_digest, request.jobs_digest);
	ck_assert_int_eq(back.first_seq, 101);
	ck_assert_int_eq(back.acked_seq, 100);
	ck_assert_uint_eq(json_array_size(back.record_array), 2);
	ck_assert_int_eq(back.n_done_commands, 2);
	ck_assert_int_eq(back.done_commands[1], 13);
	ck_assert_int_eq(back.status.outbox_depth, 5);
	ck_assert_int_eq(back.status.oldest_unsent_at.us, request.status.oldest_unsent_at.us);
	ck_assert(!wall_is_set(back.status.next_fire_at));
	ck_assert_uint_eq(back.status.clock_epoch, 4);
	ck_assert_str_eq(back.status.tzdata, "2025b");
	ck_assert_int_eq(back.status.outbox_max, 5000);
	ck_assert(back.status.outbox_full);
	sync_request_clear(&request);
	sync_request_clear(&back);
}
END_TEST

static const struct {
	const char *member, *value, *sentence;
} bad_requests[] = {
	{ "version", "2", "version: the peer speaks 2, this side 1; update the older one" },
	{ "version", "null", "version: is missing" },
	{ "agentVersion", "1", "agentVersion: must be a string" },
	{ "agentVersion", "\"0123456789012345678901234567890123456789\"", "agentVersion: is 40 bytes long" },
	{ "bootId", "{}", "bootId: must be a string" },
	{ "epoch", "-1", "epoch: -1 is outside" },
	{ "sentAt", "\"\"", "sentAt: is too short" },
	{ "jobSet", "[]", "jobSet: must be an object" },
	{ "jobSet", "{\"revision\":1,\"digest\":\"xyz\"}", "digest: is too short" },
	{ "jobSet", "{\"revision\":1,\"digest\":\"000000000000000g\"}", "digest: must be 16 hex digits" },
	{ "firstSeq", "0", "firstSeq: 0 is outside" },
	{ "firstSeq", "9223372036854775807", "firstSeq: 9223372036854775807 is outside" },
	{ "ackedSeq", "null", "ackedSeq: is missing" },
	{ "records", "{}", "records: must be an array" },
	{ "doneCommands", "[0]", "doneCommands: must be" },
	{ "doneCommands", "7", "doneCommands: must be an array" },
	{ "status", "null", "status: is missing" },
	{ "status", "{\"tzdata\":\"0123456789012345\"}", "tzdata: is 16 bytes long" },
	{ "status", "{\"jobs\":\"x\"}", "jobs: must be a whole number" },
	{ "status", "{\"outboxMax\":-1}", "outboxMax: -1 is outside" },
	{ "status", "{\"outboxFull\":1}", "outboxFull: must be true or false" },
};

START_TEST(test_a_wrong_request_gets_a_sentence)
{
	struct sync_request request = a_request(), back;
	g_autoptr(GString) text = sync_request_encode(&request);
	json_t *json = json_loads(text->str, 0, NULL);
	json_object_set_new(json, bad_requests[_i].member, json_loads(bad_requests[_i].value, JSON_DECODE_ANY, NULL));
	char *bad = json_dumps(json, 0);
	g_autoptr(GError) error = NULL;
	ck_assert(!sync_request_decode(bad, strlen(bad), &back, &error));
	ck_assert_msg(g_str_has_prefix(error->message, bad_requests[_i].sentence), "%s", error->message);
	free(bad);
	json_decref(json);
	sync_request_clear(&request);
}
END_TEST

START_TEST(test_requests_are_bounded)
{
	struct sync_request request = a_request(), back;
	g_autoptr(GError) error = NULL;
	for (int i = 0; i < SYNC_RECORDS_MAX - 1; i++)
		g_ptr_array_add(request.records, g_strdup("{}"));
	g_autoptr(GString) text = sync_request_encode(&request);
	ck_assert(!sync_request_decode(text->str, text->len, &back, &error));
	ck_assert_str_eq(error->message, "records: has 5001 entries, at most 5000 are allowed");
	g_clear_error(&error);
	ck_assert(!sync_request_decode(text->str, SYNC_REQUEST_MAX + 1, &back, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "at most 8388608 are allowed"));
	g_clear_error(&error);
	ck_assert(!sync_request_decode(text->str, text->len / 2, &back, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "broken JSON"));
	sync_request_clear(&request);
}
END_TEST

START_TEST(test_one_poison_record_does_not_spoil_its_message)
{
	struct sync_request request = a_request(), back;
	g_ptr_array_add(request.records, g_strdup("{\"reason\":\"\\u0000\",\"reason\":2}"));
	g_autoptr(GString) text = sync_request_encode(&request);
	ck_assert(sync_request_decode(text->str, text->len, &back, NULL));
	ck_assert_uint_eq(json_array_size(back.record_array), 3);
	sync_request_clear(&request);
	sync_request_clear(&back);
}
END_TEST

static void fill_reply(struct sync_reply *reply)
{
	struct job_problem problem = { 0 };
	json_t *json = json_loads(
		"{\"schedule\":\"* * * * *\",\"api\":\"http://h/x\",\"headers\":{\"Authorization\":\"Bearer s\"}}", 0,
		NULL);
	struct sync_upsert upsert = { job_parse(json, "j1", 9, false, &problem), "agent-key", { 1795435200123000 } };
	struct sync_command command = { .id = 12, .type = SYNC_COMMAND_RUN, .job_id = "j1" };
	json_decref(json);
	sync_reply_init(reply);
	g_strlcpy(reply->sync_id, "0a1b-7", sizeof reply->sync_id);
	reply->lives = 3;
	reply->acked_seq = 150;
	reply->server_time = (struct wall){ INT64_C(1795435200123000) };
	reply->next_sync_ms = 1000;
	reply->jobs_mode = SYNC_JOBS_SNAPSHOT;
	reply->jobs_revision = 44;
	reply->jobs_digest = UINT64_C(0x0123456789abcdef);
	reply->jobs_more = true;
	g_array_append_val(reply->upserts, upsert);
	g_array_append_val(reply->commands, command);
	g_ptr_array_add(reply->deletes, g_strdup("j2"));
	struct sync_move move = { "j2", { 1795435200654000 }, true };
	g_array_append_val(reply->moves, move);
	struct sync_away away[] = { { "j1", { 1795435200100000 }, { 1795435200123000 } }, { "j2", { 1795435200200000 }, { 1795435200300000 } } };
	g_array_append_vals(reply->away, away, G_N_ELEMENTS(away));
	reply->lease_until = (struct wall){ 1795435200001000 };
}

START_TEST(test_an_order_to_cancel_round_trips_with_its_age_and_author)
{
	struct sync_command cancel = { .id = 13, .type = SYNC_COMMAND_CANCEL, .job_id = "j1", .one = true, .age_ms = 800, .author = "ann" };
	struct sync_reply reply, back;
	g_autoptr(GPtrArray) refused = NULL;
	cancel.execution_id = fire_id_random();
	fill_reply(&reply);
	g_array_append_val(reply.commands, cancel);
	json_t *json = sync_reply_to_json(&reply);
	char *text = json_dumps(json, JSON_COMPACT);
	ck_assert(sync_reply_decode(text, strlen(text), &back, &refused, NULL));
	ck_assert_uint_eq(back.commands->len, 2);
	const struct sync_command *got = &g_array_index(back.commands, struct sync_command, 1);
	ck_assert_int_eq(got->type, SYNC_COMMAND_CANCEL);
	ck_assert(got->one && fire_id_equal(got->execution_id, cancel.execution_id));
	ck_assert_int_eq(got->age_ms, 800);
	ck_assert_str_eq(got->author, "ann");
	sync_reply_clear(&reply);
	sync_reply_clear(&back);
	json_decref(json);
	free(text);
}
END_TEST

START_TEST(test_an_order_to_rotate_the_key_round_trips_and_is_about_no_job)
{
	struct sync_command rotate = { .id = 14, .type = SYNC_COMMAND_ROTATE };
	struct sync_reply reply, back;
	g_autoptr(GPtrArray) refused = NULL;
	fill_reply(&reply);
	g_array_append_val(reply.commands, rotate);
	json_t *json = sync_reply_to_json(&reply);
	ck_assert_ptr_null(json_object_get(json_array_get(json_object_get(json, "commands"), 1), "jobId"));
	char *text = json_dumps(json, JSON_COMPACT);
	ck_assert(sync_reply_decode(text, strlen(text), &back, &refused, NULL));
	ck_assert_uint_eq(back.commands->len, 2);
	const struct sync_command *got = &g_array_index(back.commands, struct sync_command, 1);
	ck_assert_int_eq(got->type, SYNC_COMMAND_ROTATE);
	ck_assert_int_eq(got->id, 14);
	ck_assert_str_eq(got->job_id, "");
	sync_reply_clear(&reply);
	sync_reply_clear(&back);
	json_decref(json);
	free(text);
}
END_TEST

START_TEST(test_a_sync_reply_round_trips_secrets_included)
{
	struct sync_reply reply, back;
	fill_reply(&reply);
	json_t *json = sync_reply_to_json(&reply);
	char *text = json_dumps(json, JSON_COMPACT);
	g_autoptr(GPtrArray) refused = NULL;
	g_autoptr(GError) error = NULL;
	ck_assert_msg(sync_reply_decode(text, strlen(text), &back, &refused, &error), "%s",
		      error ? error->message : "");
	ck_assert_uint_eq(refused->len, 0);
	ck_assert_str_eq(back.sync_id, "0a1b-7");
	ck_assert_int_eq(back.lives, 3);
	ck_assert_int_eq(back.acked_seq, 150);
	ck_assert_int_eq(back.server_time.us, reply.server_time.us);
	ck_assert_int_eq(back.next_sync_ms, 1000);
	ck_assert_int_eq(back.jobs_mode, SYNC_JOBS_SNAPSHOT);
	ck_assert_int_eq(back.jobs_revision, 44);
	ck_assert_uint_eq(back.jobs_digest, reply.jobs_digest);
	ck_assert(back.jobs_more);
	ck_assert_uint_eq(back.upserts->len, 1);
	const struct sync_upsert *upsert = &g_array_index(back.upserts, struct sync_upsert, 0);
	ck_assert_str_eq(upsert->target_key, "agent-key");
	ck_assert_str_eq(upsert->job->id, "j1");
	ck_assert_int_eq(upsert->job->revision, 9);
	ck_assert_str_eq(upsert->job->headers[0].value, "Bearer s");
	ck_assert_int_eq(upsert->since.us, 1795435200123000);
	ck_assert_str_eq(g_ptr_array_index(back.deletes, 0), "j2");
	ck_assert_str_eq(g_array_index(back.moves, struct sync_move, 0).job_id, "j2");
	ck_assert_int_eq(g_array_index(back.moves, struct sync_move, 0).border.us, 1795435200654000);
	ck_assert(g_array_index(back.moves, struct sync_move, 0).ended);
	ck_assert_uint_eq(back.away->len, 2);
	const struct sync_away *away = &g_array_index(back.away, struct sync_away, 1);
	ck_assert_str_eq(away->job_id, "j2");
	ck_assert_int_eq(away->after.us, 1795435200200000);
	ck_assert_int_eq(away->until.us, 1795435200300000);
	ck_assert_int_eq(back.lease_until.us, 1795435200001000);
	const struct sync_command *command = &g_array_index(back.commands, struct sync_command, 0);
	ck_assert_int_eq(command->id, 12);
	ck_assert_str_eq(command->job_id, "j1");
	free(text);
	json_decref(json);
	sync_reply_clear(&reply);
	sync_reply_clear(&back);
}
END_TEST

START_TEST(test_a_reply_of_a_central_that_knows_nothing_of_away_is_read)
{
	struct sync_reply reply, back;
	fill_reply(&reply);
	json_t *json = sync_reply_to_json(&reply);
	ck_assert_int_eq(json_object_del(json_object_get(json, "jobSet"), "away"), 0);
	char *text = json_dumps(json, JSON_COMPACT);
	g_autoptr(GPtrArray) refused = NULL;
	ck_assert(sync_reply_decode(text, strlen(text), &back, &refused, NULL));
	ck_assert_uint_eq(back.away->len, 0);
	ck_assert_uint_eq(back.moves->len, 1);
	free(text);
	json_decref(json);
	sync_reply_clear(&reply);
	sync_reply_clear(&back);
}
END_TEST

START_TEST(test_a_job_this_agent_cannot_read_is_left_out_and_named)
{
	struct sync_reply reply, back;
	fill_reply(&reply);
	json_t *json = sync_reply_to_json(&reply);
	json_t *upserts = json_object_get(json_object_get(json, "jobSet"), "upserts");
	json_t *newer = json_deep_copy(json_array_get(upserts, 0));
	json_object_set_new(json_object_get(newer, "job"), "jobId", json_string("j3"));
	json_object_set_new(json_object_get(newer, "job"), "warpSpeed", json_integer(9));
	json_array_append_new(upserts, newer);
	json_array_append_new(json_object_get(json, "commands"), json_pack("{s:i, s:s}", "id", 13, "type", "dance"));
	char *text = json_dumps(json, JSON_COMPACT);
	g_autoptr(GPtrArray) refused = NULL;
	ck_assert(sync_reply_decode(text, strlen(text), &back, &refused, NULL));
	ck_assert_uint_eq(back.upserts->len, 1);
	ck_assert_uint_eq(back.commands->len, 1);
	ck_assert_uint_eq(refused->len, 2);
	ck_assert_str_eq(g_ptr_array_index(refused, 0), "j3: warpSpeed: unknown field");
	ck_assert_str_eq(g_ptr_array_index(refused, 1),
			 "command 13: this agent does not know the type \"dance\"; update it");
	free(text);
	json_decref(json);
	sync_reply_clear(&reply);
	sync_reply_clear(&back);
}
END_TEST

static const char *const bad_replies[] = {
	"",
	"[]",
	"{}",
	"{\"version\":1}",
	"{\"version\":1,\"ackedSeq\":-1}",
	"{\"version\":1,\"ackedSeq\":1,\"serverTime\":\"2026-11-23T12:00:00Z\",\"nextSyncMs\":99999999999}",
	"{\"version\":1,\"ackedSeq\":1,\"serverTime\":\"2026-11-23T12:00:00Z\",\"nextSyncMs\":1,\"jobSet\":{\"mode\":"
	"\"most\"}}",
	"{\"version\":1,\"ackedSeq\":1,\"serverTime\":\"2026-11-23T12:00:00Z\",\"nextSyncMs\":1,"
	"\"jobSet\":{\"mode\":\"delta\",\"revision\":1,\"digest\":\"0000000000000000\",\"upserts\":[1]}}",
	"{\"version\":1,\"ackedSeq\":1,\"serverTime\":\"2026-11-23T12:00:00Z\",\"nextSyncMs\":1,"
	"\"jobSet\":{\"mode\":\"delta\",\"revision\":1,\"digest\":\"0000000000000000\",\"upserts\":[{\"job\":{"
	"\"jobId\":\"a b\",\"revision\":1}}]}}",
	"{\"version\":1,\"ackedSeq\":1,\"serverTime\":\"2026-11-23T12:00:00Z\",\"nextSyncMs\":1,"
	"\"jobSet\":{\"mode\":\"delta\",\"revision\":1,\"digest\":\"0000000000000000\",\"deletes\":[\"../x\"]}}",
	"{\"version\":1,\"ackedSeq\":1,\"serverTime\":\"2026-11-23T12:00:00Z\",\"nextSyncMs\":1,"
	"\"jobSet\":{\"mode\":\"delta\",\"revision\":1,\"digest\":\"0000000000000000\",\"away\":[{\"jobId\":\"j\","
	"\"after\":\"2026-11-23T12:00:02Z\",\"until\":\"2026-11-23T12:00:01Z\"}]}}",
	"{\"version\":1,\"ackedSeq\":1,\"serverTime\":\"2026-11-23T12:00:00Z\",\"nextSyncMs\":1,"
	"\"jobSet\":{\"mode\":\"none\",\"revision\":1,\"digest\":\"0000000000000000\"},\"commands\":[{\"id\":1,"
	"\"type\":\"run\"}]}",
};

START_TEST(test_a_wrong_reply_is_refused_whole)
{
	struct sync_reply reply;
	GPtrArray *refused = NULL;
	g_autoptr(GError) error = NULL;
	ck_assert(!sync_reply_decode(bad_replies[_i], strlen(bad_replies[_i]), &reply, &refused, &error));
	ck_assert_ptr_nonnull(error);
	ck_assert_ptr_null(refused);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, test_the_digest_of_a_job_set_is_frozen);
	tcase_add_test(tests, test_a_sync_request_round_trips);
	tcase_add_loop_test(tests, test_a_wrong_request_gets_a_sentence, 0, G_N_ELEMENTS(bad_requests));
	tcase_add_test(tests, test_requests_are_bounded);
	tcase_add_test(tests, test_one_poison_record_does_not_spoil_its_message);
	tcase_add_test(tests, test_a_sync_reply_round_trips_secrets_included);
	tcase_add_test(tests, test_an_order_to_cancel_round_trips_with_its_age_and_author);
	tcase_add_test(tests, test_an_order_to_rotate_the_key_round_trips_and_is_about_no_job);
	tcase_add_test(tests, test_a_reply_of_a_central_that_knows_nothing_of_away_is_read);
	tcase_add_test(tests, test_a_job_this_agent_cannot_read_is_left_out_and_named);
	tcase_add_loop_test(tests, test_a_wrong_reply_is_refused_whole, 0, G_N_ELEMENTS(bad_replies));
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
