/*
 * What a response may cost, and the verdict on how the attempt ended.
 *
 * The verdict's one question is whether the target may have acted: as soon as a byte of the request has left, a failure
 * is BROKEN or TIMEOUT; before that it is CONNECT, REFUSED or RESOURCE. libcurl's counter of request bytes knows.
 */
#include "agent/runner_internal.h"

#include <errno.h>
#include <string.h>

static const char te_name[] = "transfer-encoding:";

void response_begin(struct transfer *transfer)
{
	transfer->sendings = 0;
	transfer->sockets_opened = 0;
	transfer->socket_errno = 0;
	transfer->denied = NULL;
	transfer->header_bytes = 0;
	transfer->body_bytes = 0;
	transfer->status_seen = false;
	transfer->header_seen = false;
	transfer->headers_ended = false;
	transfer->limit = NULL;
	transfer->kept_size = 0;
	transfer->error[0] = '\0';
	transfer->result = (struct attempt_result){
		.retry_after_ms = -1,
		.timing = { -1, -1, -1, -1, -1 },
	};
}

/* A transfer coding other than "chunked" was not asked for, and decoding it could cost a lot of memory. */
static bool is_strange_coding(const char *line, size_t length)
{
	if (length < sizeof(te_name) - 1 || g_ascii_strncasecmp(line, te_name, sizeof(te_name) - 1) != 0)
		return false;
	g_autofree char *value = g_strstrip(g_strndup(line + sizeof(te_name) - 1, length - (sizeof(te_name) - 1)));
	return g_ascii_strcasecmp(value, "chunked") != 0;
}

static bool is_blank(const char *line)
{
	return line[0] == '\r' || line[0] == '\n';
}

/*
 * libcurl before 8.1.0 keeps a pointer to the last header of a response beyond the end of the transfer, and a response that begins
 * with a continuation line makes it write through that (fixed by "headers: clear (possibly) lingering pointer in
 * init"). Such a line is never right: there is nothing that it could continue.
 */
static bool is_orphan(const struct transfer *transfer, const char *line)
{
	return !transfer->header_seen && (line[0] == ' ' || line[0] == '\t');
}

/* One line of the headers, before libcurl stores it. */
static bool take_line(struct transfer *transfer, const char *line, size_t length)
{
	transfer->header_bytes += length;
	if (transfer->header_bytes > RESPONSE_HEADERS_MAX)
		transfer->limit = "the response headers are too large";
	else if (is_orphan(transfer, line))
		transfer->limit = "the response headers begin with a continuation line";
	else if (is_strange_coding(line, length))
		transfer->limit = "the response uses a transfer coding other than chunked";
	/* The first line of a block is the status, whatever it looks like; an interim response is a block of its own. */
	transfer->header_seen = transfer->header_seen || (transfer->status_seen && !is_blank(line));
	transfer->status_seen = !is_blank(line);
	return transfer->limit == NULL;
}

static bool take_body(struct transfer *transfer, const char *bytes, size_t size)
{
	size_t length = MIN(size, RESPONSE_READ_MAX - transfer->body_bytes);
	if (transfer->body_bytes == 0)
		crypto_hash_sha256_init(&transfer->digest);
	crypto_hash_sha256_update(&transfer->digest, (const unsigned char *)bytes, length);
	transfer->body_bytes += length;
	size_t kept = MIN(length, RESPONSE_BODY_MAX - transfer->kept_size);
	if (kept > 0) {
		if (transfer->kept == NULL)
			transfer->kept = g_malloc(RESPONSE_BODY_MAX);
		memcpy(transfer->kept + transfer->kept_size, bytes, kept);
		transfer->kept_size += kept;
	}
	if (length < size)
		transfer->limit = "the response body is too large";
	return length == size;
}

/* CURLOPT_HEADER has the header lines come here too, ahead of the body and ahead of libcurl's own storing. */
size_t response_on_bytes(char *bytes, size_t size, size_t n, void *context)
{
	struct transfer *transfer = context;
	size_t length = size * n;
	bool good = transfer->headers_ended ? take_body(transfer, bytes, length) : take_line(transfer, bytes, length);
	return good ? length : CURL_WRITEFUNC_ERROR;
}

/* The same lines a second time, when they are stored; and trailers, which come nowhere else. */
size_t response_on_header(char *bytes, size_t size, size_t n, void *context)
{
	struct transfer *transfer = context;
	size_t length = size * n;
	long status = 0;
	if (transfer->headers_ended)
		return take_line(transfer, bytes, length) ? length : CURL_WRITEFUNC_ERROR;
	if (!is_blank(bytes))
		return length;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	transfer->headers_ended = status >= 200; /* an interim response is followed by another */
	return length;
}

int response_on_sending(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	(void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
	struct transfer *transfer = context;
	if (++transfer->sendings == 1 || transfer->call->job->policy->type != JOB_ATMOST_ONCE)
		return CURL_PREREQFUNC_OK;
	transfer->limit = "the connection was lost before an answer came; an at-most-once request is not sent again";
	return CURL_PREREQFUNC_ABORT;
}

static enum attempt_outcome judge_before_sending(const struct transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return ATTEMPT_REFUSED;
	case CURLE_OUT_OF_MEMORY:
		return ATTEMPT_RESOURCE;
	default:
		if (transfer->sockets_opened > 0)
			return ATTEMPT_CONNECT;
		if (transfer->denied != NULL)
			return ATTEMPT_REFUSED;
		return transfer->socket_errno == EMFILE || transfer->socket_errno == ENFILE ||
				       transfer->socket_errno == ENOMEM || transfer->socket_errno == ENOBUFS
			       ? ATTEMPT_RESOURCE
			       : ATTEMPT_CONNECT;
	}
}

/* libcurl takes a connection that ends within the headers, or after an interim response, for a response without body. */
static bool is_whole(const struct transfer *transfer, CURLcode code)
{
	if (code == CURLE_OK)
		return transfer->headers_ended;
	return code == CURLE_WRITE_ERROR && transfer->body_bytes == RESPONSE_READ_MAX;
}

static enum attempt_outcome judge(const struct transfer *transfer, CURLcode code)
{
	long sent = 0;
	if (is_whole(transfer, code))
		return ATTEMPT_RESPONSE;
	curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
	if (sent == 0)
		return judge_before_sending(transfer, code);
	return code == CURLE_OPERATION_TIMEDOUT ? ATTEMPT_TIMEOUT : ATTEMPT_BROKEN;
}

/* libcurl's times count from the start and are 0 when not reached; ours are the lengths of the stretches. */
static void read_timing(struct transfer *transfer)
{
	curl_off_t name = 0, connected = 0, secured = 0, sent = 0, first = 0;
	struct attempt_timing *timing = &transfer->result.timing;
	CURL *easy = transfer->easy;
	curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &name);
	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &secured);
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	timing->dns_us = transfer->name_us;
	if (connected > 0)
		timing->connect_us = MAX(connected - name, 0);
	if (secured > 0)
		timing->tls_us = MAX(secured - connected, 0);
	if (first > 0)
		timing->first_byte_us = MAX(first - sent, 0);
}

static void finish_times(struct transfer *transfer)
{
	struct attempt_result *result = &transfer->result;
	result->finished_at = wall_now();
	result->duration_us = mono_diff_us(mono_now(), transfer->started);
	result->timing.total_us = result->duration_us;
}

static int64_t read_retry_after(CURL *easy)
{
	curl_off_t seconds = 0;
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		return -1;
	return MIN(seconds, RETRY_AFTER_READ_MAX_MS / 1000) * 1000;
}

/* The words end in logs and JSON: plain ASCII, whatever a certificate or a status line says. */
static void clean_error(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			*text = '?';
}

static const char *find_words(struct transfer *transfer, CURLcode code)
{
	if (transfer->limit != NULL)
		return transfer->limit;
	if (transfer->result.outcome == ATTEMPT_REFUSED && transfer->denied != NULL)
		return transfer->denied;
	if (transfer->result.outcome == ATTEMPT_RESOURCE && transfer->socket_errno != 0)
		return g_strerror(transfer->socket_errno);
	if (code == CURLE_OK)
		return transfer->result.outcome == ATTEMPT_RESPONSE
			       ? NULL
			       : "the connection ended within the response headers";
	clean_error(transfer->error);
	return transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
}

void response_judge(struct transfer *transfer, CURLcode code)
{
	struct attempt_result *result = &transfer->result;
	long status = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	result->http_status = (int)status;
	result->outcome = judge(transfer, code);
	if (status >= 300)
		result->retry_after_ms = read_retry_after(transfer->easy);
	result->error = find_words(transfer, code);
	read_timing(transfer);
	finish_times(transfer);
}

void response_end(struct transfer *transfer, enum attempt_outcome outcome, const char *error)
{
	transfer->result.outcome = outcome;
	transfer->result.error = error;
	transfer->result.timing.dns_us = transfer->name_us;
	finish_times(transfer);
}
