#include "ctl/client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ctl/http.h"

#define SOCKET_DEFAULT "/var/lib/belfry-agent/agent.sock"

void client_open_with(struct settings *settings, struct client *ret)
{
	*ret = (struct client){ .settings = *settings };
	struct http_server server = { .url = ret->settings.url, .ca = ret->settings.ca, .token = ret->settings.token,
				      .timeout_ms = ret->settings.timeout_ms };
	ret->http = http_new(&server);
}

static int open_socket(const struct call *call, const char *path, struct client *ret)
{
	*ret = (struct client){ .local = true };
	ret->settings.url = g_strdup(path); /* for the messages */
	ret->settings.timeout_ms = call_has(call, "timeout") ? call_number(call, "timeout", 1) : HTTP_TIMEOUT_MS;
	struct http_server server = { .url = "http://agent", .socket_path = ret->settings.url,
				      .timeout_ms = ret->settings.timeout_ms };
	ret->http = http_new(&server);
	return EXIT_OK;
}

int client_open(const struct call *call, struct client *ret)
{
	struct settings settings;
	bool only_local = !(call->command->uses & USES_CENTRAL);
	bool can_local = (call->command->uses & USES_SOCKET) != 0;

	if (only_local || (can_local && call_has(call, "socket"))) {
		const char *path = call_text(call, "socket");
		return open_socket(call, path != NULL ? path : SOCKET_DEFAULT, ret);
	}
	int status = settings_load(call, &settings);
	if (status == EXIT_OK)
		client_open_with(&settings, ret);
	return status;
}

void client_close(struct client *client)
{
	http_free(client->http);
	client->http = NULL;
	settings_clear(&client->settings);
	g_clear_pointer(&client->etag, g_free);
	g_clear_pointer(&client->cookie, g_free);
}

static int say(const struct client *client, int status, const char *format, ...) G_GNUC_PRINTF(3, 4);
static int say(const struct client *client, int status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	if (client->quiet)
		return status;
	return client->about != NULL ? command_fail(status, "%s: %s", client->about, text) : command_fail(status, "%s", text);
}

static int exit_status(int http_status)
{
	switch (http_status) {
	case 401:
	case 403:
		return EXIT_NOT_ALLOWED;
	case 404:
		return EXIT_NOT_FOUND;
	case 409:
	case 412:
		return EXIT_CONFLICT;
	case 429:
	case 502:
	case 503:
	case 504:
	case 507:
		return EXIT_AWAY;
	default:
		return http_status >= 400 && http_status < 500 ? EXIT_WRONG : EXIT_FAILED;
	}
}

/* What a person can do about it, or "". */
static char *next_step(const struct client *client, const struct http_answer *answer)
{
	switch (answer->status) {
	case 401:
		return g_strdup(client->settings.token != NULL ? "; belfry login stores a new token" : "");
	case 403:
		return g_strdup("; ask an admin for a token with a larger role");
	case 412:
		return g_strdup("; belfry job show tells its revision");
	case 429:
	case 503:
	case 507:
		return answer->retry_after_s > 0 ? g_strdup_printf("; try again in %d s", answer->retry_after_s)
						 : g_strdup("; try again later");
	default:
		return g_strdup("");
	}
}

/* "ttlMs: ", or "" when the sentence names the member itself. */
static char *subject(const char *place, const char *detail)
{
	g_auto(GStrv) steps = g_strsplit(place, "/", -1);
	const char *last = "";
	for (char **step = steps; *step != NULL; step++) {
		if (**step != '\0' && strstr(detail, *step) != NULL)
			return g_strdup("");
		last = *step;
	}
	return *last != '\0' ? g_strconcat(last, ": ", NULL) : g_strdup("");
}

/* "central says: schedule: the minute is wrong (pointer /schedule)" */
static int report(const struct client *client, const struct http_answer *answer)
{
	/* Only login goes without a token on purpose. */
	if (answer->status == 401 && client->settings.token == NULL && !client->logs_in)
		return say(client, EXIT_NOT_ALLOWED, "no token was given: belfry login, --token-file FILE or BELFRY_TOKEN");
	json_t *problem = json_loadb(answer->body->str, answer->body->len, 0, NULL);
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	const char *title = json_string_value(json_object_get(problem, "title"));
	const char *pointer = json_string_value(json_object_get(problem, "pointer"));
	const char *parameter = json_string_value(json_object_get(problem, "parameter"));
	g_autofree char *step = next_step(client, answer);
	g_autofree char *unknown = g_strdup_printf("status %d without a reason", answer->status);
	g_autofree char *place = pointer != NULL && *pointer != '\0' ? g_strdup_printf(" (pointer %s)", pointer)
				 : parameter != NULL                 ? g_strdup_printf(" (parameter %s)", parameter)
								     : g_strdup("");
	g_autofree char *what = detail != NULL ? subject(pointer != NULL ? pointer : parameter != NULL ? parameter : "", detail)
					       : g_strdup("");
	int status = say(client, exit_status(answer->status), "%s says: %s%s%s%s", client->local ? "the agent" : "central",
			 what, detail != NULL ? detail : title != NULL ? title : unknown, place, step);
	json_decref(problem);
	return status;
}

static int report_silence(const struct client *client, enum http_failure failure, const char *words)
{
	const char *who = client->local ? "the agent" : "central", *where = client->settings.url;

	if (failure == HTTP_NOT_TRUSTED)
		return say(client, EXIT_FAILED, "%s at %s is not trusted: %s; --ca FILE names the authority that vouches for it, and this host's clock must be right",
			   who, where, words);
	if (client->local && access(where, R_OK | W_OK) != 0)
		return errno == EACCES ? say(client, EXIT_NOT_ALLOWED, "the agent's socket %s is not for this user: ask as root, or as the user of the agent", where)
				       : say(client, EXIT_AWAY, "there is no agent's socket %s: is belfry-agent running? --socket PATH names another", where);
	if (failure == HTTP_BROKEN)
		return say(client, EXIT_FAILED, "%s at %s: %s", who, where, words);
	return say(client, EXIT_AWAY, "%s at %s does not answer: %s%s", who, where, words,
		   client->local		    ? "; is belfry-agent running?"
		   : failure != HTTP_OTHER_SCHEME	    ? "; --central URL names another"
		   : g_str_has_prefix(where, "https:") ? "; if it speaks no TLS, its address begins with http:"
						       : "; if it speaks TLS, its address begins with https:");
}

static int read_answer(struct client *client, struct http_answer *answer, json_t **ret_json)
{
	json_error_t error;

	if (answer->status < 200 || answer->status > 299)
		return report(client, answer);
	client->etag = g_steal_pointer(&answer->etag);
	client->cookie = g_steal_pointer(&answer->cookie);
	*ret_json = NULL;
	if (answer->body->len == 0)
		return EXIT_OK;
	*ret_json = json_loadb(answer->body->str, answer->body->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (*ret_json != NULL)
		return EXIT_OK;
	return say(client, EXIT_FAILED, "%s answers with something that is no JSON; is that Belfry's central?",
		   client->settings.url);
}

int client_ask(struct client *client, const char *method, const char *path, const json_t *body, const char *if_match,
	       json_t **ret_json)
{
	g_autofree char *words = NULL;
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	struct http_question question = { method, path, text, if_match, strcmp(method, "PATCH") == 0 };
	struct http_answer answer = { 0 };
	json_t *json = NULL;

	g_clear_pointer(&client->etag, g_free);
	g_clear_pointer(&client->cookie, g_free);
	client->http_status = 0;
	enum http_failure failure = http_ask(client->http, &question, &answer, &words);
	free(text);
	if (failure != HTTP_FINE)
		return report_silence(client, failure, words);
	client->http_status = answer.status;
	int status = read_answer(client, &answer, &json);
	http_answer_clear(&answer);
	if (ret_json != NULL)
		*ret_json = json;
	else
		json_decref(json);
	return status;
}

int client_get(struct client *client, const char *path, json_t **ret_json)
{
	return client_ask(client, "GET", path, NULL, NULL, ret_json);
}

char *client_escape(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}

int client_pages(struct client *client, const char *path, const char *member, const char *cursor, int64_t limit,
		 client_take_page *take, void *context, bool *ret_more)
{
	g_autofree char *next = NULL;
	int status = EXIT_OK;

	*ret_more = false;
	for (int64_t got = 0; status == EXIT_OK;) {
		int64_t ask = limit < 0 ? CLIENT_PAGE : MIN(limit - got, CLIENT_PAGE);
		g_autofree char *escaped = next != NULL ? client_escape(next) : NULL;
		g_autofree char *url = g_strdup_printf("%s%climit=%" G_GINT64_FORMAT "%s%s%s%s", path,
						       strchr(path, '?') != NULL ? '&' : '?', ask, next != NULL ? "&" : "",
						       next != NULL ? cursor : "", next != NULL ? "=" : "",
						       next != NULL ? escaped : "");
		json_t *page = NULL;
		status = client_get(client, url, &page);
		if (status != EXIT_OK)
			break;
		got += (int64_t)json_array_size(json_object_get(page, member));
		g_free(next);
		next = g_strdup(json_string_value(json_object_get(page, "nextCursor")));
		status = take(context, page);
		json_decref(page);
		*ret_more = next != NULL;
		if (next == NULL || (limit >= 0 && got >= limit))
			break;
	}
	return status;
}
