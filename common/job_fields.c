/*
 * The fields of a job whose rules do not fit a table row: URL, headers, body, regular expression, lists.
 * What is refused here is what would let a definition break out of an HTTP request or speak for the runner.
 */
#include "common/job_draft.h"

#include <string.h>

#include "common/template.h"

/* The runner sends these itself; a second one would contradict it or split the request. */
static const char *const runner_headers[] = {
	"Host",	   "Content-Length", "Transfer-Encoding", "Connection",	 "Keep-Alive", "Upgrade", "TE",
	"Trailer", "Expect",	     "Idempotency-Key",	  "traceparent", NULL,
};

static const struct {
	const char *name;
	unsigned bit;
} retry_words[] = {
	{ "connect", JOB_RETRY_CONNECT },
	{ "timeout", JOB_RETRY_TIMEOUT },
	{ "429", JOB_RETRY_429 },
	{ "5xx", JOB_RETRY_5XX },
};

static bool in_list(const char *const *list, const char *word)
{
	for (; *list != NULL; list++)
		if (g_ascii_strcasecmp(*list, word) == 0)
			return true;
	return false;
}

static const char *host_problem(const char *host, int port)
{
	if (host == NULL || *host == '\0')
		return "has no host; write it as https://host/path";
	bool ipv6 = strchr(host, ':') != NULL;
	for (const char *p = host; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && strchr(ipv6 ? ":." : "-._", *p) == NULL)
			return "has a character in its host that no host name has";
	if (port == 0)
		return "names port 0, which nothing can listen on";
	return NULL;
}

/* NULL when fine, else a static half sentence. RFC 3986, narrowed to what an HTTP request line can carry. */
static const char *url_problem(const char *url)
{
	for (const unsigned char *p = (const unsigned char *)url; *p != '\0'; p++) {
		if (*p <= ' ' || *p == 0x7f)
			return "holds a space or control character; write it percent-encoded";
		if (*p > 0x7f)
			return "holds a character outside ASCII; write paths percent-encoded and host names in "
			       "punycode";
		if (strchr("\\\"<>^`{|}", *p) != NULL)
			return "holds a character that URLs do not have; write it percent-encoded";
	}
	const char *authority = strstr(url, "://");
	bool web = g_ascii_strncasecmp(url, "http://", 7) == 0 || g_ascii_strncasecmp(url, "https://", 8) == 0;
	if (!web)
		return authority != NULL ? "must begin with http:// or https://; no other scheme is called"
					 : "must be a full URL that begins with http:// or https://";
	authority += 3;
	if (memchr(authority, '@', strcspn(authority, "/?#")) != NULL)
		return "must not hold a user or password; put them into an Authorization header";
	if (memchr(authority, '%', strcspn(authority, "/?#")) != NULL)
		return "has a % in its host; write host names in punycode";
	if (strchr(authority, '#') != NULL)
		return "has a fragment (#...), which is never sent; leave it out";
	g_autofree char *host = NULL;
	int port = -1;
	if (!g_uri_split_network(url, G_URI_FLAGS_ENCODED, NULL, &host, &port, NULL))
		return "is not a valid URL";
	return host_problem(host, port);
}

static bool check_template(struct job_check *check, const struct job_place *at, const char *text,
			   enum template_place place)
{
	g_autoptr(GError) error = NULL;
	return template_check(text, place, &error) || job_check_fail(check, at, "%s", error->message);
}

/* A sound template with "x" for each value: what remains must be a URL. */
static char *without_values(const char *url)
{
	GString *out = g_string_new(NULL);
	for (const char *open; (open = strstr(url, "{{")) != NULL; url = strstr(open, "}}") + 2) {
		g_string_append_len(out, url, open - url);
		g_string_append_c(out, 'x');
	}
	g_string_append(out, url);
	return g_string_free(out, FALSE);
}

bool job_read_url(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft)
{
	const char *url;
	if (!job_read_text(check, at, value, 1, JOB_URL_MAX, &url))
		return false;
	if (!check_template(check, at, url, TEMPLATE_URL))
		return false;
	g_autofree char *plain = without_values(url);
	const char *problem = url_problem(plain);
	if (problem != NULL)
		return job_check_fail(check, at, "the URL %s", problem);
	draft->url = url;
	return true;
}

json_t *job_write_url(const struct job_draft *draft, bool mask_secrets)
{
	(void)mask_secrets;
	return json_string(draft->url);
}

/* RFC 9110 section 5.6.2. */
static bool is_token(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && strchr("!#$%&'*+-.^_`|~", *p) == NULL)
			return false;
	return *text != '\0';
}

static bool check_header_name(struct job_check *check, const struct job_place *at, const char *name,
			      const struct job_draft *draft)
{
	if (strlen(name) > JOB_HEADER_NAME_MAX)
		return job_check_fail(check, at, "the header's name is longer than %d bytes", JOB_HEADER_NAME_MAX);
	if (!is_token(name)) {
		g_autofree char *quoted = job_quote(name);
		return job_check_fail(check, at, "%s is not a header name; letters, digits and - are safe", quoted);
	}
	if (in_list(runner_headers, name))
		return job_check_fail(check, at, "the header %s is set by the agent itself; leave it out", name);
	for (int i = 0; i < draft->n_headers; i++)
		if (g_ascii_strcasecmp(draft->headers[i].name, name) == 0)
			return job_check_fail(check, at, "the header %s is given twice", name);
	return true;
}

static bool check_header_value(struct job_check *check, const struct job_place *at, const char *name,
			       const json_t *json, const char **ret)
{
	const char *value;
	if (!job_read_text(check, at, json, 0, JOB_HEADER_VALUE_MAX, &value))
		return false;
	for (const char *p = value; *p != '\0'; p++)
		if (*p != '\t' && g_ascii_iscntrl(*p))
			return job_check_fail(check, at,
					      "the value of header %s holds %s, which would break the request", name,
					      *p == '\r' || *p == '\n' ? "a line break" : "a control character");
	if (job_header_is_secret(name) && strcmp(value, JOB_SECRET_MASK) == 0)
		return job_check_fail(check, at,
				      "the value of header %s is the mask under which secrets are shown; give the real "
				      "value",
				      name);
	*ret = value;
	return check_template(check, at, value, TEMPLATE_HEADER);
}

bool job_read_headers(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft)
{
	if (!json_is_object(value))
		return job_check_fail(check, at, "must be an object like {\"Accept\":\"text/plain\"}, not %s",
				      job_json_type(value));
	if (json_object_size(value) > JOB_HEADERS_MAX)
		return job_check_fail(check, at, "has %zu headers, at most %d are allowed", json_object_size(value),
				      JOB_HEADERS_MAX);
	const char *name;
	json_t *item;
	json_object_foreach((json_t *)value, name, item)
	{
		struct job_place place = { at, name };
		const char *text = NULL;
		if (!check_header_name(check, &place, name, draft) ||
		    !check_header_value(check, &place, name, item, &text))
			return false;
		draft->headers[draft->n_headers++] = (struct job_header){ (char *)name, (char *)text };
	}
	return true;
}

json_t *job_write_headers(const struct job_draft *draft, bool mask_secrets)
{
	json_t *json = json_object();
	for (int i = 0; i < draft->n_headers; i++) {
		const struct job_header *header = &draft->headers[i];
		bool hide = mask_secrets && job_header_is_secret(header->name);
		json_object_set_new(json, header->name, json_string(hide ? JOB_SECRET_MASK : header->value));
	}
	return json;
}

static bool too_deep(const json_t *json, int left)
{
	if (left < 0)
		return true;
	const char *key;
	json_t *item;
	size_t i;
	if (json_is_object(json))
		json_object_foreach((json_t *)json, key, item) if (too_deep(item, left - 1)) return true;
	if (json_is_array(json))
		json_array_foreach(json, i, item) if (too_deep(item, left - 1)) return true;
	return false;
}

bool job_read_body(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft)
{
	if (json_is_string(value))
		return job_read_text(check, at, value, 0, JOB_BODY_MAX, &draft->body) &&
		       check_template(check, at, draft->body, TEMPLATE_TEXT);
	/* The definition itself is the first level. */
	if (too_deep(value, JOB_JSON_DEPTH_MAX - 1))
		return job_check_fail(check, at, "is nested deeper than %d levels", JOB_JSON_DEPTH_MAX);
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	draft->body = draft->body_dump = text;
	draft->body_is_json = true;
	if (text == NULL || strlen(text) > JOB_BODY_MAX)
		return job_check_fail(check, at, "is longer than %d bytes", JOB_BODY_MAX);
	return check_template(check, at, text, TEMPLATE_JSON);
}

json_t *job_write_body(const struct job_draft *draft, bool mask_secrets)
{
	(void)mask_secrets;
	if (draft->body == NULL)
		return json_null();
	return draft->body_is_json ? json_loads(draft->body, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
				   : json_string(draft->body);
}

bool job_read_regex(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft)
{
	const char *text;
	if (!job_read_text(check, at, value, 1, JOB_REGEX_MAX, &text))
		return false;
	g_autofree char *bounded = g_strconcat(JOB_REGEX_LIMIT, text, NULL);
	g_autoptr(GError) error = NULL;
	draft->regex = g_regex_new(bounded, 0, 0, &error);
	if (draft->regex == NULL) {
		/* GLib repeats the whole pattern, limit included; what stands after its last ": " is the reason. */
		const char *reason = strrchr(error->message, ':');
		return job_check_fail(check, at, "is not a regular expression: %s",
				      reason != NULL ? g_strchug((char *)reason + 1) : error->message);
	}
	draft->body_regex = text;
	return true;
}

json_t *job_write_regex(const struct job_draft *draft, bool mask_secrets)
{
	(void)mask_secrets;
	return draft->body_regex != NULL ? json_string(draft->body_regex) : json_null();
}

/* "200" or "200-299". */
static bool parse_range(const char *text, struct job_status_range *ret)
{
	int numbers[2] = { 0, 0 }, n = 0;
	for (const char *p = text;; p += 4) {
		for (int i = 0; i < 3; i++) {
			if (!g_ascii_isdigit(p[i]))
				return false;
			numbers[n] = numbers[n] * 10 + (p[i] - '0');
		}
		n++;
		if (p[3] == '\0')
			break;
		if (p[3] != '-' || n == 2)
			return false;
	}
	*ret = (struct job_status_range){ (int16_t)numbers[0], (int16_t)numbers[n - 1] };
	return true;
}

static bool read_range(struct job_check *check, const struct job_place *at, const json_t *item,
		       struct job_status_range *ret)
{
	char buffer[32];
	const char *text = json_string_value(item);
	if (json_is_integer(item)) {
		g_snprintf(buffer, sizeof buffer, "%" JSON_INTEGER_FORMAT, json_integer_value(item));
		text = buffer;
	}
	if (text == NULL || !parse_range(text, ret))
		return job_check_fail(check, at, "a status range is written \"200\" or \"200-299\"");
	if (ret->low > ret->high)
		return job_check_fail(check, at, "the range %d-%d is reversed; write %d-%d", ret->low, ret->high,
				      ret->high, ret->low);
	if (ret->low < 100 || ret->high > 599)
		return job_check_fail(check, at, "HTTP statuses lie in 100-599");
	return true;
}

bool job_read_statuses(struct job_check *check, const struct job_place *at, const json_t *value,
		       struct job_draft *draft)
{
	size_t n = json_array_size(value), i;
	if (!json_is_array(value) || n < 1 || n > JOB_STATUS_RANGES_MAX)
		return job_check_fail(check, at, "must be an array of 1 to %d ranges like [\"200-299\"]",
				      JOB_STATUS_RANGES_MAX);
	json_t *item;
	json_array_foreach(value, i, item)
	{
		char index[16];
		g_snprintf(index, sizeof index, "%zu", i);
		if (!read_range(check, &(struct job_place){ at, index }, item, &draft->policy.success[i]))
			return false;
	}
	draft->policy.n_success = (int)n;
	return true;
}

json_t *job_write_statuses(const struct job_draft *draft, bool mask_secrets)
{
	(void)mask_secrets;
	json_t *json = json_array();
	for (int i = 0; i < draft->policy.n_success; i++) {
		struct job_status_range range = draft->policy.success[i];
		json_array_append_new(json, range.low == range.high ? json_sprintf("%d", range.low)
								    : json_sprintf("%d-%d", range.low, range.high));
	}
	return json;
}

bool job_read_retry_on(struct job_check *check, const struct job_place *at, const json_t *value,
		       struct job_draft *draft)
{
	if (!json_is_array(value))
		return job_check_fail(check, at,
				      "must be an array of \"connect\", \"timeout\", \"429\", \"5xx\", not %s",
				      job_json_type(value));
	unsigned bits = 0;
	size_t i;
	json_t *item;
	json_array_foreach(value, i, item)
	{
		const char *text = json_string_value(item);
		unsigned bit = 0;
		for (size_t k = 0; text != NULL && k < G_N_ELEMENTS(retry_words); k++)
			if (strcmp(retry_words[k].name, text) == 0)
				bit = retry_words[k].bit;
		char index[24];
		g_snprintf(index, sizeof index, "%zu", i);
		if (bit == 0)
			return job_check_fail(check, &(struct job_place){ at, index },
					      "is none of \"connect\", \"timeout\", \"429\", \"5xx\"");
		bits |= bit;
	}
	draft->policy.retry.retry_on = bits;
	return true;
}

json_t *job_write_retry_on(const struct job_draft *draft, bool mask_secrets)
{
	(void)mask_secrets;
	json_t *json = json_array();
	for (size_t i = 0; i < G_N_ELEMENTS(retry_words); i++)
		if (draft->policy.retry.retry_on & retry_words[i].bit)
			json_array_append_new(json, json_string(retry_words[i].name));
	return json;
}

bool job_read_skip_at(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft)
{
	if (!json_is_array(value))
		return job_check_fail(check, at, "must be an array of times, not %s", job_json_type(value));
	if (json_array_size(value) > JOB_SKIPS_MAX)
		return job_check_fail(check, at, "has %zu times, at most %d are allowed; drop those that are past",
				      json_array_size(value), JOB_SKIPS_MAX);
	size_t i;
	json_t *item;
	json_array_foreach(value, i, item)
	{
		char index[24];
		g_snprintf(index, sizeof index, "%zu", i);
		if (!job_read_time(check, &(struct job_place){ at, index }, item, &draft->policy.skip_at[i]))
			return false;
	}
	draft->policy.n_skip_at = (int)json_array_size(value);
	return true;
}

bool job_read_count(struct job_check *check, const struct job_place *at, const json_t *value, struct job_draft *draft)
{
	json_int_t count = json_integer_value(value);
	if (!json_is_integer(value) || count < 1 || count > JOB_TARGET_COUNT_MAX)
		return job_check_fail(check, at, "must be a whole number from 1 to %d", JOB_TARGET_COUNT_MAX);
	draft->policy.target_count = (int)count;
	return true;
}

json_t *job_write_count(const struct job_draft *draft, bool mask_secrets)
{
	(void)mask_secrets;
	return draft->policy.target_count > 0 ? json_integer(draft->policy.target_count) : json_null();
}

json_t *job_write_skip_at(const struct job_draft *draft, bool mask_secrets)
{
	(void)mask_secrets;
	json_t *json = json_array();
	for (int i = 0; i < draft->policy.n_skip_at; i++)
		json_array_append_new(json, job_time_to_json(draft->policy.skip_at[i]));
	return json;
}
