#include "ctl/definition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SET_DEPTH_MAX 16

static json_t *parse(const char *text, size_t size, const char *path)
{
	json_error_t error;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		command_wrong("%s:%d:%d: not valid JSON: %s", path, error.line, error.column, error.text);
	return json;
}

json_t *definition_read(const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *stream = is_stdin ? stdin : fopen(path, "re");
	g_autoptr(GString) text = g_string_new(NULL);
	char buffer[16384];
	size_t size;

	if (stream == NULL)
		return command_wrong("%s: cannot read: %s", path, g_strerror(errno)), NULL;
	while ((size = fread(buffer, 1, sizeof buffer, stream)) > 0 && text->len <= DEFINITION_FILE_MAX)
		g_string_append_len(text, buffer, (gssize)size);
	bool broken = ferror(stream) != 0;
	int saved_errno = errno;
	if (!is_stdin)
		fclose(stream);
	if (broken)
		return command_wrong("%s: cannot read: %s", path, g_strerror(saved_errno)), NULL;
	if (text->len > DEFINITION_FILE_MAX)
		return command_wrong("%s: is larger than 64 MB", path), NULL;
	return parse(text->str, text->len, is_stdin ? "stdin" : path);
}

bool definition_set(json_t *definition, const char *path, const char *text)
{
	g_auto(GStrv) steps = g_strsplit(path, ".", SET_DEPTH_MAX);
	json_t *at = definition, *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

	if (value == NULL)
		value = json_string(text);
	for (char **step = steps; *step != NULL; step++) {
		if (**step == '\0' || !json_is_object(at) || value == NULL) {
			json_decref(value);
			return false;
		}
		if (step[1] == NULL)
			break;
		json_t *below = json_object_get(at, *step);
		if (!json_is_object(below)) {
			below = json_object();
			json_object_set_new(at, *step, below);
		}
		at = below;
	}
	if (*steps == NULL) {
		json_decref(value);
		return false;
	}
	return json_object_set_new(at, steps[g_strv_length(steps) - 1], value) == 0;
}

int definition_take_sets(const struct call *call, json_t *definition)
{
	for (char **set = call_texts(call, "set"); *set != NULL; set++) {
		const char *equals = strchr(*set, '=');
		g_autofree char *path = g_strndup(*set, (gsize)(equals - *set));
		if (!definition_set(definition, path, equals + 1))
			return command_wrong("--set: \"%.60s\" is no path of members such as retry.maxAttempts", path);
	}
	return EXIT_OK;
}
