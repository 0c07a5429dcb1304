/*
 * GET /executions: the store is asked, its thread answers later; meanwhile the caller may hang up. A question therefore
 * outlives its request, and then its answer goes nowhere.
 *
 * The store knows records by number only. With jobId the records are searched here, page by page, up to a bound; the
 * cursor tells where to go on.
 */
#include "agent/local_api_internal.h"

#include <string.h>

#define ROUNDS_MAX 10 /* pages of the store searched for one answer */

struct question {
	struct local_api *api;
	struct local_exchange *exchange; /* NULL = the caller has gone */
	char *wanted;			 /* "jobId":"..", NULL = all */
	int limit, found, rounds;
	int64_t before;
	GString *answer;
};

static void question_free(void *data)
{
	struct question *question = data;
	g_free(question->wanted);
	g_string_free(question->answer, TRUE);
	g_free(question);
}

GHashTable *local_questions_new(void)
{
	return g_hash_table_new_full(g_direct_hash, g_direct_equal, question_free, NULL);
}

static void on_gone(void *context)
{
	((struct question *)context)->exchange = NULL;
}

static void reply(const struct question *question, bool more)
{
	GString *answer = question->answer;
	g_string_append(answer, "],\"nextCursor\":");
	if (more)
		g_string_append_printf(answer, "\"%" G_GINT64_FORMAT "\"", question->before);
	else
		g_string_append(answer, "null");
	g_string_append(answer, "}\n");
	local_http_reply(question->exchange, 200, "application/json", NULL, answer->str, answer->len);
}

static void ask(struct question *question);

/* Within a JSON text an unescaped "jobId":"x" can only be the member itself. */
static void take_records(struct question *question, const GPtrArray *records, const int64_t *seqs)
{
	for (guint i = 0; i < records->len && question->found < question->limit; i++) {
		const char *record = records->pdata[i];
		question->before = seqs[i];
		if (question->wanted != NULL && strstr(record, question->wanted) == NULL)
			continue;
		g_string_append(question->answer, question->found++ == 0 ? "" : ",");
		g_string_append(question->answer, record);
	}
}

/* True when there is no more to be asked. */
static bool answer_question(struct question *question, const GPtrArray *records, const int64_t *seqs)
{
	if (question->exchange == NULL)
		return true;
	if (records == NULL) {
		local_http_problem(question->exchange, 503, "Store unavailable",
				   "the agent's database cannot be read now; the log says why", NULL);
		return true;
	}
	bool is_last_page = (int)records->len < (question->wanted == NULL ? question->limit : LOCAL_API_EXECUTIONS_MAX);
	take_records(question, records, seqs);
	if (!is_last_page && question->found < question->limit && ++question->rounds < ROUNDS_MAX)
		return false;
	reply(question, !is_last_page || question->found == question->limit);
	return true;
}

static void on_records(void *context, GPtrArray *records, const int64_t *seqs)
{
	struct question *question = context;
	if (answer_question(question, records, seqs))
		g_hash_table_remove(question->api->questions, question);
	else
		ask(question);
}

static void ask(struct question *question)
{
	const struct local_api_source *source = &question->api->config.source;
	int limit = question->wanted == NULL ? question->limit : LOCAL_API_EXECUTIONS_MAX;
	source->recent(source->context, limit, question->before, on_records, question);
}

void local_get_executions(struct local_request *request)
{
	int64_t limit = 20, before = INT64_MAX;
	const char *job_id = local_read_text(request, "jobId");
	if (!local_read_number(request, "limit", 1, LOCAL_API_EXECUTIONS_MAX, &limit) ||
	    !local_read_number(request, "before", 1, INT64_MAX, &before))
		return;
	if (job_id != NULL && !job_id_is_valid(job_id)) {
		local_http_problem(request->exchange, 400, "Bad parameter", "jobId: not a job id", NULL);
		return;
	}
	struct question *question = g_new0(struct question, 1);
	question->api = request->api;
	question->exchange = request->exchange;
	question->wanted = job_id == NULL ? NULL : g_strdup_printf("\"jobId\":\"%s\"", job_id);
	question->limit = (int)limit;
	question->before = before;
	question->answer = g_string_new("{\"executions\":[");
	g_hash_table_add(request->api->questions, question);
	request->exchange->gone = on_gone;
	request->exchange->gone_context = question;
	ask(question);
}
