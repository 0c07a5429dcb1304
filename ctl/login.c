/*
 * belfry login: asks for what is missing, tries it, and stores it. A token is stored as it is; with --user a session is opened and
 * its cookie stored, which ends when the session does.
 */
#include "common/ask.h"
#include "ctl/generic.h"
#include "ctl/nouns.h"
#include "ctl/password.h"

#include <stdio.h>
#include <string.h>

static const struct command_value login_options[] = {
	{ "user", VALUE_TEXT, 'u', .show = "NAME", .help = "Log in with a name and a password instead of a token" },
	{ "password-file", VALUE_FILE, .help = "Read the password from this file, - = stdin; else it is asked for" },
	{ 0 }
};

static int open_session(const struct call *call, struct settings *settings)
{
	struct client client;
	g_autofree char *password = NULL;
	int status = password_read(call, "password-file", false, &password);

	if (status != EXIT_OK)
		return status;
	struct settings anonymous = { g_strdup(settings->url), NULL, g_strdup(settings->ca), settings->timeout_ms };
	client_open_with(&anonymous, &client);
	client.logs_in = true;
	json_t *body = json_pack("{s:s, s:s}", "name", call_text(call, "user"), "password", password);
	status = body != NULL ? client_ask(&client, "POST", "/api/session", body, NULL, NULL)
			      : command_wrong("the password is not UTF-8 text");
	json_decref(body);
	password_wipe(password);
	if (status == EXIT_OK && client.cookie == NULL)
		status = command_fail(EXIT_FAILED, "%s gave no session; is that Belfry's central?", settings->url);
	if (status == EXIT_OK) {
		g_free(settings->token);
		settings->token = g_steal_pointer(&client.cookie);
	}
	client_close(&client);
	return status;
}

static int take_token(const struct call *call, struct settings *settings)
{
	if (call_has(call, "token-file") || (g_getenv("BELFRY_TOKEN") != NULL && *g_getenv("BELFRY_TOKEN") != '\0'))
		return EXIT_OK; /* settings_load has read it */
	g_free(settings->token);
	settings->token = ask_secret("Token: ");
	if (settings->token != NULL && *settings->token != '\0')
		return EXIT_OK;
	return command_wrong("no token: --token-file FILE, BELFRY_TOKEN, or --user NAME for a password");
}

/* A credential that opens nothing is not stored. */
static int try_token(const struct settings *settings)
{
	struct client client;
	struct settings copy = { g_strdup(settings->url), g_strdup(settings->token), g_strdup(settings->ca), settings->timeout_ms };
	client_open_with(&copy, &client);
	int status = client_get(&client, "/api/jobs?limit=1", NULL);
	client_close(&client);
	return status;
}

static int run_login(struct call *call)
{
	struct settings settings;
	int status = settings_load(call, &settings);

	if (status != EXIT_OK)
		return status;
	status = call_has(call, "user") ? open_session(call, &settings) : take_token(call, &settings);
	if (status == EXIT_OK)
		status = try_token(&settings);
	if (status == EXIT_OK)
		status = settings_save(call, &settings);
	settings_clear(&settings);
	int end = command_finish_output();
	return status != EXIT_OK ? status : end;
}

const struct command login_commands[] = {
	{ .help = "Store central's address and a token for this user",
	  .details = "The address goes to ~/.config/belfry/belfry.conf, the token to a file beside it that only you can read.",
	  .example = "belfry login --central https://central.example:3001 --token-file admin.token", .options = login_options,
	  .uses = USES_CENTRAL, .run = run_login },
	{ 0 }
};
