/*
 * The key that this agent shows to central, and how it is changed without ever being without one that opens. Owns: which of
 * two keys is shown. Does not own: the files (agent_key.h), the talk with central (rotation.h).
 *
 *     agent.key   agent.key.next   shown     what happened
 *     K1          -                K1
 *     K1          K2               K1        K2 was made, and is durable; central may know its hash
 *     K1          K2               K2        central said that it knows it, or refused K1
 *     K2          -                K2        a sync with K2 was answered: K1 opens nothing any more
 *
 * Each line is durable before the next one begins, so a crash anywhere leaves the key that central takes on disk. A start
 * begins with agent.key; when that is refused the other one is shown.
 *
 * One thread at a time, but for key_ring_id().
 */
#ifndef BELFRY_AGENT_KEY_RING_H
#define BELFRY_AGENT_KEY_RING_H

#include <stdbool.h>

#include <glib.h>

#define KEY_RING_HASH_SIZE 65 /* SHA-256 as hex, NUL */

struct key_ring;

/* NULL: there is no agent.key that can be used. A next key of another identity is not looked at. */
struct key_ring *key_ring_open(const char *state_dir, GError **error);
void key_ring_free(struct key_ring *ring);

const char *key_ring_id(const struct key_ring *ring);  /* the agent's; any thread */
const char *key_ring_key(const struct key_ring *ring); /* to be shown now; until the next call that may change it */

/* The SHA-256 of the next key, which is made first when there is none; it is durable then. */
bool key_ring_next(struct key_ring *ring, char ret_hash[static KEY_RING_HASH_SIZE], GError **error);
/* From now on the other key is shown. False: there is one only. */
bool key_ring_swap(struct key_ring *ring);
/* Is the next key shown? */
bool key_ring_shows_next(const struct key_ring *ring);
/* Central has taken the next key, which is shown: it becomes the only one. On failure both stay; to be tried again. */
bool key_ring_settle(struct key_ring *ring, GError **error);

#endif
