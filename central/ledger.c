#include "central/ledger.h"

#include <string.h>

#include "central/late_rule.h"
#include "central/ledger_facts.h"
#include "central/ledger_former.h"
#include "central/ledger_unkept.h"

static void clear_job(struct ledger_job *job)
{
	g_free(job->name);
	g_array_unref(job->sums.holes);
}

void ledger_page_clear(struct ledger_page *page)
{
	g_clear_pointer(&page->jobs, g_array_unref);
}

static GArray *revisions_of(const struct ledger_facts *facts, const char *job_id)
{
	GArray *list = g_array_new(FALSE, FALSE, sizeof(struct ledger_revision));
	struct db_range own = db_rows_where(facts->revisions, job_id, NULL);
	g_array_set_clear_func(list, (GDestroyNotify)ledger_revision_clear);
	for (int i = own.from; i < own.to; i++) {
		struct ledger_revision revision = { .at = db_wall(facts->revisions, i, 1) };
		if (!db_is_null(facts->revisions, i, 3))
			revision.job = job_parse_stored(db_text(facts->revisions, i, 3), job_id, db_int(facts->revisions, i, 2));
		g_array_append_val(list, revision);
	}
	return list;
}

static int64_t longest_work_ms(const GArray *revisions)
{
	int64_t work_ms = 0;
	for (guint i = 0; i < revisions->len; i++) {
		const struct ledger_revision *revision = &g_array_index(revisions, struct ledger_revision, i);
		if (revision->job != NULL)
			work_ms = MAX(work_ms, late_work_ms(revision->job));
	}
	return work_ms;
}

/* Up to which instant the holder's word covers everything: it has nothing at work and nothing to send from before. */
static struct wall horizon(const struct ledger_facts *facts, int holder, int64_t work_ms)
{
	struct wall until = db_wall(facts->holders, holder, 4), unsent = db_wall(facts->holders, holder, 7);
	if (!wall_is_set(until))
		return WALL_NONE;
	bool sends = db_int(facts->holders, holder, 6) > 0;
	if (sends && wall_is_set(unsent))
		until = wall_min(until, unsent);
	if (sends || db_int(facts->holders, holder, 5) > 0)
		until = wall_add_ms(until, -work_ms);
	return wall_add_ms(until, -LEDGER_SETTLE_MS);
}

static void clear_holder(struct ledger_holder *holder)
{
	g_array_unref(holder->decisions);
	g_array_unref(holder->revisions);
	g_clear_pointer(&holder->unknowable, g_array_unref);
}

/* One that nobody has to report of; `decisions` and `revisions` become its own. */
static struct ledger_holder make_holder(const struct ledger_facts *facts, const struct ledger_question *question, int job,
					GArray *revisions, GArray *decisions)
{
	return (struct ledger_holder){
		.target_key = "",
		.decisions = decisions,
		.revisions = revisions,
		.facts = { .revisions = revisions,
			   .decisions = decisions,
			   .created_at = db_wall(facts->jobs, job, 2),
			   .decided_until = db_wall(facts->jobs, job, 5),
			   .from = facts->from,
			   .to = question->to,
			   .required_from = WALL_NONE,
			   .required_until = WALL_NONE },
	};
}

static GArray *decisions_at(GHashTable *decisions, const char *key)
{
	GArray *own = g_hash_table_lookup(decisions, key);
	return own != NULL ? g_array_ref(own) : g_array_new(FALSE, FALSE, sizeof(struct ledger_decision));
}

/* The job at the holder of that row. */
static struct ledger_holder read_holder(const struct ledger_facts *facts, const struct ledger_question *question, int job,
					int row, GArray *revisions, GHashTable *decisions)
{
	const char *key = db_text(facts->holders, row, 3);
	bool each_decides = db_bool(facts->jobs, job, 3);
	GArray *own = each_decides ? ledger_revisions_with(revisions, key) : g_array_ref(revisions);
	struct ledger_holder holder =
		make_holder(facts, question, job, own, decisions_at(decisions, each_decides ? key : ""));
	holder.target_key = key;
	holder.latest_epoch = db_int(facts->holders, row, 8);
	if (db_bool(facts->holders, row, 9))
		holder.facts.required_from = wall_add_ms(db_wall(facts->holders, row, 2), LEDGER_SETTLE_MS);
	holder.unknowable = ledger_known_spans(&facts->known, db_text(facts->jobs, job, 0), key, revisions);
	holder.facts.unknowable = holder.unknowable;
	return holder;
}

/* struct ledger_holder: who holds the job, and who nobody knows of: whoever had a place that is there no more, or, of a job that
 * nobody holds, everybody. `decisions` as ledger_decisions_of() gives them. */
static GArray *holders_of(const struct ledger_facts *facts, const struct ledger_question *question, int job, GArray *revisions,
			  GHashTable *decisions)
{
	struct db_range rows = db_rows_where(facts->holders, db_text(facts->jobs, job, 0), NULL);
	int64_t work_ms = longest_work_ms(revisions);
	GArray *holders = g_array_new(FALSE, FALSE, sizeof(struct ledger_holder));
	g_autoptr(GArray) former = NULL;
	g_array_set_clear_func(holders, (GDestroyNotify)clear_holder);
	if (rows.from < rows.to && db_bool(facts->jobs, job, 3) && question->agent_id == NULL)
		former = ledger_revisions_without(revisions, ledger_any_place(db_text(facts->holders, rows.from, 3)));
	if (former != NULL) {
		struct ledger_holder gone = make_holder(facts, question, job, g_array_ref(former),
							ledger_former_take(decisions, former));
		g_array_append_val(holders, gone);
	}
	for (int i = rows.from; i < rows.to; i++) {
		struct ledger_holder holder = read_holder(facts, question, job, i, revisions, decisions);
		holder.facts.required_until = horizon(facts, i, work_ms);
		g_array_append_val(holders, holder);
	}
	if (rows.from == rows.to) {
		struct ledger_holder nobody =
			make_holder(facts, question, job, g_array_ref(revisions), decisions_at(decisions, ""));
		g_array_append_val(holders, nobody);
	}
	return holders;
}

/* Stops where it takes too long: true when it came to the end. */
static bool compare_holders(const GArray *holders, struct ledger_sums *sums)
{
	for (guint i = 0; i < holders->len; i++) {
		if (sums->due > LEDGER_DUE_MAX)
			return false;
		ledger_compare(&g_array_index(holders, struct ledger_holder, i).facts, sums, NULL);
	}
	return true;
}

static enum db_status compare_job(struct db_conn *conn, const struct ledger_facts *facts,
				  const struct ledger_question *question, int job, struct ledger_job *ret, bool *ret_done)
{
	const char *job_id = db_text(facts->jobs, job, 0);
	g_autoptr(GArray) revisions = revisions_of(facts, job_id);
	struct db_range held = db_rows_where(facts->holders, job_id, NULL);
	bool anybody = held.from < held.to, is_thinned = db_bool(facts->jobs, job, 4);
	g_autoptr(GHashTable) decisions =
		ledger_decisions_of(&facts->decisions, job_id, anybody && db_bool(facts->jobs, job, 3));
	g_autoptr(GArray) holders = holders_of(facts, question, job, revisions, decisions);
	enum db_status status = DB_OK;
	*ret = (struct ledger_job){ .name = g_strdup(db_text(facts->jobs, job, 1)),
				    .sums = { .holes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hole)),
					      .unknown_since = WALL_NONE } };
	g_strlcpy(ret->job_id, job_id, sizeof ret->job_id);
	if (is_thinned && anybody)
		status = ledger_unkept_add(conn, job_id, holders);
	*ret_done = status == DB_OK && compare_holders(holders, &ret->sums);
	return status;
}

/* Jobs until what was due adds up to too much; one at least, unless it alone is too much. */
static enum db_status compare_jobs(struct db_conn *conn, const struct ledger_facts *facts,
				   const struct ledger_question *question, GArray *jobs)
{
	enum db_status status = DB_OK;
	int64_t due = 0;
	bool done = true;
	for (int i = 0; status == DB_OK && done && i < facts->complete && due <= LEDGER_DUE_MAX; i++) {
		struct ledger_job job;
		status = compare_job(conn, facts, question, i, &job, &done);
		due += job.sums.due;
		if (done)
			g_array_append_val(jobs, job);
		else
			clear_job(&job);
	}
	return status;
}

enum db_status ledger_read(struct db_conn *conn, const struct ledger_question *question, struct ledger_page *ret)
{
	struct ledger_facts facts = { 0 };
	enum db_status status = ledger_facts_read(conn, question, &facts);
	if (status == DB_OK) {
		*ret = (struct ledger_page){ .from = facts.from, .jobs = g_array_new(FALSE, FALSE, sizeof(struct ledger_job)) };
		g_array_set_clear_func(ret->jobs, (GDestroyNotify)clear_job);
		status = compare_jobs(conn, &facts, question, ret->jobs);
		ret->more = db_rows(facts.jobs) > (int)ret->jobs->len;
		ret->too_much = ret->more && ret->jobs->len == 0;
		if (status != DB_OK)
			ledger_page_clear(ret);
	}
	ledger_facts_clear(&facts);
	return status;
}
