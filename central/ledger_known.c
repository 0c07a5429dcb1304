#include "central/ledger_known.h"

enum { KNOWN_FROM = 2, KNOWN_UNTIL }; /* after job and target key, in whose order they stand */

enum db_status ledger_known_read(struct db_conn *conn, const char *ids, struct wall from, int64_t offline_ms,
				 struct ledger_known *ret)
{
	struct db_params tenures = { 0 }, unheard = { 0 };
	ret->grace_ms = MAX(LEDGER_SETTLE_MS, offline_ms);
	db_param_text(&tenures, ids);
	enum db_status status = db_run(conn, "ledger_tenures", &tenures, &ret->tenures);
	db_param_text(&unheard, ids);
	db_param_wall(&unheard, wall_add_ms(from, -ret->grace_ms));
	return status == DB_OK ? db_run(conn, "ledger_unheard", &unheard, &ret->unheard) : status;
}

void ledger_known_clear(struct ledger_known *known)
{
	db_result_free(g_steal_pointer(&known->tenures));
	db_result_free(g_steal_pointer(&known->unheard));
}

static struct wall until_of(const struct db_result *result, int row)
{
	return db_is_null(result, row, KNOWN_UNTIL) ? WALL_NEVER : db_wall(result, row, KNOWN_UNTIL);
}

/* Until it knew, and for the grace after that. */
static void add_span(GArray *spans, struct wall from, struct wall knew, int64_t grace_ms)
{
	bool ends = wall_before(knew, WALL_NEVER);
	struct ledger_span span = { from, ends ? wall_add_ms(knew, grace_ms) : WALL_NEVER };
	g_array_append_val(spans, span);
}

/* A holder that takes over where another one ends is told the border, and decides what was due since: no grace there. */
static void add_untenanted(const struct ledger_known *known, const char *job_id, const char *target_key, GArray *spans)
{
	struct wall held_until = WALL_NONE;
	struct db_range own = db_rows_where(known->tenures, job_id, target_key);
	for (int i = own.from; i < own.to; i++) {
		struct wall from = db_wall(known->tenures, i, KNOWN_FROM);
		if (wall_before(held_until, from))
			add_span(spans, held_until, from, known->grace_ms);
		held_until = wall_max(held_until, until_of(known->tenures, i));
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct ledger_span *x = a, *y = b;
	return x->from.us < y->from.us ? -1 : x->from.us > y->from.us;
}

GArray *ledger_known_spans(const struct ledger_known *known, const char *job_id, const char *target_key,
			   const GArray *revisions)
{
	GArray *spans = g_array_new(FALSE, FALSE, sizeof(struct ledger_span));
	struct db_range unheard = db_rows_where(known->unheard, job_id, target_key);
	add_untenanted(known, job_id, target_key, spans);
	for (guint i = 0; i < revisions->len; i++) {
		struct wall at = g_array_index(revisions, struct ledger_revision, i).at;
		add_span(spans, at, at, known->grace_ms);
	}
	for (int i = unheard.from; i < unheard.to; i++)
		add_span(spans, db_wall(known->unheard, i, KNOWN_FROM), until_of(known->unheard, i), known->grace_ms);
	g_array_sort(spans, compare_spans);
	return spans;
}
