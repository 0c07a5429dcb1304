/*
 * Verification of the audit: does every entry still say what it said when it was written? Owns the canonical form of an
 * entry and the reading of the chain; the making is migration 0011's, and the two are written apart on purpose.
 *
 * hash(n) = SHA-256(hash(n - 1), 32 zero bytes for n = 1, then each field as "LENGTH:TEXT;", NULL as "-;": audit id,
 * instant in microseconds since 1970, actor, action, object, before, after, request id).
 *
 * The chain shows changes by whoever cannot also write all later links anew. For those who can, note the head elsewhere
 * (central logs it every hour) and pass it in: a chain that was made anew, or cut at its end, has another hash there.
 */
#ifndef BELFRY_AUDIT_CHAIN_H
#define BELFRY_AUDIT_CHAIN_H

#include <sodium.h>

#include "central/db.h"

#define AUDIT_HASH_BYTES crypto_hash_sha256_BYTES
#define AUDIT_PAGE_ROWS 2000 /* read at a time */

struct audit_entry {
	int64_t audit_id, at_us;
	const char *actor, *action, *object, *before, *after, *request_id; /* the last three may be NULL */
};
/* The hash of an entry after `previous`. Pure. */
void audit_entry_hash(const uint8_t previous[static AUDIT_HASH_BYTES], const struct audit_entry *entry,
		      uint8_t ret[static AUDIT_HASH_BYTES]);

/* A head as "SEQ:HASH" in hex, for logs and --head. */
struct audit_head { int64_t seq, audit_id; char hash[2 * AUDIT_HASH_BYTES + 1]; };
bool audit_head_parse(const char *text, struct audit_head *ret);

struct audit_report {
	int64_t entries;       /* links read */
	bool bad;
	int64_t bad_id;        /* the audit id of the first bad entry; 0 = the head itself does not fit */
	char *detail;          /* one sentence about it */
	struct audit_head head; /* the last link; seq 0 = there is none */
};
void audit_report_clear(struct audit_report *report);
/* Reads the whole chain, page by page. `expected` NULL = no head was noted. */
enum db_status audit_verify(struct db_conn *conn, const struct audit_head *expected, struct audit_report *ret);
enum db_status audit_read_head(struct db_conn *conn, struct audit_head *ret);

#endif
