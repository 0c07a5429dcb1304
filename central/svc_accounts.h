/*
 * People's accounts: made, changed, removed by admins; each change is in the audit. Does not own: logging in
 * (svc_sessions.h), how passwords are hashed (password.h).
 *
 * Changing a password or the active flag, and removing, ends the account's sessions and links: within AUTH_CACHE_MS on
 * other centrals, at once on this one (the caller tells auth_forget_sessions()).
 */
#ifndef BELFRY_SVC_ACCOUNTS_H
#define BELFRY_SVC_ACCOUNTS_H

#include "central/db_accounts.h"

#define ACCOUNT_NAME_MAX 64 /* bytes */

enum account_outcome {
	ACCOUNT_DONE,
	ACCOUNT_TAKEN,      /* the name */
	ACCOUNT_LAST_ADMIN, /* nobody could administer any more */
	ACCOUNT_BUSY,       /* too many passwords are being hashed; nothing happened */
	ACCOUNT_DB_FAILED   /* *ret_status says how */
};

/* Letters, digits and . _ - @, so that it stands in a URL as it is. */
bool account_name_is_valid(const char *name);
/* NULL, or what is wrong with it. */
const char *password_complaint(const char *password);

struct account_change {
	enum role role;       /* ROLE_OPEN = stays */
	const char *password; /* NULL = stays */
	int active;           /* -1 = stays */
};

enum account_outcome account_create(struct db_pool *pool, const struct author *author, const char *name,
				    enum role role, const char *password, struct account_row *ret,
				    enum db_status *ret_status);
enum account_outcome account_change(struct db_pool *pool, const struct author *author, const char *name,
				    const struct account_change *change, struct account_row *ret,
				    enum db_status *ret_status);
enum account_outcome account_remove(struct db_pool *pool, const struct author *author, const char *name,
				    enum db_status *ret_status);

#endif
