/*
 * The life of a job: one block of memory that holds the struct, its headers and its texts, plus counted references to
 * what it shares. See job_draft.h for the other files.
 */
#include "common/job.h"

#include <assert.h>
#include <string.h>

#include "common/job_draft.h"

/* "https://host/path?query" -> "host/path", the default name: a stretch of the URL. */
static void default_name(const char *url, const char **ret_name, size_t *ret_size)
{
	*ret_name = strstr(url, "://") + 3;
	size_t size = strcspn(*ret_name, "?");
	*ret_size = MIN(size, JOB_NAME_MAX);
}

static size_t text_size(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

static char *put(char **cursor, const char *text)
{
	if (text == NULL)
		return NULL;
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*cursor, text, size);
	*cursor += size;
	return copy;
}

/* A name that is the end of the URL, as the default mostly is, needs no bytes of its own. */
static char *place_name(char **cursor, const char *name, char *url)
{
	char *tail = strstr(url, "://") + 3;
	return strcmp(tail, name) == 0 ? tail : put(cursor, name);
}

static struct job *make_job(const struct job_draft *draft, const char *id, int64_t revision, const char *name,
			    struct job_timetable *table)
{
	size_t size = sizeof(struct job) + sizeof(struct job_header) * (size_t)draft->n_headers + strlen(id) + 1 +
		      text_size(name) + text_size(draft->url) + text_size(draft->body) +
		      text_size(draft->target_agent) + text_size(draft->target_selector);
	for (int i = 0; i < draft->n_headers; i++)
		size += text_size(draft->headers[i].name) + text_size(draft->headers[i].value);
	if (strcmp(strstr(draft->url, "://") + 3, name) == 0)
		size -= text_size(name);

	struct job *job = g_malloc0(size);
	job->headers = (struct job_header *)(job + 1);
	char *cursor = (char *)(job->headers + draft->n_headers);
	for (int i = 0; i < draft->n_headers; i++)
		job->headers[i] = (struct job_header){ put(&cursor, draft->headers[i].name),
						       put(&cursor, draft->headers[i].value) };
	job->n_headers = (uint8_t)draft->n_headers;
	job->id = put(&cursor, id);
	job->url = put(&cursor, draft->url);
	job->name = place_name(&cursor, name, job->url);
	job->body = put(&cursor, draft->body);
	job->target_agent = put(&cursor, draft->target_agent);
	job->target_selector = put(&cursor, draft->target_selector);
	assert(cursor == (char *)job + size);

	job->revision = revision;
	job->timetable = table;
	job->method = (char *)job_methods[draft->method - 1];
	job->policy = job_policy_get(&draft->policy);
	job->target_mode = draft->target_mode;
	job->active = draft->active;
	job->body_is_json = draft->body_is_json;
	job->refs = 1;
	return job;
}

static struct job_timetable *find_timetable(struct job_check *check, const struct job_draft *draft)
{
	g_autoptr(GError) error = NULL;
	struct job_timetable *table = job_timetable_get(draft->schedule_text, draft->timezone, check->id, &error);
	if (table == NULL) {
		bool zone = g_error_matches(error, SCHEDULE_ERROR, SCHEDULE_ERROR_ZONE);
		/* What is wrong as a whole names itself; here the place does that already. */
		const char *label = zone ? "time zone: " : "schedule: ";
		size_t skip = g_str_has_prefix(error->message, label) ? strlen(label) : 0;
		job_check_fail(check, &(struct job_place){ NULL, zone ? "timezone" : "schedule" }, "%s",
			       error->message + skip);
	}
	return table;
}

struct job *job_parse(const json_t *json, const char *id, int64_t revision, bool allow_read_only,
		      struct job_problem *ret_problem)
{
	struct job_check check = { id != NULL ? id : "", allow_read_only, ret_problem };
	struct job_draft draft;
	memset(&draft, 0, sizeof draft);
	struct job *job = NULL;
	struct job_timetable *table = job_draft_read(&check, json, &draft) ? find_timetable(&check, &draft) : NULL;
	if (table != NULL) {
		const char *url_name;
		size_t size;
		default_name(draft.url, &url_name, &size);
		g_autofree char *name = draft.name != NULL ? g_strdup(draft.name) : g_strndup(url_name, size);
		job = make_job(&draft, check.id, revision, name, table);
		job->body_regex = g_steal_pointer(&draft.regex);
	}
	job_draft_done(&draft);
	return job;
}

struct job *job_parse_stored(const char *text, const char *id, int64_t revision)
{
	struct job_problem problem = { 0 };
	json_t *json = json_loads(text, 0, NULL);
	struct job *job = job_parse(json, id, revision, true, &problem);
	json_decref(json);
	job_problem_clear(&problem);
	return job;
}

void job_json_strip_read_only(json_t *json)
{
	for (const char *const *name = job_read_only_names; *name != NULL; name++)
		json_object_del(json, *name);
}

void job_problem_clear(struct job_problem *problem)
{
	g_clear_pointer(&problem->pointer, g_free);
	g_clear_pointer(&problem->detail, g_free);
}

struct job *job_ref(struct job *job)
{
	g_atomic_int_inc(&job->refs);
	return job;
}

void job_unref(struct job *job)
{
	if (job == NULL || !g_atomic_int_dec_and_test(&job->refs))
		return;
	job_timetable_release(job->timetable);
	job_policy_release(job->policy);
	g_clear_pointer(&job->body_regex, g_regex_unref);
	g_free(job);
}

static int method_number(const char *method)
{
	int i = 0;
	while (job_methods[i] != method)
		i++;
	return i + 1;
}

/* The way back: everything borrowed from the job. */
static void draft_from_job(const struct job *job, struct job_draft *draft)
{
	memset(draft, 0, sizeof *draft);
	draft->name = job->name;
	draft->schedule_text = job->timetable->text;
	draft->timezone = job->timetable->zone;
	draft->url = job->url;
	draft->body = job->body;
	draft->body_is_json = job->body_is_json;
	draft->body_regex = job->body_regex != NULL ? g_regex_get_pattern(job->body_regex) + strlen(JOB_REGEX_LIMIT) : NULL;
	draft->target_agent = job->target_agent;
	draft->target_selector = job->target_selector;
	draft->target_mode = job->target_mode;
	draft->method = method_number(job->method);
	draft->active = job->active;
	draft->policy = *job->policy;
	draft->jitter = job->policy->retry.full_jitter ? 1 : 2;
	draft->n_headers = job->n_headers;
	memcpy(draft->headers, job->headers, sizeof(struct job_header) * job->n_headers);
}

struct job *job_renew(struct job *job)
{
	struct job_draft draft;
	draft_from_job(job, &draft);
	struct job_timetable *table = job_timetable_get(job->timetable->text, job->timetable->zone, job->id, NULL);
	if (table == NULL)
		return job_ref(job);
	struct job *renewed = make_job(&draft, job->id, job->revision, job->name, table);
	if (job->body_regex != NULL)
		renewed->body_regex = g_regex_ref(job->body_regex);
	return renewed;
}

json_t *job_to_json(const struct job *job, bool mask_secrets)
{
	struct job_draft draft;
	draft_from_job(job, &draft);
	json_t *json = json_object();
	if (*job->id != '\0')
		json_object_set_new(json, "jobId", json_string(job->id));
	if (job->revision > 0)
		json_object_set_new(json, "revision", json_integer(job->revision));
	json_t *fields = job_draft_write(&draft, mask_secrets);
	json_object_update(json, fields);
	json_decref(fields);
	return json;
}

json_t *job_to_short_json(const struct job *job)
{
	/* Defaults depend on these four; everything else is compared with a job that has nothing but them. */
	static const char *const kept[] = { "schedule", "api", "type", "concurrency" };
	struct job_problem problem = { 0 };
	json_t *json = job_to_json(job, false), *basis = json_object();
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		json_object_set(basis, kept[i], json_object_get(json, kept[i]));
	struct job *plain = job_parse(basis, job->id, job->revision, false, &problem);
	json_t *defaults = plain != NULL ? job_to_json(plain, false) : json_object();
	const char *name;
	json_t *value;
	void *next;
	json_object_foreach_safe(json, next, name, value)
		if (json_object_get(basis, name) == NULL && json_equal(value, json_object_get(defaults, name)))
			json_object_del(json, name);
	json_decref(basis);
	json_decref(defaults);
	job_problem_clear(&problem);
	job_unref(plain);
	return json;
}

bool job_header_is_secret(const char *name)
{
	static const char *const exact[] = { "authorization", "proxy-authorization", "cookie", NULL };
	static const char *const parts[] = { "token", "secret", "password", "key", NULL };
	g_autofree char *lower = g_ascii_strdown(name, -1);
	if (g_strv_contains(exact, lower))
		return true;
	for (int i = 0; parts[i] != NULL; i++)
		if (strstr(lower, parts[i]) != NULL)
			return true;
	return false;
}

void job_json_restore_secrets(json_t *json, const struct job *old)
{
	json_t *headers = json_object_get(json, "headers"), *value;
	const char *name;
	void *next;
	json_object_foreach_safe(headers, next, name, value)
	{
		const char *text = json_string_value(value);
		if (text == NULL || strcmp(text, JOB_SECRET_MASK) != 0 || !job_header_is_secret(name))
			continue;
		for (int i = 0; i < old->n_headers; i++)
			if (g_ascii_strcasecmp(old->headers[i].name, name) == 0)
				json_object_set_new(headers, name, json_string(old->headers[i].value));
	}
}

bool job_id_is_valid(const char *id)
{
	size_t size = strlen(id);
	if (size < 1 || size > JOB_ID_MAX || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return false;
	for (const char *p = id; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && strchr("._-", *p) == NULL)
			return false;
	return true;
}
