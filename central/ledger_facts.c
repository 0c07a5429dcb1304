#include "central/ledger_facts.h"

#include <string.h>

static enum db_status read_jobs(struct db_conn *conn, const struct ledger_question *question, struct db_result **ret)
{
	struct db_params params = { 0 };
	db_param_text(&params, question->after_id);
	db_param_text(&params, question->job_id);
	db_param_text(&params, question->agent_id);
	db_param_wall(&params, question->from);
	db_param_int(&params, question->limit + 1);
	return db_run(conn, "ledger_jobs", &params, ret);
}

static enum db_status read_begin(struct db_conn *conn, const struct ledger_question *question, struct wall *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(conn, "ledger_kept_from", NULL, &result);
	if (status == DB_OK)
		*ret = wall_min(wall_max(question->from, db_wall(result, 0, 0)), question->to);
	return status;
}

/* How many of the first n jobs come before this one. */
static int jobs_before(const struct db_result *jobs, int n, const char *job_id)
{
	int before = 0;
	while (before < n && strcmp(db_text(jobs, before, 0), job_id) < 0)
		before++;
	return before;
}

/* An array of the first n. */
static const char *ids_of(const struct db_result *jobs, int n, GString *ids)
{
	g_string_truncate(ids, 0);
	for (int i = 0; i < n; i++)
		db_array_append(ids, db_text(jobs, i, 0));
	return n > 0 ? db_array_close(ids) : "{}";
}

/* As many jobs as have few enough holders; one at least, whatever it has. */
static enum db_status take_jobs(struct db_conn *conn, int limit, struct ledger_facts *facts, GString *ids)
{
	DB_RESULT_AUTO struct db_result *full = NULL;
	struct db_params params = { 0 };
	facts->complete = MIN(db_rows(facts->jobs), limit);
	db_param_text(&params, ids_of(facts->jobs, facts->complete, ids));
	db_param_int(&params, LEDGER_HOLDERS_MAX);
	enum db_status status = db_run(conn, "ledger_full", &params, &full);
	if (status == DB_OK && db_rows(full) > 0)
		facts->complete = MAX(1, jobs_before(facts->jobs, facts->complete, db_text(full, 0, 0)));
	return status;
}

static enum db_status read_of_jobs(struct db_conn *conn, const struct ledger_question *question, const char *ids,
				   struct ledger_facts *ret)
{
	struct db_params revisions = { 0 }, holders = { 0 }, places = { 0 };
	db_param_text(&revisions, ids);
	db_param_wall(&revisions, question->from);
	db_param_wall(&revisions, question->to);
	enum db_status status = db_run(conn, "ledger_revisions", &revisions, &ret->revisions);
	db_param_text(&holders, ids);
	db_param_int(&holders, question->offline_ms);
	db_param_text(&holders, question->agent_id);
	if (status == DB_OK)
		status = db_run(conn, "ledger_holders", &holders, &ret->holders);
	if (status == DB_OK)
		status = ledger_known_read(conn, ids, question->from, question->offline_ms, &ret->known);
	db_param_text(&places, ids);
	if (status == DB_OK)
		status = db_run(conn, "ledger_places", &places, &ret->places);
	if (status == DB_OK)
		status = ledger_decisions_read(conn, ids, question->from, question->to, ret->places, &ret->decisions);
	return status;
}

enum db_status ledger_facts_read(struct db_conn *conn, const struct ledger_question *question, struct ledger_facts *ret)
{
	g_autoptr(GString) ids = g_string_new(NULL);
	enum db_status status = read_jobs(conn, question, &ret->jobs);
	if (status == DB_OK)
		status = take_jobs(conn, question->limit, ret, ids);
	if (status == DB_OK)
		status = read_of_jobs(conn, question, ids_of(ret->jobs, ret->complete, ids), ret);
	if (status == DB_OK && *ret->decisions.cut != '\0')
		ret->complete = jobs_before(ret->jobs, ret->complete, ret->decisions.cut);
	return status == DB_OK ? read_begin(conn, question, &ret->from) : status;
}

void ledger_facts_clear(struct ledger_facts *facts)
{
	db_result_free(facts->jobs);
	db_result_free(facts->revisions);
	db_result_free(facts->holders);
	db_result_free(facts->places);
	ledger_known_clear(&facts->known);
	ledger_decisions_clear(&facts->decisions);
}
