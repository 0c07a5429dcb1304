/*
 * Any bytes as the answer of a target, through the real runner and a loopback connection. The first byte says how many bytes
 * come before a pause, so that answers are cut at all places.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runner_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_result(const struct attempt_result *result)
{
	assert(result->outcome >= 0 && result->outcome < ATTEMPT_OUTCOME_MAX_);
	assert(result->outcome != ATTEMPT_RESPONSE || result->http_status >= 200);
	assert(result->outcome == ATTEMPT_RESPONSE || result->error != NULL);
	assert(result->outcome != ATTEMPT_CONNECT &&
	       result->outcome != ATTEMPT_REFUSED); /* the request has been sent */
	assert(result->error == NULL || g_utf8_validate(result->error, -1, NULL));
	assert(result->body_size <= RESPONSE_BODY_MAX);
	assert((result->body == NULL) == (result->body_digest == NULL));
	assert(result->retry_after_ms >= -1 && result->retry_after_ms <= RETRY_AFTER_READ_MAX_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world *world;
	static struct job *job;
	if (world == NULL) {
		world = world_new(NULL, NULL);
		world->closes = true;
		job = world_job(world, "{\"api\":\"http://127.0.0.1:PORT/\",\"timeoutMs\":5000}");
	}
	if (size < 2)
		return 0;
	g_autofree char *answer = g_memdup2(data + 1, size - 1);
	world->answer = answer;
	world->answer_size = size - 1;
	world->piece = data[0];
	struct ended *ended = world_start(world, job);
	world_wait(world);
	check_result(&ended->result);
	ended_free(ended);
	return 0;
}
