/* Any bytes as a message of the other side; what is taken must survive being sent again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_execution(const json_t *json)
{
	struct execution record, back;
	if (!wire_parse_execution(json, &record, NULL))
		return;
	GString *text = g_string_new(NULL), *again = g_string_new(NULL);
	wire_append_execution(text, &record);
	json_t *written = json_loads(text->str, 0, NULL);
	assert(written != NULL && wire_parse_execution(written, &back, NULL));
	wire_append_execution(again, &back);
	assert(strcmp(text->str, again->str) == 0);
	execution_clear(&record);
	execution_clear(&back);
	json_decref(written);
	g_string_free(text, TRUE);
	g_string_free(again, TRUE);
}

static void check_event(const json_t *json)
{
	struct agent_event event, back;
	if (!wire_parse_event(json, &event, NULL))
		return;
	GString *text = g_string_new(NULL);
	wire_append_event(text, &event);
	json_t *written = json_loads(text->str, 0, NULL);
	assert(written != NULL && wire_parse_event(written, &back, NULL) && strcmp(event.detail, back.detail) == 0);
	g_free(event.detail);
	g_free(back.detail);
	json_decref(written);
	g_string_free(text, TRUE);
}

static void check_request(const char *body, size_t size)
{
	struct sync_request request, back;
	if (!sync_request_decode(body, size, &request, NULL))
		return;
	size_t i;
	json_t *record;
	json_array_foreach(request.record_array, i, record)
	{
		if (wire_record_is_event(record))
			check_event(record);
		else
			check_execution(record);
	}
	GString *text = sync_request_encode(&request);
	assert(sync_request_decode(text->str, text->len, &back, NULL));
	assert(back.first_seq == request.first_seq && back.jobs_digest == request.jobs_digest);
	sync_request_clear(&request);
	sync_request_clear(&back);
	g_string_free(text, TRUE);
}

static void check_reply(const char *body, size_t size)
{
	struct sync_reply reply, back;
	GPtrArray *refused = NULL;
	if (!sync_reply_decode(body, size, &reply, &refused, NULL))
		return;
	g_ptr_array_unref(refused);
	json_t *json = sync_reply_to_json(&reply);
	char *text = json_dumps(json, JSON_COMPACT);
	assert(text != NULL && sync_reply_decode(text, strlen(text), &back, &refused, NULL));
	assert(back.upserts->len == reply.upserts->len && refused->len == 0);
	g_ptr_array_unref(refused);
	free(text);
	json_decref(json);
	sync_reply_clear(&reply);
	sync_reply_clear(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_request((const char *)data, size);
	check_reply((const char *)data, size);
	return 0;
}
