/*
 * From a job to libcurl's options, in three layers: what never changes (transfer_set_common), what a definition says
 * (call_new, transfer_adopt), what differs from fire to fire (transfer_fill). A job that fires again on a transfer that
 * knows it pays for the last layer only: two identifiers written into header lines in place, and the body.
 */
#include "agent/runner_internal.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "common/rfc3339.h"
#include "config.h"

#define DNS_CACHE_SECONDS 120L /* longer than RESOLVER_TTL_MS: the resolver rules, libcurl's cache only keeps */
#define ATMOST_ONCE_IDLE_SECONDS 1L
#define RECEIVE_BUFFER_SIZE 4096L /* libcurl allots it for each transfer: answers of jobs are small */

static const char key_head[] = "Idempotency-Key: ", trace_head[] = "traceparent: 00-";
static const char user_agent[] = "User-Agent: belfry/" PACKAGE_VERSION;
static const char body_type[] = "Content-Type: application/json";

static bool find_header(const struct job *job, const char *name)
{
	for (int i = 0; i < job->n_headers; i++)
		if (g_ascii_strcasecmp(job->headers[i].name, name) == 0)
			return true;
	return false;
}

/* Takes over text and compiled. */
static void add_line(struct call *call, char *text, struct template *compiled)
{
	const struct call_line line = { .text = text, .owned = text, .compiled = compiled };
	g_array_append_val(call->lines, line);
}

static void add_fixed_line(struct call *call, const char *text)
{
	const struct call_line line = { .text = (char *)text };
	g_array_append_val(call->lines, line);
}

static void make_lines(struct call *call)
{
	const struct job *job = call->job;
	for (int i = 0; i < job->n_headers; i++) {
		const struct job_header *header = &job->headers[i];
		struct template *compiled = template_new(header->value, TEMPLATE_HEADER);
		if (compiled != NULL)
			add_line(call, g_strconcat(header->name, ": ", NULL), compiled);
		else if (header->value[0] == '\0')
			add_line(call, g_strconcat(header->name, ";", NULL),
				 NULL); /* libcurl's way to send an empty value */
		else
			add_line(call, g_strconcat(header->name, ": ", header->value, NULL), NULL);
	}
	if (call->has_body && !find_header(job, "Content-Type"))
		add_fixed_line(call, body_type);
	if (!find_header(job, "User-Agent"))
		add_fixed_line(call, user_agent);
}

/* Where the URL leads, by libcurl's own reading of it. */
static void read_place(struct place *place, CURLU *url, const char *text)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK) {
		place->refusal = "the URL cannot be read";
	} else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
		place->refusal = "only http and https URLs can be called";
	} else {
		uint8_t address[16];
		place->port = atoi(port);
		bool is_local = g_ascii_strcasecmp(host, "localhost") == 0 || g_str_has_suffix(host, ".localhost");
		if (host[0] != '[' && inet_pton(AF_INET, host, address) != 1 && !is_local)
			place->host = g_ascii_strdown(host, -1);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
}

static void place_free(void *data)
{
	struct place *place = data;
	g_free(place->host);
	g_free(place);
}

GHashTable *places_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, place_free);
}

/* Thousands of jobs lead to few places: the part of a URL before its path is read once. */
static const struct place *get_place(struct runner_http *runner, const char *url)
{
	const char *rest = strstr(url, "://");
	size_t size = rest != NULL ? (size_t)(rest - url) + 3 + strcspn(rest + 3, "/?#") : strlen(url);
	g_autofree char *origin = g_strndup(url, size);
	struct place *place = g_hash_table_lookup(runner->places, origin);
	if (place != NULL)
		return place;
	if (g_hash_table_size(runner->places) >= PLACES_MAX)
		g_hash_table_remove_all(runner->places);
	place = g_new0(struct place, 1);
	CURLU *parser = curl_url();
	read_place(place, parser, origin);
	curl_url_cleanup(parser);
	g_hash_table_insert(runner->places, g_steal_pointer(&origin), place);
	return place;
}

static const char *make_url(struct runner_http *runner, struct call *call)
{
	static const char *const samples[TEMPLATE_VALUE_MAX_] = { "x", "x", "x", "x", "x", "x", "x", "x" };
	const struct job *job = call->job;
	g_autoptr(GString) sample = NULL;
	call->url_template = template_new(job->url, TEMPLATE_URL);
	if (call->url_template != NULL) {
		sample = g_string_new(NULL);
		template_render(call->url_template, samples, sample);
	}
	const struct place *place = get_place(runner, sample != NULL ? sample->str : job->url);
	if (place->refusal != NULL)
		return place->refusal;
	call->host = g_strdup(place->host);
	call->port = place->port;
	return NULL;
}

/* HEAD never carries a body, whatever the job says; the other methods carry the one that is given. */
static void make_body(struct call *call)
{
	const struct job *job = call->job;
	static const char *const with_body[] = { "POST", "PUT", "PATCH", NULL };
	call->has_body =
		strcmp(job->method, "HEAD") != 0 && (job->body != NULL || g_strv_contains(with_body, job->method));
	if (!call->has_body)
		return;
	if (job->body != NULL) {
		call->body_template = template_new(job->body, job->body_is_json ? TEMPLATE_JSON : TEMPLATE_TEXT);
	} else {
		call->default_body_head = g_string_sized_new(96);
		g_string_append(call->default_body_head, "{\"jobId\":\"");
		g_string_append(call->default_body_head, job->id);
		g_string_append(call->default_body_head, "\",\"scheduledTime\":\"");
	}
}

struct call *call_new(struct runner_http *runner, struct job *job)
{
	struct call *call = g_new0(struct call, 1);
	call->job = job_ref(job);
	call->lines = g_array_new(FALSE, FALSE, sizeof(struct call_line));
	TAILQ_INIT(&call->idle);
	make_body(call);
	make_lines(call);
	call->refusal = make_url(runner, call);
	return call;
}

void call_free(struct call *call)
{
	for (guint i = 0; i < call->lines->len; i++) {
		struct call_line *line = &g_array_index(call->lines, struct call_line, i);
		g_free(line->owned);
		template_free(line->compiled);
	}
	g_array_unref(call->lines);
	template_free(call->url_template);
	template_free(call->body_template);
	if (call->default_body_head != NULL)
		g_string_free(call->default_body_head, TRUE);
	g_free(call->host);
	job_unref(call->job);
	g_free(call);
}

/*
 * libcurl with GnuTLS reads all authorities again for every new connection, on the loop: from the folder of the system's
 * certificates that takes 32 ms, from the one file with the same certificates 8 ms.
 */
static void set_authorities(CURL *easy)
{
	static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";
	if (access(bundle, R_OK) != 0)
		return;
	curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

bool transfer_set_common(struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	set_authorities(easy);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver thread of libcurl's own */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_SIZE);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, response_on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, response_on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, response_on_sending);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, runner_socket_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, runner_socket_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer->runner);
	/* What the limits of targets hang on must have been taken by libcurl. */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"); /* else libcurl reads the environment for each transfer */
	return curl_easy_setopt(easy, CURLOPT_HEADER, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
}

static void set_method(struct transfer *transfer, const struct call *call)
{
	CURL *easy = transfer->easy;
	const char *method = call->job->method;
	if (transfer->method_has_body == call->has_body && strcmp(transfer->method_set, method) == 0)
		return;
	transfer->method_has_body = call->has_body;
	g_strlcpy(transfer->method_set, method, sizeof(transfer->method_set));
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* takes NOBODY and POST back */
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (call->has_body)
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
	if (strcmp(method, call->has_body ? "POST" : "GET") != 0)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* The list is one block; libcurl only reads it. */
static void set_headers(struct transfer *transfer, const struct call *call)
{
	guint n = 0;
	if (transfer->headers_room < call->lines->len + 2) {
		transfer->headers_room = call->lines->len + 8;
		g_free(transfer->headers);
		transfer->headers = g_new(struct curl_slist, transfer->headers_room);
	}
	for (guint i = 0; i < call->lines->len; i++) {
		const struct call_line *line = &g_array_index(call->lines, struct call_line, i);
		transfer->headers[n++].data = line->text;
		if (line->compiled != NULL)
			g_ptr_array_add(transfer->rendered, g_string_new(line->text));
	}
	transfer->headers[n++].data = transfer->idempotency_key;
	transfer->headers[n++].data = transfer->traceparent;
	for (guint i = 0; i + 1 < n; i++)
		transfer->headers[i].next = &transfer->headers[i + 1];
	transfer->headers[n - 1].next = NULL;
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_body(struct transfer *transfer, const char *body, gsize size)
{
	if (transfer->body_set == body && transfer->body_set_size == size)
		return;
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	transfer->body_set = body;
	transfer->body_set_size = size;
}

/* Lets go of everything that belongs to the definition it served. */
void transfer_forget(struct transfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
	g_ptr_array_set_size(transfer->rendered, 0);
	if (transfer->body_set != NULL && transfer->body_set != transfer->body->str) {
		curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, NULL);
		transfer->body_set = NULL;
	}
	if (transfer->resolve.data != NULL) {
		curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, NULL);
		g_clear_pointer(&transfer->resolve.data, g_free);
		transfer->resolve_generation = 0;
	}
	transfer->call = NULL;
}

void transfer_adopt(struct transfer *transfer, struct call *call)
{
	CURL *easy = transfer->easy;
	transfer->call = call;
	if (call->refusal != NULL)
		return;
	const struct job *job = call->job;
	set_headers(transfer, call);
	if (call->has_body && call->default_body_head == NULL && call->body_template == NULL)
		set_body(transfer, job->body, strlen(job->body));
	set_method(transfer, call);
	if (call->url_template == NULL)
		curl_easy_setopt(easy, CURLOPT_URL, job->url);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
			 job->policy->type == JOB_ATMOST_ONCE ? ATMOST_ONCE_IDLE_SECONDS : 118L);
	transfer_set_timeouts(transfer, job->policy->timeout_ms, job->policy->connect_timeout_ms);
}

void transfer_set_timeouts(struct transfer *transfer, int64_t timeout_ms, int64_t connect_timeout_ms)
{
	if (transfer->timeout_set_ms != timeout_ms)
		curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	if (transfer->connect_timeout_set_ms != connect_timeout_ms)
		curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_timeout_ms);
	transfer->timeout_set_ms = timeout_ms;
	transfer->connect_timeout_set_ms = connect_timeout_ms;
}

static char *append_hex(char *out, const uint8_t *bytes, int n)
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	return out;
}

/*
 * W3C trace context: the trace is the execution, the parent the attempt. An id of zeros would be invalid; the trace id
 * has UUID version bits, the parent id is made odd.
 */
static void fill_trace(struct transfer *transfer, const struct attempt *attempt)
{
	uint8_t parent[8];
	memcpy(parent, attempt->id.bytes + 8, sizeof(parent));
	for (int i = 0; i < 4; i++)
		parent[i] ^= (uint8_t)(attempt->number >> (24 - 8 * i));
	parent[7] |= 1;
	char *out = transfer->traceparent + sizeof(trace_head) - 1;
	memcpy(transfer->traceparent, trace_head, sizeof(trace_head) - 1);
	out = append_hex(out, attempt->id.bytes, 16);
	*out++ = '-';
	out = append_hex(out, parent, 8);
	memcpy(out, "-01", 4);
}

static void fill_default_body(struct transfer *transfer, const char *const values[])
{
	const GString *head = transfer->call->default_body_head;
	GString *body = transfer->body;
	g_string_truncate(body, 0);
	g_string_append_len(body, head->str, head->len);
	g_string_append(body, values[TEMPLATE_SCHEDULED_TIME]);
	g_string_append(body, "\",\"executionTime\":\"");
	g_string_append(body, values[TEMPLATE_EXECUTION_TIME]);
	g_string_append(body, "\",\"executionId\":\"");
	g_string_append(body, values[TEMPLATE_EXECUTION_ID]);
	g_string_append(body, "\",\"attempt\":");
	g_string_append(body, values[TEMPLATE_ATTEMPT]);
	g_string_append_c(body, '}');
}

static void fill_templates(struct transfer *transfer, const char *const values[])
{
	const struct call *call = transfer->call;
	if (call->url_template != NULL) {
		g_string_truncate(transfer->url, 0);
		template_render(call->url_template, values, transfer->url);
		curl_easy_setopt(transfer->easy, CURLOPT_URL, transfer->url->str);
	}
	for (guint i = 0, next = 0; next < transfer->rendered->len; i++) {
		const struct call_line *line = &g_array_index(call->lines, struct call_line, i);
		if (line->compiled == NULL)
			continue;
		GString *text = transfer->rendered->pdata[next++];
		g_string_assign(text, line->text);
		template_render(line->compiled, values, text);
		transfer->headers[i].data = text->str;
	}
	if (call->body_template != NULL) {
		g_string_truncate(transfer->body, 0);
		template_render(call->body_template, values, transfer->body);
	}
}

void transfer_fill(struct transfer *transfer)
{
	const struct call *call = transfer->call;
	const struct attempt *attempt = transfer->attempt;
	char scheduled[RFC3339_SIZE], started[RFC3339_SIZE], number[16];
	char *id = transfer->idempotency_key + sizeof(key_head) - 1;
	memcpy(transfer->idempotency_key, key_head, sizeof(key_head) - 1);
	fire_id_print(attempt->id, id);
	fill_trace(transfer, attempt);
	g_snprintf(number, sizeof(number), "%d", attempt->number);
	const char *const values[TEMPLATE_VALUE_MAX_] = {
		[TEMPLATE_JOB_ID] = call->job->id,
		[TEMPLATE_JOB_NAME] = call->job->name,
		[TEMPLATE_SCHEDULED_TIME] = rfc3339_print_ms(attempt->scheduled_at, scheduled),
		[TEMPLATE_EXECUTION_TIME] = rfc3339_print_ms(transfer->result.started_at, started),
		[TEMPLATE_EXECUTION_ID] = id,
		[TEMPLATE_ATTEMPT] = number,
		[TEMPLATE_AGENT_ID] = transfer->runner->agent_id,
		[TEMPLATE_CAUSE] = fire_cause_name(attempt->cause),
	};
	if (call->default_body_head != NULL)
		fill_default_body(transfer, values);
	if (call->url_template != NULL || call->body_template != NULL || transfer->rendered->len > 0)
		fill_templates(transfer, values);
	if (call->default_body_head != NULL || call->body_template != NULL)
		set_body(transfer, transfer->body->str, transfer->body->len);
}
