#include "agent/rotation.h"

#include <string.h>

#include "common/log.h"

#define ROTATE_REPLY_MAX (64 * 1024)

/* Once for each cause: the order is repeated with each sync. */
static void say(struct rotation *rotation, const char *problem)
{
	if (strcmp(rotation->problem, problem) == 0)
		return;
	g_strlcpy(rotation->problem, problem, sizeof rotation->problem);
	log_warning("the agent's key is not changed yet; trying again", "error", rotation->problem, NULL);
}

static bool swap(struct rotation *rotation)
{
	if (!key_ring_swap(rotation->ring))
		return false;
	central_client_set_key(rotation->client, key_ring_key(rotation->ring));
	return true;
}

enum rotation_step rotation_carry_out(struct rotation *rotation)
{
	char hash[KEY_RING_HASH_SIZE];
	struct central_answer answer;
	g_autoptr(GError) error = NULL;
	enum rotation_step step = ROTATION_LATER;
	if (!key_ring_next(rotation->ring, hash, &error)) {
		say(rotation, error->message);
		return step;
	}
	g_autofree char *body = g_strdup_printf("{\"keySha256\":\"%s\"}", hash);
	central_client_post(rotation->client, "/api/agent/rotate", body, strlen(body), ROTATE_REPLY_MAX, &answer);
	if (answer.interrupted) {
		step = ROTATION_STOPPED;
	} else if (answer.status >= 200 && answer.status <= 299) {
		swap(rotation);
		step = ROTATION_TOLD;
	} else {
		say(rotation, answer.error);
	}
	central_answer_clear(&answer);
	return step;
}

void rotation_accepted(struct rotation *rotation)
{
	g_autoptr(GError) error = NULL;
	rotation->refused = 0;
	if (!key_ring_shows_next(rotation->ring))
		return;
	if (!key_ring_settle(rotation->ring, &error)) {
		say(rotation, error->message);
		return;
	}
	rotation->problem[0] = '\0';
	log_info("this agent has a new key; the old one opens nothing any more", NULL);
}

bool rotation_refused(struct rotation *rotation)
{
	return swap(rotation) && ++rotation->refused == 1;
}
