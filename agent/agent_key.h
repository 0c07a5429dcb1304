/*
 * The files that say who this agent is. Owns: <state_dir>/agent.key and, while the key is being changed, agent.key.next. Does
 * not own: how a key is got (enroll.h) and changed (key_ring.h).
 *
 * Both are GKeyFile text with group [agent] and the keys id, key, name, central; mode 0600. Any thread; two that write must
 * not meet.
 */
#ifndef BELFRY_AGENT_AGENT_KEY_H
#define BELFRY_AGENT_AGENT_KEY_H

#include <stdbool.h>

#include <glib.h>

#define AGENT_KEY_WORD_MAX 512 /* bytes of an id or a key */

struct agent_key {
	char *id;      /* UUID */
	char *key;     /* base64url */
	char *name;    /* as central knows it; NULL = the file does not say */
	char *central; /* URL; NULL = the file does not say */
};
void agent_key_clear(struct agent_key *key);

/* Sets the error, one sentence with what to do, and returns false: for all that has to do with keys. */
bool agent_key_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

enum agent_key_file { AGENT_KEY_NOW, AGENT_KEY_NEXT };
/* The error is one sentence with what to do. */
bool agent_key_load(const char *state_dir, enum agent_key_file file, struct agent_key *ret, GError **error);
bool agent_key_exists(const char *state_dir, enum agent_key_file file);
/* Durable when it returns true; before that the file is the old one or the new one. Makes the folder too. */
bool agent_key_write(const char *state_dir, enum agent_key_file file, const struct agent_key *key, GError **error);
/* agent.key.next becomes agent.key, in one step. False: it may have, and may not be durable. */
bool agent_key_replace(const char *state_dir, GError **error);
/* Removes agent.key.next if it is there. */
void agent_key_drop_next(const char *state_dir);

/* Is it 1..AGENT_KEY_WORD_MAX visible characters? NULL is not. */
bool agent_key_is_word(const char *text);

#endif
