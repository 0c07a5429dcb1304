#include "central/api_why.h"

#include "central/execution_view.h"
#include "central/json_values.h"
#include "central/why.h"

/* What the statements gave; the facts point into it. */
struct answers {
	struct db_result *job, *revision, *nearest, *missed, *holders;
	struct execution_row *execution;
	struct job *parsed;
	struct why_holder list[WHY_HOLDERS_MAX];
};

static void clear(struct answers *answers)
{
	struct db_result *results[] = { answers->job, answers->revision, answers->nearest, answers->missed, answers->holders };
	for (size_t i = 0; i < G_N_ELEMENTS(results); i++)
		db_result_free(results[i]);
	if (answers->execution != NULL)
		execution_row_free(answers->execution);
	job_unref(answers->parsed);
}

static enum db_status ask(struct db_conn *conn, const char *job_id, struct wall at, struct answers *ret)
{
	struct db_params job = { 0 }, instant = { 0 }, holders = { 0 };
	db_param_text(&job, job_id);
	db_param_text(&instant, job_id);
	db_param_wall(&instant, at);
	db_param_text(&holders, job_id);
	db_param_wall(&holders, at);
	db_param_int(&holders, WHY_HOLDERS_MAX);
	enum db_status status = db_run_one(conn, "why_job", &job, &ret->job);
	if (status == DB_OK)
		status = db_run(conn, "why_revision", &instant, &ret->revision);
	if (status == DB_OK)
		status = db_run(conn, "why_nearest", &instant, &ret->nearest);
	if (status == DB_OK)
		status = db_run(conn, "why_missed", &instant, &ret->missed);
	if (status == DB_OK)
		status = db_run(conn, "why_holders", &holders, &ret->holders);
	if (status == DB_OK && db_rows(ret->nearest) > 0) {
		status = db_execution_get(conn, job_id, db_text(ret->nearest, 0, 0), db_wall(ret->nearest, 0, 1),
					  &ret->execution);
		/* Retention may have taken it meanwhile. */
		status = status == DB_NOT_FOUND ? DB_OK : status;
	}
	return status;
}

static void read_revision(struct answers *answers, const char *job_id, struct why_facts *facts)
{
	if (db_rows(answers->revision) == 0)
		return;
	facts->revision = db_int(answers->revision, 0, 0);
	facts->revision_at = db_wall(answers->revision, 0, 1);
	facts->author = db_text(answers->revision, 0, 2);
	facts->deleted = db_is_null(answers->revision, 0, 3);
	if (!facts->deleted)
		answers->parsed = job_parse_stored(db_text(answers->revision, 0, 3), job_id, facts->revision);
	facts->job = answers->parsed;
}

static void read_facts(struct answers *answers, const char *job_id, struct why_facts *facts)
{
	facts->created_at = db_wall(answers->job, 0, 0);
	facts->decided_until = db_wall(answers->job, 0, 1);
	facts->late_due_at = db_wall(answers->job, 0, 2);
	facts->late_since = db_wall(answers->job, 0, 3);
	facts->late_reason = db_text(answers->job, 0, 4);
	facts->kept_from = db_wall(answers->job, 0, 5);
	facts->missed_from = facts->missed_to = WALL_NONE;
	if (db_rows(answers->missed) > 0) {
		facts->missed_from = db_wall(answers->missed, 0, 0);
		facts->missed_to = db_wall(answers->missed, 0, 1);
		facts->missed = db_int(answers->missed, 0, 2);
		facts->missed_reason = db_text_or_null(answers->missed, 0, 3);
	}
	facts->nearest = answers->execution != NULL ? &answers->execution->execution : NULL;
	facts->n_holders = db_rows(answers->holders);
	facts->holders = answers->list;
	for (int i = 0; i < facts->n_holders; i++)
		answers->list[i] = (struct why_holder){ db_text(answers->holders, i, 0), db_text(answers->holders, i, 1),
							db_wall(answers->holders, i, 2), db_wall(answers->holders, i, 5),
							db_wall(answers->holders, i, 3), db_wall(answers->holders, i, 4) };
	read_revision(answers, job_id, facts);
}

static json_t *render(const struct answers *answers, const struct why_facts *facts)
{
	struct why_answer answer;
	json_t *sentences = json_array();
	why_explain(facts, &answer);
	for (guint i = 0; i < answer.sentences->len; i++) {
		const struct why_sentence *sentence = &g_array_index(answer.sentences, struct why_sentence, i);
		json_array_append_new(sentences, json_pack("{s:s, s:s, s:o}", "kind", sentence->kind, "text", sentence->text,
							   "at", json_wall(sentence->at)));
	}
	json_t *nearest = answers->execution != NULL ? execution_row_to_json(answers->execution) : json_null();
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o}", "at", json_wall(facts->at), "sentences", sentences, "nearest",
				 nearest, "previousFireAt", json_wall(answer.previous), "nextFireAt", json_wall(answer.next));
	why_answer_clear(&answer);
	return json;
}

void api_jobs_why(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "at", NULL };
	DB_AUTO struct db_conn *conn = NULL;
	struct wall now = wall_now();
	struct why_facts facts = { .at = now, .now = now };
	struct answers answers = { 0 };
	const char *job_id = api_param(request, "jobId");
	if (!api_query_only(request, reply, parameters) || !api_query_wall(request, reply, "at", &facts.at))
		return;
	enum db_status status = uuid_is_valid(job_id) ? db_acquire(request->pool, &conn) : DB_NOT_FOUND;
	if (status == DB_OK)
		status = ask(conn, job_id, facts.at, &answers);
	if (status == DB_OK) {
		read_facts(&answers, job_id, &facts);
		api_reply_json(reply, 200, render(&answers, &facts));
	} else {
		problem_db(reply, status, "job of this id");
	}
	clear(&answers);
}
