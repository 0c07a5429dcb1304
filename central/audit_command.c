#include "central/audit_command.h"

#include <stdio.h>

#include "central/audit_chain.h"

enum { FITS = 0, NOT_READ = 1, USAGE = 2, TAMPERED = 3 };

static int tell(const struct audit_report *report)
{
	if (report->head.seq > 0)
		printf("%" G_GINT64_FORMAT " entries, head %" G_GINT64_FORMAT ":%s\n", report->entries, report->head.seq,
		       report->head.hash);
	else
		printf("the audit has no entries\n");
	if (!report->bad)
		return FITS;
	if (report->bad_id != 0)
		printf("entry %" G_GINT64_FORMAT ": %s\n", report->bad_id, report->detail);
	else
		printf("%s\n", report->detail);
	return TAMPERED;
}

int audit_command_verify(const struct central_config *config, const char *head)
{
	struct audit_head expected;
	struct audit_report report = { 0 };
	g_autoptr(GError) error = NULL;
	if (head != NULL && !audit_head_parse(head, &expected)) {
		fprintf(stderr, "belfry-central: --head %s: is not NUMBER:HASH with 64 hex digits\n", head);
		return USAGE;
	}
	struct db_pool *pool = db_pool_new("audit", config->database, 1, config->statement_timeout_ms, DB_PLANS_KEPT, &error);
	struct db_conn *conn = NULL;
	enum db_status status = pool != NULL ? db_acquire(pool, &conn) : DB_AWAY;
	if (status == DB_OK)
		status = audit_verify(conn, head != NULL ? &expected : NULL, &report);
	int result = NOT_READ;
	if (status == DB_OK)
		result = tell(&report);
	else
		fprintf(stderr, "belfry-central: the audit cannot be read: %s: %s\n", db_status_name(status),
			error != NULL ? error->message : conn != NULL ? db_message(conn) : "");
	audit_report_clear(&report);
	db_release(conn);
	db_pool_free(pool);
	return result;
}
