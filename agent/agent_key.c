#include "agent/agent_key.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/durable_file.h"

#define KEY_FILE_MAX 16384

static const char *const file_names[] = { [AGENT_KEY_NOW] = "agent.key", [AGENT_KEY_NEXT] = "agent.key.next" };

static char *key_path(const char *state_dir, enum agent_key_file file)
{
	return g_build_filename(state_dir, file_names[file], NULL);
}

bool agent_key_fail(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, message);
	return false;
}

bool agent_key_exists(const char *state_dir, enum agent_key_file file)
{
	g_autofree char *path = key_path(state_dir, file);
	return g_file_test(path, G_FILE_TEST_EXISTS);
}

void agent_key_clear(struct agent_key *key)
{
	g_free(key->id);
	g_free(key->key);
	g_free(key->name);
	g_free(key->central);
	*key = (struct agent_key){ .id = NULL };
}

bool agent_key_is_word(const char *text)
{
	if (text == NULL || *text == '\0' || strlen(text) > AGENT_KEY_WORD_MAX)
		return false;
	for (; *text != '\0'; text++)
		if (!g_ascii_isgraph(*text))
			return false;
	return true;
}

bool agent_key_load(const char *state_dir, enum agent_key_file which, struct agent_key *ret, GError **error)
{
	g_autofree char *path = key_path(state_dir, which);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) reason = NULL;
	GStatBuf there;
	if (g_access(path, R_OK) != 0 && errno == EACCES)
		return agent_key_fail(error, "%s is not for this user: start belfry-agent as the user whose folder %s is", path, state_dir);
	if (g_stat(path, &there) != 0)
		return agent_key_fail(error, "%s: %s: enrol first (belfry-agent enroll --central URL --token-file FILE), or set state_dir= to where it is",
				      path, g_strerror(errno));
	if ((there.st_mode & 077) != 0)
		return agent_key_fail(error, "%s can be read by others: chmod 600 it, or enrol again with --force", path);
	if (there.st_size > KEY_FILE_MAX || !g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &reason))
		return agent_key_fail(error, "%s cannot be read (%s): enrol again with --force", path,
			    reason != NULL ? reason->message : "too long");
	struct agent_key key = {
		.id = g_key_file_get_string(file, "agent", "id", NULL),
		.key = g_key_file_get_string(file, "agent", "key", NULL),
		.name = g_key_file_get_string(file, "agent", "name", NULL),
		.central = g_key_file_get_string(file, "agent", "central", NULL),
	};
	if (!agent_key_is_word(key.id) || !agent_key_is_word(key.key)) {
		agent_key_clear(&key);
		return agent_key_fail(error, "%s holds no id and key: enrol again with --force", path);
	}
	*ret = key;
	return true;
}

bool agent_key_write(const char *state_dir, enum agent_key_file which, const struct agent_key *key, GError **error)
{
	g_autofree char *path = key_path(state_dir, which);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_key_file_set_comment(file, NULL, NULL, " Made by belfry-agent. Whoever has this is this agent.", NULL);
	g_key_file_set_string(file, "agent", "id", key->id);
	g_key_file_set_string(file, "agent", "key", key->key);
	if (key->name != NULL)
		g_key_file_set_string(file, "agent", "name", key->name);
	if (key->central != NULL)
		g_key_file_set_string(file, "agent", "central", key->central);
	g_autofree char *text = g_key_file_to_data(file, NULL, NULL);
	if (g_mkdir_with_parents(state_dir, 0700) != 0)
		return agent_key_fail(error, "%s cannot be made: %s", state_dir, g_strerror(errno));
	return durable_file_write(path, text, error);
}

bool agent_key_replace(const char *state_dir, GError **error)
{
	g_autofree char *now = key_path(state_dir, AGENT_KEY_NOW), *next = key_path(state_dir, AGENT_KEY_NEXT);
	if (g_rename(next, now) != 0)
		return agent_key_fail(error, "%s cannot be replaced: %s", now, g_strerror(errno));
	return durable_directory_sync(state_dir, error);
}

void agent_key_drop_next(const char *state_dir)
{
	g_autofree char *path = key_path(state_dir, AGENT_KEY_NEXT);
	g_unlink(path);
}
