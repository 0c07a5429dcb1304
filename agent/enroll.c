#include "config.h"

#include "agent/enroll.h"

#include <jansson.h>
#include <string.h>

#include "agent/central_client.h"

/* A next key that still waits belongs to the identity that is replaced. */
static bool write_key(const struct enroll_request *request, struct agent_key *key, GError **error)
{
	if (key->name == NULL)
		key->name = g_strdup(request->name);
	key->central = g_strdup(request->central_url);
	if (!agent_key_write(request->state_dir, AGENT_KEY_NOW, key, error))
		return false;
	agent_key_drop_next(request->state_dir);
	return true;
}

static bool read_answer(const struct central_answer *answer, const char *url, struct agent_key *ret, GError **error)
{
	if (answer->status == 0)
		return agent_key_fail(error, "central at %s cannot be reached: %s", url, answer->error);
	if (answer->status == 404 || answer->status == 405)
		return agent_key_fail(error, "%s does not enrol agents: that is central's listener for agents, by default port 3002", url);
	if (answer->status < 200 || answer->status > 299)
		return agent_key_fail(error, "central refuses: %s", answer->error);
	json_t *json = json_loadb(answer->body->str, answer->body->len, 0, NULL);
	struct agent_key key = {
		.id = g_strdup(json_string_value(json_object_get(json, "agentId"))),
		.key = g_strdup(json_string_value(json_object_get(json, "key"))),
		.name = g_strdup(json_string_value(json_object_get(json, "name"))),
	};
	json_decref(json);
	if (!agent_key_is_word(key.id) || !agent_key_is_word(key.key)) {
		agent_key_clear(&key);
		return agent_key_fail(error, "the answer from %s is not that of a central: is it the listener for agents?", url);
	}
	*ret = key;
	return true;
}

bool enroll(const struct enroll_request *request, struct agent_key *ret, GError **error)
{
	if (!agent_key_is_word(request->token))
		return agent_key_fail(error, "the token is empty, or no single word of at most %d characters", AGENT_KEY_WORD_MAX);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "token", request->token, "name", request->name, "hostname",
				 g_get_host_name(), "agentVersion", PACKAGE_VERSION);
	char *body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (body == NULL)
		return agent_key_fail(error, "the name or the host's name is not UTF-8");
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
