#include "ctl/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/http.h"

struct file {
	char *url, *token_file, *ca;
};

#define ROW(key_, type_, ...) { "central", #key_, type_, "", .offset = offsetof(struct file, key_), __VA_ARGS__ }

const struct config_row settings_rows[] = {
	ROW(url, CONFIG_STRING, .max = 1024, .help = "Central's address; empty = " SETTINGS_URL),
	ROW(token_file, CONFIG_PATH, .help = "File with the token, readable by you only"),
	ROW(ca, CONFIG_PATH, .help = "PEM file of the authorities that vouch for central; empty = the system's"),
	{ 0 }
};

/* Is it an http or https URL of a host, without a password or a query in it? */
static bool url_is_valid(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";
	const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
	return (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && host != NULL && *host != '\0' &&
	       g_uri_get_userinfo(uri) == NULL && g_uri_get_query(uri) == NULL && g_uri_get_fragment(uri) == NULL;
}

static char *trim_url(const char *url)
{
	char *copy = g_strdup(url);
	size_t size = strlen(copy);
	while (size > 0 && copy[size - 1] == '/')
		copy[--size] = '\0';
	return copy;
}

static char *config_path(const struct call *call)
{
	const char *given = call_text(call, "config");
	return given != NULL ? g_strdup(given) : g_build_filename(g_get_user_config_dir(), "belfry", "belfry.conf", NULL);
}

char *settings_read_secret(const char *path)
{
	char buffer[TOKEN_MAX + 1];
	FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (stream == NULL) {
		command_fail(EXIT_WRONG, "%s: cannot read: %s", path, g_strerror(errno));
		return NULL;
	}
	size_t size = fread(buffer, 1, TOKEN_MAX, stream);
	if (stream != stdin)
		fclose(stream);
	buffer[size] = '\0';
	g_strstrip(buffer);
	if (*buffer == '\0' || size == TOKEN_MAX || strpbrk(buffer, "\r\n") != NULL || strlen(buffer) > size) {
		command_fail(EXIT_WRONG, "%s: does not hold one line with a secret", strcmp(path, "-") == 0 ? "stdin" : path);
		return NULL;
	}
	return g_strdup(buffer);
}

/* A token goes to the central it belongs to: that of the file is not for an address that was named elsewhere. */
static int find_token(const struct call *call, const struct file *file, bool logs_in, struct settings *settings)
{
	const char *given = call_text(call, "token-file"), *environment = g_getenv("BELFRY_TOKEN");
	g_autofree char *file_url = trim_url(*file->url != '\0' ? file->url : SETTINGS_URL);

	if (given == NULL && environment != NULL && *environment != '\0') {
		if (strpbrk(environment, "\r\n") != NULL)
			return command_wrong("BELFRY_TOKEN: holds more than one line");
		settings->token = g_strdup(environment);
		return EXIT_OK;
	}
	if (given == NULL && !logs_in && *file->token_file != '\0' && strcmp(settings->url, file_url) == 0)
		given = file->token_file;
	if (given == NULL)
		return EXIT_OK;
	settings->token = settings_read_secret(given);
	return settings->token != NULL ? EXIT_OK : EXIT_WRONG;
}

static int find_url(const struct call *call, const struct file *file, struct settings *settings)
{
	const char *url = call_text(call, "central"), *environment = g_getenv("BELFRY_CENTRAL");
	const char *place = "--central";

	if (url == NULL && environment != NULL && *environment != '\0') {
		url = environment;
		place = "BELFRY_CENTRAL";
	} else if (url == NULL) {
		url = *file->url != '\0' ? file->url : SETTINGS_URL;
		place = "url in the configuration";
	}
	if (!url_is_valid(url))
		return command_wrong("%s: \"%s\" is no URL such as https://central.example:3001", place, url);
	settings->url = trim_url(url);
	return EXIT_OK;
}

int settings_load(const struct call *call, struct settings *ret)
{
	g_autofree char *path = config_path(call);
	g_autoptr(GError) error = NULL;
	struct file file = { 0 };
	struct settings settings = { .timeout_ms = call_number(call, "timeout", HTTP_TIMEOUT_MS) };
	bool logs_in = strcmp(call->noun->name, "login") == 0; /* it writes the file, and the token */
	bool is_there = (call_has(call, "config") && !logs_in) || g_file_test(path, G_FILE_TEST_EXISTS);

	if (!config_load(settings_rows, is_there ? path : NULL, &file, &error))
		return command_wrong("%s", error->message);
	const char *ca = call_text(call, "ca");
	settings.ca = ca != NULL ? g_strdup(ca) : *file.ca != '\0' ? g_strdup(file.ca) : NULL;
	settings.timeout_ms = MAX(settings.timeout_ms, 1);
	int status = find_url(call, &file, &settings);
	if (status == EXIT_OK)
		status = find_token(call, &file, logs_in, &settings);
	config_free_strings(settings_rows, &file);
	if (status == EXIT_OK)
		*ret = settings;
	else
		settings_clear(&settings);
	return status;
}

void settings_clear(struct settings *settings)
{
	g_clear_pointer(&settings->url, g_free);
	g_clear_pointer(&settings->token, g_free);
	g_clear_pointer(&settings->ca, g_free);
}

/* A new file takes the place of the old one: never half a token, never readable by others. */
static int write_private(const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;
	if (g_file_set_contents_full(path, text, (gssize)strlen(text), G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error) &&
	    chmod(path, 0600) == 0)
		return EXIT_OK;
	return command_fail(EXIT_FAILED, "%s: cannot write: %s", path, error != NULL ? error->message : g_strerror(errno));
}

int settings_save(const struct call *call, const struct settings *settings)
{
	g_autofree char *path = config_path(call), *folder = g_path_get_dirname(path);
	g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
	g_autofree char *token_path = g_build_filename(absolute, "token", NULL);
	g_autofree char *token_line = g_strconcat(settings->token, "\n", NULL);
	g_autofree char *ca = settings->ca != NULL ? g_canonicalize_filename(settings->ca, NULL) : g_strdup("");
	struct file file = { .url = settings->url, .token_file = token_path, .ca = ca };
	g_autoptr(GString) text = g_string_new("# Written by belfry login.\n");

	if (g_mkdir_with_parents(folder, 0700) != 0)
		return command_fail(EXIT_FAILED, "%s: cannot make the folder: %s", folder, g_strerror(errno));
	config_print(settings_rows, &file, text);
	int status = write_private(token_path, token_line);
	if (status == EXIT_OK)
		status = write_private(path, text->str);
	if (status == EXIT_OK)
		printf("Written: %s, and the token to %s\n", path, token_path);
	return status;
}
