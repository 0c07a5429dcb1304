/*
 * GET /executions: the store is asked, its thread answers later; meanwhile the caller may hang up. A question therefore
 * outlives its request, and then its answer goes nowhere.
 *
 * The store knows records by number only. With jobId or status the records are searched here, page by page, up to a bound; the
 * cursor tells where to go on.
 */
#include "agent/local_api_internal.h"

#include <string.h>

#define ROUNDS_MAX 10 /* pages of the store searched for one answer */
#define JOB_ID_MEMBER "\"jobId\":\""

struct question {
	struct local_api *api;
	struct local_exchange *exchange; /* NULL = the caller has gone */
	char *wanted;			 /* "jobId":"..", NULL = all */
	char **statuses;		 /* "status":"..", one of them; NULL = all */
	int limit, found, rounds;
	int64_t before;
	GString *answer;
};

static void question_free(void *data)
{
	struct question *question = data;
	g_free(question->wanted);
	g_strfreev(question->statuses);
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

/* People know jobs by their names; "" when the job has gone. */
static char *name_member(const struct question *question, const char *record)
{
	const char *id = strstr(record, JOB_ID_MEMBER);
	struct core_job_view view;
	if (id == NULL)
		return g_strdup("");
	id += strlen(JOB_ID_MEMBER);
	g_autofree char *job_id = g_strndup(id, strcspn(id, "\""));
	if (!core_find_job(question->api->config.core, job_id, &view))
		return g_strdup("");
	json_t *name = json_string(view.job->name);
	char *text = json_dumps(name, JSON_ENCODE_ANY);
	json_decref(name);
	char *member = g_strdup_printf(",\"jobName\":%s", text);
	free(text);
	return member;
}

/* The record, and what only this agent knows of it: does central have it? */
static void append_record(struct question *question, const char *record, int64_t seq)
{
	const struct local_api_config *config = &question->api->config;
	g_autofree char *name = name_member(question, record);
	bool is_unsent = *config->central_url != '\0' && seq > config->source.store_stats(config->source.context)->acked_seq;
	size_t size = strlen(record);
	g_string_append(question->answer, question->found++ == 0 ? "" : ",");
	/* A record is an object without blanks around it. */
	g_string_append_len(question->answer, record, (gssize)(size > 0 ? size - 1 : 0));
	g_string_append_printf(question->answer, "%s,\"unsent\":%s}", name, is_unsent ? "true" : "false");
}

static bool is_wanted(const struct question *question, const char *record)
{
	bool right_status = question->statuses == NULL;
	for (char **status = question->statuses; status != NULL && *status != NULL && !right_status; status++)
		right_status = strstr(record, *status) != NULL;
	return right_status && (question->wanted == NULL || strstr(record, question->wanted) != NULL);
}

/* Within a JSON text an unescaped "jobId":"x" can only be the member itself. */
static void take_records(struct question *question, const GPtrArray *records, const int64_t *seqs)
{
	for (guint i = 0; i < records->len && question->found < question->limit; i++) {
		const char *record = records->pdata[i];
		question->before = seqs[i];
		if (is_wanted(question, record))
			append_record(question, record, seqs[i]);
	}
}

/* What is searched for is rare. */
static int page_size(const struct question *question)
{
	return question->wanted == NULL && question->statuses == NULL ? question->limit : LOCAL_API_EXECUTIONS_MAX;
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
	bool is_last_page = (int)records->len < page_size(question);
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
	source->recent(source->context, page_size(question), question->before, on_records, question);
}

/* "failed,timeout" as the members that are searched for. False when one is no status; the problem has been sent. */
static bool read_statuses(const struct local_request *request, char ***ret)
{
	const char *text = local_read_text(request, "status");
	if (text == NULL)
		return true;
	g_auto(GStrv) names = g_strsplit(text, ",", EXECUTION_STATUS_MAX_);
	bool good = *names != NULL;
	for (char **name = names; good && *name != NULL; name++) {
		enum execution_status status;
		good = execution_status_parse(*name, &status);
		g_free(*name);
		*name = g_strdup_printf("\"status\":\"%s\"", good ? execution_status_name(status) : "");
	}
	if (!good) {
		local_http_problem(request->exchange, 400, "Bad parameter",
				   "status: success, failed, timeout, skipped, missed or interrupted; several with commas between", NULL);
		return false;
	}
	*ret = g_steal_pointer(&names);
	return true;
}

void local_get_executions(struct local_request *request)
{
	int64_t limit = 20, before = INT64_MAX;
	const char *job_id = local_read_text(request, "jobId");
	g_auto(GStrv) statuses = NULL;
	if (!local_read_number(request, "limit", 1, LOCAL_API_EXECUTIONS_MAX, &limit) ||
	    !local_read_number(request, "before", 1, INT64_MAX, &before))
		return;
	if (job_id != NULL && !job_id_is_valid(job_id)) {
		local_http_problem(request->exchange, 400, "Bad parameter", "jobId: not a job id", NULL);
		return;
	}
	if (!read_statuses(request, &statuses))
		return;
	struct question *question = g_new0(struct question, 1);
	question->api = request->api;
	question->exchange = request->exchange;
	question->wanted = job_id == NULL ? NULL : g_strdup_printf(JOB_ID_MEMBER "%s\"", job_id);
	question->statuses = g_steal_pointer(&statuses);
	question->limit = (int)limit;
	question->before = before;
	question->answer = g_string_new("{\"executions\":[");
	g_hash_table_add(request->api->questions, question);
	request->exchange->gone = on_gone;
	request->exchange->gone_context = question;
	ask(question);
}
