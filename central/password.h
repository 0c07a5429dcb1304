/*
 * Passwords: argon2id, slow and large on purpose. Owns: their cost, and how many may be computed at once.
 * Does not own: where they are kept, who may try how often (svc_sessions.h).
 *
 * A computation takes tens of milliseconds of the calling thread and PASSWORD_MEMORY_BYTES. Nobody waits for a place:
 * with PASSWORD_RUNS_MAX at work the answer is PASSWORD_BUSY, so logins can hold up that many threads and no more.
 */
#ifndef BELFRY_CENTRAL_PASSWORD_H
#define BELFRY_CENTRAL_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_PASSES 3
#define PASSWORD_MEMORY_BYTES (32 * 1024 * 1024) /* above OWASP's least: 19 MiB with 2 passes */
#define PASSWORD_RUNS_MAX 2
#define PASSWORD_MIN 10                          /* bytes */
#define PASSWORD_MAX 256
#define PASSWORD_HASH_SIZE 128                   /* of the text that is stored, NUL included */

enum password_result { PASSWORD_OK, PASSWORD_WRONG, PASSWORD_BUSY };

enum password_result password_hash(const char *password, char ret[static PASSWORD_HASH_SIZE]);
/* `hash` NULL: there is no such account; takes as long as a wrong password does. */
enum password_result password_verify(const char *hash, const char *password);

#endif
