#include "central/audit_chain.h"

#include <string.h>

/* Columns of audit_chain_read. */
enum { SEQ, AUDIT_ID, HASH, IS_THERE, AT_US, ACTOR, ACTION, OBJECT, BEFORE, AFTER, REQUEST_ID };

/* Where the reading is. */
struct walk {
	struct db_conn *conn;
	const struct audit_head *expected;
	struct audit_report *report;
	uint8_t previous[AUDIT_HASH_BYTES];
};

static void add_part(crypto_hash_sha256_state *state, const char *text)
{
	char head[24];
	size_t size = text != NULL ? strlen(text) : 0;
	int n = text != NULL ? g_snprintf(head, sizeof head, "%zu:", size) : g_snprintf(head, sizeof head, "-");
	crypto_hash_sha256_update(state, (const uint8_t *)head, (unsigned long long)n);
	if (text != NULL)
		crypto_hash_sha256_update(state, (const uint8_t *)text, size);
	crypto_hash_sha256_update(state, (const uint8_t *)";", 1);
}

static void add_number(crypto_hash_sha256_state *state, int64_t number)
{
	char text[24];
	g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT, number);
	add_part(state, text);
}

void audit_entry_hash(const uint8_t previous[static AUDIT_HASH_BYTES], const struct audit_entry *entry,
		      uint8_t ret[static AUDIT_HASH_BYTES])
{
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, previous, AUDIT_HASH_BYTES);
	add_number(&state, entry->audit_id);
	add_number(&state, entry->at_us);
	const char *const texts[] = { entry->actor,  entry->action, entry->object,
				      entry->before, entry->after,  entry->request_id };
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		add_part(&state, texts[i]);
	crypto_hash_sha256_final(&state, ret);
}

bool audit_head_parse(const char *text, struct audit_head *ret)
{
	char *end;
	size_t size = sizeof ret->hash - 1;
	gint64 seq = g_ascii_strtoll(text, &end, 10);
	if (!g_ascii_isdigit(*text) || seq < 1 || *end != ':' || strlen(end + 1) != size ||
	    strspn(end + 1, "0123456789abcdef") != size)
		return false;
	*ret = (struct audit_head){ .seq = seq };
	g_strlcpy(ret->hash, end + 1, sizeof ret->hash);
	return true;
}

void audit_report_clear(struct audit_report *report)
{
	g_clear_pointer(&report->detail, g_free);
}

/* The first one is what people are told; those after it follow from it more often than not. */
static void complain(struct audit_report *report, int64_t audit_id, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void complain(struct audit_report *report, int64_t audit_id, const char *format, ...)
{
	if (report->bad)
		return;
	va_list args;
	va_start(args, format);
	report->detail = g_strdup_vprintf(format, args);
	va_end(args);
	report->bad = true;
	report->bad_id = audit_id;
}

static bool hash_fits(const struct walk *walk, const struct db_result *rows, int row)
{
	struct audit_entry entry = {
		.audit_id = db_int(rows, row, AUDIT_ID),
		.at_us = db_int(rows, row, AT_US),
		.actor = db_text(rows, row, ACTOR),
		.action = db_text(rows, row, ACTION),
		.object = db_text(rows, row, OBJECT),
		.before = db_text_or_null(rows, row, BEFORE),
		.after = db_text_or_null(rows, row, AFTER),
		.request_id = db_text_or_null(rows, row, REQUEST_ID),
	};
	uint8_t hash[AUDIT_HASH_BYTES];
	char hex[2 * AUDIT_HASH_BYTES + 1];
	audit_entry_hash(walk->previous, &entry, hash);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	return strcmp(hex, db_text(rows, row, HASH)) == 0;
}

static void check_row(struct walk *walk, const struct db_result *rows, int row)
{
	struct audit_report *report = walk->report;
	int64_t seq = db_int(rows, row, SEQ), audit_id = db_int(rows, row, AUDIT_ID);
	const char *hash = db_text(rows, row, HASH);
	if (seq != report->head.seq + 1)
		complain(report, audit_id,
			 "before this entry the chain lacks number %" G_GINT64_FORMAT "; entries were removed",
			 report->head.seq + 1);
	if (!db_bool(rows, row, IS_THERE))
		complain(report, audit_id, "the entry was removed; its link is still there");
	else if (!hash_fits(walk, rows, row))
		complain(report, audit_id, "the entry is not what was written: its hash does not fit");
	if (walk->expected != NULL && walk->expected->seq == seq && strcmp(walk->expected->hash, hash) != 0)
		complain(report, audit_id, "the chain was made anew: number %" G_GINT64_FORMAT " had another hash",
			 seq);
	report->entries++;
	report->head.seq = seq;
	report->head.audit_id = audit_id;
	g_strlcpy(report->head.hash, hash, sizeof report->head.hash);
	sodium_hex2bin(walk->previous, sizeof walk->previous, hash, strlen(hash), NULL, NULL, NULL);
}

static enum db_status read_page(struct walk *walk, int *ret_rows)
{
	DB_RESULT_AUTO struct db_result *rows = NULL;
	struct db_params params = { 0 };
	db_param_int(&params, walk->report->head.seq);
	db_param_int(&params, AUDIT_PAGE_ROWS);
	enum db_status status = db_run(walk->conn, "audit_chain_read", &params, &rows);
	if (status != DB_OK)
		return status;
	*ret_rows = db_rows(rows);
	for (int i = 0; i < *ret_rows; i++)
		check_row(walk, rows, i);
	return DB_OK;
}

static enum db_status check_unlinked(struct walk *walk)
{
	DB_RESULT_AUTO struct db_result *rows = NULL;
	enum db_status status = db_run(walk->conn, "audit_unlinked", NULL, &rows);
	if (status == DB_OK && db_rows(rows) > 0)
		complain(walk->report, db_int(rows, 0, 0), "the entry never came into the chain: it was slipped in");
	return status;
}

enum db_status audit_verify(struct db_conn *conn, const struct audit_head *expected, struct audit_report *ret)
{
	struct audit_report report = { 0 };
	struct walk walk = { .conn = conn, .expected = expected, .report = &report };
	enum db_status status;
	int rows = 0;
	do
		status = read_page(&walk, &rows);
	while (status == DB_OK && rows == AUDIT_PAGE_ROWS);
	if (status == DB_OK)
		status = check_unlinked(&walk);
	if (expected != NULL && expected->seq > report.head.seq)
		complain(&report, 0, "the chain ends at number %" G_GINT64_FORMAT "; it was longer", report.head.seq);
	if (status == DB_OK)
		*ret = report;
	else
		audit_report_clear(&report);
	return status;
}

enum db_status audit_read_head(struct db_conn *conn, struct audit_head *ret)
{
	DB_RESULT_AUTO struct db_result *rows = NULL;
	enum db_status status = db_run(conn, "audit_head", NULL, &rows);
	if (status != DB_OK)
		return status;
	*ret = (struct audit_head){ 0 };
	if (db_rows(rows) > 0) {
		ret->seq = db_int(rows, 0, 0);
		ret->audit_id = db_int(rows, 0, 1);
		g_strlcpy(ret->hash, db_text(rows, 0, 2), sizeof ret->hash);
	}
	return DB_OK;
}
