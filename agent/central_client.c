#include "agent/central_client.h"

#include <curl/curl.h>
#include <jansson.h>
#include <string.h>

struct central_client {
	char *url, *authorization, *ca, *certificate, *key; /* ca: "" = the system's */
	CURLM *multi; /* keeps the connection from one request to the next */
	int wake_fd;
};

struct receipt { GString *body; size_t max; bool too_long; };

static size_t receive(char *data, size_t one, size_t size, void *context)
{
	(void)one;
	struct receipt *receipt = context;
	if (receipt->body->len + size > receipt->max) {
		receipt->too_long = true;
		return 0;
	}
	g_string_append_len(receipt->body, data, (gssize)size);
	return size;
}

void central_client_set_key(struct central_client *client, const char *key)
{
	g_free(client->authorization);
	client->authorization = key != NULL ? g_strdup_printf("Authorization: Bearer %s", key) : NULL;
}

struct central_client *central_client_new(const char *url, const char *key, const struct central_tls *tls,
					  int wake_fd)
{
	struct central_client *client = g_new0(struct central_client, 1);
	client->url = g_strdup(url);
	central_client_set_key(client, key);
	client->ca = g_strdup(tls->ca);
	client->certificate = g_strdup(tls->certificate);
	client->key = g_strdup(tls->key);
	client->wake_fd = wake_fd;
	client->multi = curl_multi_init();
	g_assert(client->multi != NULL);
	return client;
}

void central_client_free(struct central_client *client)
{
	if (client == NULL)
		return;
	curl_multi_cleanup(client->multi);
	g_free(client->url);
	g_free(client->authorization);
	g_free(client->ca);
	g_free(client->certificate);
	g_free(client->key);
	g_free(client);
}

/*
 * A handle for one request. Never one for all of them: libcurl before 8.1.0 keeps a pointer to the last header of a
 * response beyond the end of the transfer, and writes through it when the next response begins with a continuation line.
 */
static CURL *make_easy(const struct central_client *client)
{
	CURL *easy = curl_easy_init();
	if (easy == NULL)
		return NULL;
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CENTRAL_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)CENTRAL_TOTAL_MS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)CENTRAL_SILENCE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	if (*client->ca != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca);
	if (*client->certificate != '\0') {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, client->certificate);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, client->key);
	}
	return easy;
}

/* Runs the transfer on the multi interface: only there can another descriptor end the wait. */
static CURLcode perform(struct central_client *client, CURL *easy, bool *ret_interrupted)
{
	CURLcode code = CURLE_OK;
	curl_multi_add_handle(client->multi, easy);
	for (bool done = false; !done;) {
		int running = 0, left;
		curl_multi_perform(client->multi, &running);
		const CURLMsg *message = curl_multi_info_read(client->multi, &left);
		if (message != NULL && message->msg == CURLMSG_DONE) {
			code = message->data.result;
			done = true;
			continue;
		}
		struct curl_waitfd wake = { .fd = client->wake_fd, .events = CURL_WAIT_POLLIN };
		curl_multi_poll(client->multi, &wake, client->wake_fd >= 0 ? 1 : 0, 1000, NULL);
		*ret_interrupted = done = wake.revents != 0;
	}
	curl_multi_remove_handle(client->multi, easy);
	return code;
}

/* What a problem+json answer says, for the log. */
static void describe_problem(struct central_answer *answer)
{
	json_t *json = json_loadb(answer->body->str, answer->body->len, 0, NULL);
	const char *title = json_string_value(json_object_get(json, "title"));
	const char *detail = json_string_value(json_object_get(json, "detail"));
	g_snprintf(answer->error, sizeof answer->error, "status %d%s%s%s%s", answer->status, title != NULL ? ": " : "",
		   title != NULL ? title : "", detail != NULL ? ": " : "", detail != NULL ? detail : "");
	json_decref(json);
}

static void read_answer(CURL *easy, struct central_answer *answer)
{
	long status = 0;
	curl_off_t retry_after = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
	answer->status = (int)status;
	if (retry_after > 0)
		answer->retry_after_ms = (int64_t)MIN(retry_after, 86400) * 1000;
	if (status < 200 || status > 299)
		describe_problem(answer);
}

/* What a person can do about it, or "". A server that wants a certificate and gets none just closes. */
static const char *next_step(const struct central_client *client, CURLcode code, const char *words)
{
	bool closed = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING || code == CURLE_SSL_CONNECT_ERROR;
	if (code == CURLE_SSL_CONNECT_ERROR && strstr(words, "unexpected TLS packet") != NULL) /* GnuTLS, of what is no TLS */
		return "; if central speaks no TLS, its address begins with http:";
	if (code == CURLE_GOT_NOTHING && g_str_has_prefix(client->url, "http:"))
		return "; if central speaks TLS, its address begins with https:";
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return "; central_ca= in the configuration names who vouches for central, and this host's clock must be right";
	if (code == CURLE_SSL_CACERT_BADFILE)
		return "; that is the file that central_ca= in the configuration names";
	if (closed && g_str_has_prefix(client->url, "https:") && *client->certificate == '\0')
		return "; does central want a certificate of agents (central_certificate=)?";
	return "";
}

void central_client_post(struct central_client *client, const char *path, const char *body, size_t size, size_t max,
			 struct central_answer *ret)
{
	*ret = (struct central_answer){ .body = g_string_new(NULL), .retry_after_ms = -1 };
	CURL *easy = make_easy(client);
	if (easy == NULL) {
		g_strlcpy(ret->error, "out of memory", sizeof ret->error);
		return;
	}
	struct receipt receipt = { .body = ret->body, .max = max };
	char words[CURL_ERROR_SIZE] = "";
	g_autofree char *url = g_strconcat(client->url, path, NULL);
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	/* Without this a body over a megabyte waits a second for "100 Continue" from servers that do not send it. */
	headers = curl_slist_append(headers, "Expect:");
	if (client->authorization != NULL)
		headers = curl_slist_append(headers, client->authorization);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &receipt);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
	CURLcode code = perform(client, easy, &ret->interrupted);
	if (code == CURLE_OK && !ret->interrupted)
		read_answer(easy, ret);
	else if (receipt.too_long)
		g_snprintf(ret->error, sizeof ret->error, "the answer is longer than %zu bytes", max);
	else
		g_snprintf(ret->error, sizeof ret->error, "%.170s%s", *words != '\0' ? words : curl_easy_strerror(code),
			   next_step(client, code, words));
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
}

void central_answer_clear(struct central_answer *answer)
{
	g_string_free(answer->body, TRUE);
	answer->body = NULL;
}
