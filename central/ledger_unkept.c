#include "central/ledger_unkept.h"

#include "common/execution.h"

#define EPOCHS_MAX 16  /* how often a clock may have stepped back since a fire that was not kept, and it is known still */
#define ASK_MAX 20000  /* identities in one question */

/* A fire that is asked for. */
struct asked { struct ledger_holder *holder; struct wall at; };

struct question {
	struct db_conn *conn;
	GString *times, *ids; /* arrays, `asked->len` long */
	GArray *asked;
};

static enum db_status ask(struct question *question)
{
	DB_RESULT_AUTO struct db_result *result = NULL;
	struct db_params params = { 0 };
	if (question->asked->len == 0)
		return DB_OK;
	db_param_text(&params, db_array_close(question->times));
	db_param_text(&params, db_array_close(question->ids));
	enum db_status status = db_run(question->conn, "ledger_unkept", &params, &result);
	for (int i = 0; status == DB_OK && i < db_rows(result); i++) {
		const struct asked *fire = &g_array_index(question->asked, struct asked, db_int(result, i, 0) - 1);
		struct ledger_decision decision = { fire->at, fire->at, 1 };
		g_array_append_val(fire->holder->decisions, decision);
	}
	g_string_truncate(question->times, 0);
	g_string_truncate(question->ids, 0);
	g_array_set_size(question->asked, 0);
	return status;
}

static enum db_status ask_for(struct question *question, const char *job_id, struct ledger_holder *holder, struct wall at)
{
	for (int64_t epoch = 0; epoch <= holder->latest_epoch;
	     epoch = MAX(epoch + 1, holder->latest_epoch - EPOCHS_MAX + 1)) {
		struct asked fire = { holder, at };
		char id[FIRE_ID_TEXT_SIZE];
		db_array_append_wall(question->times, at);
		db_array_append(question->ids,
				fire_id_print(fire_id_scheduled(job_id, at, holder->target_key, (uint64_t)epoch), id));
		g_array_append_val(question->asked, fire);
	}
	return question->asked->len >= ASK_MAX ? ask(question) : DB_OK;
}

static enum db_status ask_for_undecided(struct question *question, const char *job_id, struct ledger_holder *holder,
					struct ledger_sums *sums)
{
	g_autoptr(GArray) undecided = g_array_new(FALSE, FALSE, sizeof(struct wall));
	enum db_status status = DB_OK;
	ledger_compare(&holder->facts, sums, undecided);
	for (guint i = 0; status == DB_OK && i < undecided->len; i++)
		status = ask_for(question, job_id, holder, g_array_index(undecided, struct wall, i));
	return status;
}

enum db_status ledger_unkept_add(struct db_conn *conn, const char *job_id, GArray *holders)
{
	struct question question = { conn, g_string_new(NULL), g_string_new(NULL), g_array_new(FALSE, FALSE, sizeof(struct asked)) };
	struct ledger_sums sums = { .holes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hole)) };
	enum db_status status = DB_OK;
	for (guint i = 0; status == DB_OK && i < holders->len && sums.due <= LEDGER_DUE_MAX; i++)
		status = ask_for_undecided(&question, job_id, &g_array_index(holders, struct ledger_holder, i), &sums);
	if (status == DB_OK)
		status = ask(&question);
	for (guint i = 0; i < holders->len; i++)
		g_array_sort(g_array_index(holders, struct ledger_holder, i).decisions, ledger_decision_compare);
	g_string_free(question.times, TRUE);
	g_string_free(question.ids, TRUE);
	g_array_unref(question.asked);
	g_array_unref(sums.holes);
	return status;
}
