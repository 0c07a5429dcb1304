#include "ctl/http.h"

#include <curl/curl.h>
#include <string.h>

#include "config.h"

#define SESSION_COOKIE "belfry_session="

struct http {
	struct http_server server;
	CURLM *multi; /* keeps the connection from one request to the next */
};

struct http *http_new(const struct http_server *server)
{
	struct http *http = g_new0(struct http, 1);
	http->server = *server;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	http->multi = curl_multi_init();
	g_assert(http->multi != NULL);
	return http;
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	g_free(http);
}

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
	(void)one;
	struct http_answer *answer = context;
	if (answer->body->len + size > HTTP_ANSWER_MAX)
		return 0;
	g_string_append_len(answer->body, data, (gssize)size);
	return size;
}

/* "Name: value" with that name: the value, without blanks around it. */
static char *header_value(const char *line, size_t size, const char *name)
{
	size_t n = strlen(name);
	if (size <= n || g_ascii_strncasecmp(line, name, n) != 0)
		return NULL;
	return g_strstrip(g_strndup(line + n, size - n));
}

static size_t take_header(char *data, size_t one, size_t size, void *context)
{
	(void)one;
	struct http_answer *answer = context;
	char *etag = header_value(data, size, "ETag:");
	char *cookie = header_value(data, size, "Set-Cookie:");
	if (etag != NULL) {
		g_free(answer->etag);
		answer->etag = etag;
	}
	if (cookie != NULL && g_str_has_prefix(cookie, SESSION_COOKIE)) {
		g_free(answer->cookie);
		answer->cookie = g_strndup(cookie, strcspn(cookie, ";"));
	}
	if (cookie != NULL)
		g_free(cookie);
	return size;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
	g_autofree char *line = g_strdup_printf("%s: %s", name, value);
	return curl_slist_append(list, line);
}

static struct curl_slist *make_headers(const struct http_server *server, const struct http_question *question)
{
	/* Without "Expect:" a long body waits a second for a "100 Continue" that nobody sends. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	bool is_session = server->token != NULL && g_str_has_prefix(server->token, SESSION_COOKIE);

	list = add_header(list, "Accept", "application/json");
	if (question->body != NULL)
		list = add_header(list, "Content-Type",
				  question->merge_patch ? "application/merge-patch+json" : "application/json");
	if (question->if_match != NULL)
		list = add_header(list, "If-Match", question->if_match);
	if (is_session) {
		/* Central takes edits by cookie only from a page of its own. */
		list = add_header(list, "Cookie", server->token);
		list = add_header(list, "Origin", server->url);
	} else if (server->token != NULL) {
		g_autofree char *bearer = g_strconcat("Bearer ", server->token, NULL);
		list = add_header(list, "Authorization", bearer);
	}
	return list;
}

/*
 * A handle for one request, never one for all of them: libcurl before 8.1.0 keeps a pointer to the last header of a
 * response beyond the end of the transfer. The connection belongs to the multi handle.
 */
static CURL *make_easy(const struct http_server *server, const struct http_question *question, struct http_answer *answer)
{
	CURL *easy = curl_easy_init();
	g_assert(easy != NULL);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(HTTP_CONNECT_MS, server->timeout_ms));
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)server->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "belfry/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, answer);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, question->method);
	if (server->socket_path != NULL)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, server->socket_path);
	if (server->ca != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, server->ca);
	if (question->body != NULL)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, question->body);
	else if (strcmp(question->method, "POST") == 0)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	return easy;
}

static CURLcode perform(struct http *http, CURL *easy)
{
	CURLcode code = CURLE_OK;
	int running = 1, left;

	curl_multi_add_handle(http->multi, easy);
	while (running > 0) {
		curl_multi_perform(http->multi, &running);
		if (running > 0)
			curl_multi_poll(http->multi, NULL, 0, 1000, NULL);
	}
	const CURLMsg *message = curl_multi_info_read(http->multi, &left);
	if (message != NULL && message->msg == CURLMSG_DONE)
		code = message->data.result;
	curl_multi_remove_handle(http->multi, easy);
	return code;
}

static enum http_failure classify(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_FINE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return HTTP_NOT_TRUSTED;
	case CURLE_WRITE_ERROR:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return HTTP_BROKEN;
	/* What comes when the one speaks TLS and the other does not. */
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
		return HTTP_OTHER_SCHEME;
	default:
		return HTTP_AWAY;
	}
}

enum http_failure http_ask(struct http *http, const struct http_question *question, struct http_answer *ret, char **ret_words)
{
	char words[CURL_ERROR_SIZE] = "";
	struct http_answer answer = { .body = g_string_new(NULL) };
	g_autofree char *url = g_strconcat(http->server.url, question->path, NULL);
	struct curl_slist *headers = make_headers(&http->server, question);
	CURL *easy = make_easy(&http->server, question, &answer);

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
	CURLcode code = perform(http, easy);
	enum http_failure failure = classify(code);
	if (failure == HTTP_FINE) {
		long status = 0;
		curl_off_t retry_after = 0;
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
		answer.status = (int)status;
		answer.retry_after_s = (int)CLAMP(retry_after, 0, 86400);
		*ret = answer;
	} else {
		/* Of a socket libcurl speaks as of a host and a port. */
		bool own = *words != '\0' && http->server.socket_path == NULL;
		*ret_words = g_strdup(own ? words : curl_easy_strerror(code));
		http_answer_clear(&answer);
	}
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	return failure;
}

void http_answer_clear(struct http_answer *answer)
{
	if (answer->body != NULL)
		g_string_free(answer->body, TRUE);
	answer->body = NULL;
	g_clear_pointer(&answer->etag, g_free);
	g_clear_pointer(&answer->cookie, g_free);
}
