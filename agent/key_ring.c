#include "agent/key_ring.h"

#include <string.h>

#include <sodium.h>

#include "agent/agent_key.h"

#define KEY_BYTES 32
#define KEY_TEXT_SIZE 44 /* 43 characters of base64url, NUL: as central makes them */

struct key_ring {
	char *state_dir;
	struct agent_key now, next; /* next.key NULL = there is none */
	bool shows_next;
};

struct key_ring *key_ring_open(const char *state_dir, GError **error)
{
	struct agent_key now, next = { .id = NULL };
	if (!agent_key_load(state_dir, AGENT_KEY_NOW, &now, error))
		return NULL;
	struct key_ring *ring = g_new0(struct key_ring, 1);
	ring->state_dir = g_strdup(state_dir);
	ring->now = now;
	/* One that cannot be read, or was left by an identity before this one, is written over by the next order. */
	if (agent_key_load(state_dir, AGENT_KEY_NEXT, &next, NULL)) {
		if (strcmp(next.id, now.id) == 0)
			ring->next = next;
		else
			agent_key_clear(&next);
	}
	return ring;
}

void key_ring_free(struct key_ring *ring)
{
	if (ring == NULL)
		return;
	agent_key_clear(&ring->now);
	agent_key_clear(&ring->next);
	g_free(ring->state_dir);
	g_free(ring);
}

const char *key_ring_id(const struct key_ring *ring)
{
	return ring->now.id;
}

const char *key_ring_key(const struct key_ring *ring)
{
	return ring->shows_next ? ring->next.key : ring->now.key;
}

static void make_key(char ret[static KEY_TEXT_SIZE])
{
	unsigned char bytes[KEY_BYTES];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(ret, KEY_TEXT_SIZE, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof bytes);
}

static bool make_next(struct key_ring *ring, GError **error)
{
	char text[KEY_TEXT_SIZE];
	make_key(text);
	struct agent_key next = {
		.id = g_strdup(ring->now.id),
		.key = g_strdup(text),
		.name = g_strdup(ring->now.name),
		.central = g_strdup(ring->now.central),
	};
	sodium_memzero(text, sizeof text);
	if (!agent_key_write(ring->state_dir, AGENT_KEY_NEXT, &next, error)) {
		agent_key_clear(&next);
		return false;
	}
	ring->next = next;
	return true;
}

bool key_ring_next(struct key_ring *ring, char ret_hash[static KEY_RING_HASH_SIZE], GError **error)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	if (ring->shows_next) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the key before is not replaced on disk yet");
		return false;
	}
	if (ring->next.key == NULL && !make_next(ring, error))
		return false;
	crypto_hash_sha256(hash, (const uint8_t *)ring->next.key, strlen(ring->next.key));
	sodium_bin2hex(ret_hash, KEY_RING_HASH_SIZE, hash, sizeof hash);
	return true;
}

bool key_ring_swap(struct key_ring *ring)
{
	if (ring->next.key == NULL)
		return false;
	ring->shows_next = !ring->shows_next;
	return true;
}

bool key_ring_shows_next(const struct key_ring *ring)
{
	return ring->shows_next;
}

/* Is the file ours to replace? An enrolment may have put another identity there while we ran. */
static bool may_replace(const struct key_ring *ring, bool *ret_done, GError **error)
{
	struct agent_key found;
	if (!agent_key_load(ring->state_dir, AGENT_KEY_NOW, &found, error))
		return false;
	bool ours = strcmp(found.id, ring->now.id) == 0;
	*ret_done = ours && strcmp(found.key, ring->next.key) == 0;
	ours = ours && (*ret_done || strcmp(found.key, ring->now.key) == 0);
	agent_key_clear(&found);
	if (!ours)
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			    "%s/agent.key is another agent's by now: restart this one", ring->state_dir);
	return ours;
}

bool key_ring_settle(struct key_ring *ring, GError **error)
{
	bool done = false;
	/* Done: renamed by a try before this one, which then failed to make it durable. Writing it again does. */
	if (!may_replace(ring, &done, error) ||
	    !(done ? agent_key_write(ring->state_dir, AGENT_KEY_NOW, &ring->next, error) : agent_key_replace(ring->state_dir, error)))
		return false;
	g_free(ring->now.key);
	ring->now.key = g_steal_pointer(&ring->next.key);
	agent_key_clear(&ring->next);
	ring->shows_next = false;
	return true;
}
