#include "config.h"

#include "agent/enroll.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>

#include "agent/central_client.h"
#include "agent/durable_file.h"

#define KEY_FILE_MAX 16384

static char *key_path(const char *state_dir)
{
	return g_build_filename(state_dir, "agent.key", NULL);
}

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool fail(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, message);
	return false;
}

bool agent_key_exists(const char *state_dir)
{
	g_autofree char *path = key_path(state_dir);
	return g_file_test(path, G_FILE_TEST_EXISTS);
}

void agent_key_clear(struct agent_key *key)
{
	g_free(key->id);
	g_free(key->key);
	g_free(key->name);
	*key = (struct agent_key){ .id = NULL };
}

static bool is_one_word(const char *text)
{
	if (text == NULL || *text == '\0' || strlen(text) > ENROLL_TOKEN_MAX)
		return false;
	for (; *text != '\0'; text++)
		if (!g_ascii_isgraph(*text))
			return false;
	return true;
}

bool agent_key_load(const char *state_dir, struct agent_key *ret, GError **error)
{
	g_autofree char *path = key_path(state_dir);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) reason = NULL;
	GStatBuf there;
	if (g_stat(path, &there) != 0)
		return fail(error, "%s: %s: enrol first (belfry-agent enroll --central URL --token TOKEN)", path, g_strerror(errno));
	if ((there.st_mode & 077) != 0)
		return fail(error, "%s can be read by others: chmod 600 it, or enrol again with --force", path);
	if (there.st_size > KEY_FILE_MAX || !g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &reason))
		return fail(error, "%s cannot be read (%s): enrol again with --force", path,
			    reason != NULL ? reason->message : "too long");
	struct agent_key key = {
		.id = g_key_file_get_string(file, "agent", "id", NULL),
		.key = g_key_file_get_string(file, "agent", "key", NULL),
		.name = g_key_file_get_string(file, "agent", "name", NULL),
	};
	if (!is_one_word(key.id) || !is_one_word(key.key)) {
		agent_key_clear(&key);
		return fail(error, "%s holds no id and key: enrol again with --force", path);
	}
	*ret = key;
	return true;
}

static bool write_key(const struct enroll_request *request, const struct agent_key *key, GError **error)
{
	g_autofree char *path = key_path(request->state_dir);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_key_file_set_comment(file, NULL, NULL, " Made by belfry-agent enroll. Whoever has this is this agent.", NULL);
	g_key_file_set_string(file, "agent", "id", key->id);
	g_key_file_set_string(file, "agent", "key", key->key);
	g_key_file_set_string(file, "agent", "name", key->name != NULL ? key->name : request->name);
	g_key_file_set_string(file, "agent", "central", request->central_url);
	g_autofree char *text = g_key_file_to_data(file, NULL, NULL);
	if (g_mkdir_with_parents(request->state_dir, 0700) != 0)
		return fail(error, "%s cannot be made: %s", request->state_dir, g_strerror(errno));
	return durable_file_write(path, text, error);
}

static bool read_answer(const struct central_answer *answer, const char *url, struct agent_key *ret, GError **error)
{
	if (answer->status == 0)
		return fail(error, "central at %s cannot be reached: %s", url, answer->error);
	if (answer->status == 401 || answer->status == 403)
		return fail(error, "central does not accept the token (%s): it is used up, expired or mistyped; make another one",
			    answer->error);
	if (answer->status < 200 || answer->status > 299)
		return fail(error, "central refuses: %s", answer->error);
	json_t *json = json_loadb(answer->body->str, answer->body->len, 0, NULL);
	struct agent_key key = {
		.id = g_strdup(json_string_value(json_object_get(json, "agentId"))),
		.key = g_strdup(json_string_value(json_object_get(json, "key"))),
		.name = g_strdup(json_string_value(json_object_get(json, "name"))),
	};
	json_decref(json);
	if (!is_one_word(key.id) || !is_one_word(key.key)) {
		agent_key_clear(&key);
		return fail(error, "the answer from %s is not that of a central: is it the listener for agents?", url);
	}
	*ret = key;
	return true;
}

bool enroll(const struct enroll_request *request, struct agent_key *ret, GError **error)
{
	if (!is_one_word(request->token))
		return fail(error, "the token is empty, or no single word of at most %d characters", ENROLL_TOKEN_MAX);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "token", request->token, "name", request->name, "hostname",
				 g_get_host_name(), "agentVersion", PACKAGE_VERSION);
	char *body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (body == NULL)
		return fail(error, "the name or the host's name is not UTF-8");
	struct central_client *client = central_client_new(request->central_url, NULL, &request->tls, -1);
	struct central_answer answer;
	struct agent_key key;
	central_client_post(client, "/api/agent/enroll", body, strlen(body), ENROLL_REPLY_MAX, &answer);
	bool good = read_answer(&answer, request->central_url, &key, error);
	central_answer_clear(&answer);
	central_client_free(client);
	free(body);
	if (!good)
		return false;
	if (!write_key(request, &key, error)) {
		agent_key_clear(&key);
		return false;
	}
	*ret = key;
	return true;
}
