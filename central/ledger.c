#include "central/ledger.h"

#include <string.h>

#include "central/late_rule.h"
#include "central/ledger_known.h"
#include "central/ledger_place.h"

#define EPOCHS_MAX 16 /* how often a clock may have stepped back since a fire that was not kept, and it is known still */

struct decision_row {
	char job_id[UUID_SIZE], agent_id[UUID_SIZE];
	const char *place; /* target key of the holder that decided; NULL = its agent tells */
	struct ledger_decision decision;
};

/* What one page is made of; rows stand by job id. */
struct facts {
	struct db_result *jobs, *revisions, *holders, *places;
	struct ledger_known known;
	GArray *decisions; /* struct decision_row */
	struct wall from;  /* of the window, as far as everything in it is kept */
};

static void clear_job(struct ledger_job *job)
{
	g_free(job->name);
	g_array_unref(job->sums.holes);
}

void ledger_page_clear(struct ledger_page *page)
{
	g_clear_pointer(&page->jobs, g_array_unref);
}

static void clear_revision(struct ledger_revision *revision)
{
	g_clear_pointer(&revision->job, job_unref);
}

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

static enum db_status read_decisions(struct db_conn *conn, const struct ledger_question *question, const char *ids,
				     const struct db_result *places, GArray **ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	db_param_text(&params, ids);
	db_param_wall(&params, question->from);
	db_param_wall(&params, question->to);
	db_param_int(&params, LEDGER_DECISIONS_MAX + 1);
	enum db_status status = db_run(conn, "ledger_decisions", &params, &result);
	if (status != DB_OK)
		return status;
	GArray *rows = g_array_sized_new(FALSE, FALSE, sizeof(struct decision_row), (guint)db_rows(result));
	for (int i = 0; i < db_rows(result); i++) {
		/* The execution that is the begin of the range before it. */
		if (i > 0 && strcmp(db_text(result, i, 5), db_text(result, i - 1, 5)) == 0)
			continue;
		struct decision_row row = { .decision = { db_wall(result, i, 2), db_wall(result, i, 3),
							  db_int(result, i, 4) } };
		g_strlcpy(row.job_id, db_text(result, i, 0), sizeof row.job_id);
		g_strlcpy(row.agent_id, db_text(result, i, 1), sizeof row.agent_id);
		row.place = ledger_place_of(places, row.job_id, row.agent_id, db_text(result, i, 5), row.decision.from);
		g_array_append_val(rows, row);
	}
	*ret = rows;
	return DB_OK;
}

static enum db_status read_begin(struct db_conn *conn, const struct ledger_question *question, struct wall *ret)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	enum db_status status = db_run_one(conn, "ledger_kept_from", NULL, &result);
	if (status == DB_OK)
		*ret = wall_min(wall_max(question->from, db_wall(result, 0, 0)), question->to);
	return status;
}

static enum db_status read_facts(struct db_conn *conn, const struct ledger_question *question, struct facts *ret)
{
	g_autoptr(GString) ids = g_string_new(NULL);
	struct db_params revisions = { 0 }, holders = { 0 }, places = { 0 };
	enum db_status status = read_jobs(conn, question, &ret->jobs);
	if (status != DB_OK)
		return status;
	for (int i = 0; i < MIN(db_rows(ret->jobs), question->limit); i++)
		db_array_append(ids, db_text(ret->jobs, i, 0));
	const char *array = ids->len > 0 ? db_array_close(ids) : "{}";
	db_param_text(&revisions, array);
	db_param_wall(&revisions, question->from);
	db_param_wall(&revisions, question->to);
	status = db_run(conn, "ledger_revisions", &revisions, &ret->revisions);
	db_param_text(&holders, array);
	db_param_int(&holders, question->offline_ms);
	db_param_text(&holders, question->agent_id);
	if (status == DB_OK)
		status = db_run(conn, "ledger_holders", &holders, &ret->holders);
	if (status == DB_OK)
		status = ledger_known_read(conn, array, question->from, question->offline_ms, &ret->known);
	db_param_text(&places, array);
	if (status == DB_OK)
		status = db_run(conn, "ledger_places", &places, &ret->places);
	if (status == DB_OK)
		status = read_decisions(conn, question, array, ret->places, &ret->decisions);
	return status == DB_OK ? read_begin(conn, question, &ret->from) : status;
}

static GArray *revisions_of(const struct facts *facts, const char *job_id)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct ledger_revision));
	g_array_set_clear_func(list, (GDestroyNotify)clear_revision);
	for (int i = 0; i < db_rows(facts->revisions); i++) {
		struct ledger_revision revision = { .at = db_wall(facts->revisions, i, 1) };
		if (strcmp(db_text(facts->revisions, i, 0), job_id) != 0)
			continue;
		if (!db_is_null(facts->revisions, i, 3))
			revision.job = job_parse_stored(db_text(facts->revisions, i, 3), job_id, db_int(facts->revisions, i, 2));
		g_array_append_val(list, revision);
	}
	return list;
}

/* holder -1 = of all that ever held it. */
static GArray *decisions_of(const struct facts *facts, const char *job_id, int holder)
{
	const char *agent_id = holder >= 0 ? db_text(facts->holders, holder, 1) : NULL;
	const char *place = holder >= 0 ? db_text(facts->holders, holder, 3) : NULL;
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct ledger_decision));
	guint low = 0, high = facts->decisions->len;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (strcmp(g_array_index(facts->decisions, struct decision_row, middle).job_id, job_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (guint i = low; i < facts->decisions->len; i++) {
		const struct decision_row *row = &g_array_index(facts->decisions, struct decision_row, i);
		if (strcmp(row->job_id, job_id) != 0)
			break;
		if (holder < 0 || (row->place != NULL ? strcmp(row->place, place) : strcmp(row->agent_id, agent_id)) == 0)
			g_array_append_val(list, row->decision);
	}
	return list;
}

/* Up to which instant the holder's word covers everything: it has nothing at work and nothing to send from before. */
static struct wall horizon(const struct facts *facts, int holder, const GArray *revisions)
{
	struct wall until = db_wall(facts->holders, holder, 4), unsent = db_wall(facts->holders, holder, 7);
	int64_t work_ms = 0;
	if (!wall_is_set(until))
		return WALL_NONE;
	for (guint i = 0; i < revisions->len; i++) {
		const struct ledger_revision *revision = &g_array_index(revisions, struct ledger_revision, i);
		if (revision->job != NULL)
			work_ms = MAX(work_ms, late_work_ms(revision->job));
	}
	bool sends = db_int(facts->holders, holder, 6) > 0;
	if (sends && wall_is_set(unsent))
		until = wall_min(until, unsent);
	if (sends || db_int(facts->holders, holder, 5) > 0)
		until = wall_add_ms(until, -work_ms);
	return wall_add_ms(until, -LEDGER_SETTLE_MS);
}

static int compare_decisions(const void *a, const void *b)
{
	const struct ledger_decision *x = a, *y = b;
	return x->from.us < y->from.us ? -1 : x->from.us > y->from.us;
}

/* Fires that were counted and not kept are known by their identity. */
static enum db_status add_unkept(struct db_conn *conn, const struct facts *facts, int holder, const char *job_id,
				 const struct ledger_case *input, GArray *decisions)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	g_autoptr(GArray) undecided = g_array_new(FALSE, FALSE, sizeof(struct wall));
	g_autoptr(GString) times = g_string_new(NULL);
	g_autoptr(GString) ids = g_string_new(NULL);
	struct ledger_sums sums = { .holes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hole)),
				    .unknown_since = WALL_NONE };
	struct db_params params = { 0 };
	ledger_compare(input, &sums, undecided);
	g_array_unref(sums.holes);
	for (guint i = 0; i < undecided->len; i++) {
		struct wall at = g_array_index(undecided, struct wall, i);
		int64_t latest = db_int(facts->holders, holder, 8);
		char id[FIRE_ID_TEXT_SIZE];
		for (int64_t epoch = 0; epoch <= latest; epoch = MAX(epoch + 1, latest - EPOCHS_MAX + 1)) {
			db_array_append_wall(times, at);
			db_array_append(ids, fire_id_print(fire_id_scheduled(job_id, at, db_text(facts->holders, holder, 3),
									     (uint64_t)epoch),
							   id));
		}
	}
	if (undecided->len == 0)
		return DB_OK;
	db_param_text(&params, db_array_close(times));
	db_param_text(&params, db_array_close(ids));
	enum db_status status = db_run(conn, "ledger_unkept", &params, &result);
	for (int i = 0; status == DB_OK && i < db_rows(result); i++) {
		struct ledger_decision decision = { db_wall(result, i, 0), db_wall(result, i, 0), 1 };
		g_array_append_val(decisions, decision);
	}
	g_array_sort(decisions, compare_decisions);
	return status;
}

/* The job at one holder; holder -1: nobody holds it, so nobody has to report. */
static enum db_status compare_at(struct db_conn *conn, const struct facts *facts, const struct ledger_question *question,
				 int job, int holder, const GArray *revisions, struct ledger_sums *sums)
{
	const char *job_id = db_text(facts->jobs, job, 0);
	bool each_decides = db_bool(facts->jobs, job, 3);
	g_autoptr(GArray) decisions = decisions_of(facts, job_id, each_decides ? holder : -1);
	g_autoptr(GArray) unknowable = NULL;
	struct ledger_case input = { .revisions = revisions,
				     .decisions = decisions,
				     .created_at = db_wall(facts->jobs, job, 2),
				     .decided_until = db_wall(facts->jobs, job, 5),
				     .from = facts->from,
				     .to = question->to,
				     .required_from = WALL_NONE,
				     .required_until = WALL_NONE };
	if (holder >= 0) {
		input.required_until = horizon(facts, holder, revisions);
		if (db_bool(facts->holders, holder, 9))
			input.required_from = wall_add_ms(db_wall(facts->holders, holder, 2), LEDGER_SETTLE_MS);
		unknowable = ledger_known_spans(&facts->known, job_id, db_text(facts->holders, holder, 3), revisions);
		input.unknowable = unknowable;
	}
	enum db_status status = DB_OK;
	if (db_bool(facts->jobs, job, 4) && holder >= 0)
		status = add_unkept(conn, facts, holder, job_id, &input, decisions);
	if (status == DB_OK)
		ledger_compare(&input, sums, NULL);
	return status;
}

static enum db_status compare_job(struct db_conn *conn, const struct facts *facts,
				  const struct ledger_question *question, int job, struct ledger_job *ret)
{
	const char *job_id = db_text(facts->jobs, job, 0);
	g_autoptr(GArray) revisions = revisions_of(facts, job_id);
	enum db_status status = DB_OK;
	int holders = 0;
	*ret = (struct ledger_job){ .name = g_strdup(db_text(facts->jobs, job, 1)),
				    .sums = { .holes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hole)),
					      .unknown_since = WALL_NONE } };
	g_strlcpy(ret->job_id, job_id, sizeof ret->job_id);
	for (int i = 0; status == DB_OK && i < db_rows(facts->holders); i++) {
		if (strcmp(db_text(facts->holders, i, 0), job_id) != 0)
			continue;
		holders++;
		status = compare_at(conn, facts, question, job, i, revisions, &ret->sums);
	}
	if (status == DB_OK && holders == 0)
		status = compare_at(conn, facts, question, job, -1, revisions, &ret->sums);
	return status;
}

/* How many jobs of the page were read to their end. */
static int complete_jobs(const struct facts *facts, int jobs)
{
	if (facts->decisions->len <= LEDGER_DECISIONS_MAX)
		return jobs;
	const char *cut = g_array_index(facts->decisions, struct decision_row, facts->decisions->len - 1).job_id;
	int complete = 0;
	while (complete < jobs && strcmp(db_text(facts->jobs, complete, 0), cut) < 0)
		complete++;
	return complete;
}

enum db_status ledger_read(struct db_conn *conn, const struct ledger_question *question, struct ledger_page *ret)
{
	struct facts facts = { 0 };
	enum db_status status = read_facts(conn, question, &facts);
	if (status == DB_OK) {
		int jobs = MIN(db_rows(facts.jobs), question->limit), complete = complete_jobs(&facts, jobs);
		*ret = (struct ledger_page){ .from = facts.from,
					     .jobs = g_array_new(FALSE, FALSE, sizeof(struct ledger_job)),
					     .more = db_rows(facts.jobs) > complete,
					     .too_much = complete == 0 && jobs > 0 };
		g_array_set_clear_func(ret->jobs, (GDestroyNotify)clear_job);
		for (int i = 0; status == DB_OK && i < complete; i++) {
			struct ledger_job job;
			status = compare_job(conn, &facts, question, i, &job);
			g_array_append_val(ret->jobs, job);
		}
		if (status != DB_OK)
			ledger_page_clear(ret);
	}
	db_result_free(facts.jobs);
	db_result_free(facts.revisions);
	db_result_free(facts.holders);
	db_result_free(facts.places);
	ledger_known_clear(&facts.known);
	if (facts.decisions != NULL)
		g_array_unref(facts.decisions);
	return status;
}
