#include "central/password.h"

#include <stdatomic.h>
#include <string.h>

#include <sodium.h>

static atomic_int running;

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "room for the text of libsodium");

static bool enter(void)
{
	if (atomic_fetch_add(&running, 1) < PASSWORD_RUNS_MAX)
		return true;
	atomic_fetch_sub(&running, 1);
	return false;
}

static void leave(void)
{
	atomic_fetch_sub(&running, 1);
}

enum password_result password_hash(const char *password, char ret[static PASSWORD_HASH_SIZE])
{
	if (!enter())
		return PASSWORD_BUSY;
	int failed = crypto_pwhash_str_alg(ret, password, strlen(password), PASSWORD_PASSES, PASSWORD_MEMORY_BYTES,
					   crypto_pwhash_ALG_ARGON2ID13);
	leave();
	/* It fails without memory only. */
	return failed ? PASSWORD_BUSY : PASSWORD_OK;
}

enum password_result password_verify(const char *hash, const char *password)
{
	char unused[PASSWORD_HASH_SIZE];
	if (hash == NULL)
		return password_hash(password, unused) == PASSWORD_OK ? PASSWORD_WRONG : PASSWORD_BUSY;
	if (!enter())
		return PASSWORD_BUSY;
	int failed = crypto_pwhash_str_verify(hash, password, strlen(password));
	leave();
	return failed ? PASSWORD_WRONG : PASSWORD_OK;
}
