/*
 * belfry-central: reads the command line and the configuration, then runs one command.
 */
#include <config.h>

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <jansson.h>
#include <sodium.h>

#include "central/audit_command.h"
#include "central/central_config.h"
#include "central/init.h"
#include "central/migrate.h"
#include "central/routes.h"
#include "central/serve.h"
#include "common/log.h"

enum { EXIT_OK = 0, EXIT_RUNTIME = 1, EXIT_USAGE = 2 };

struct options {
	char *config_file, *token_file, *admin, *password_file, *head, *command;
	gboolean print_config, print_routes, version, force;
};

static bool parse_options(int argc, char **argv, struct options *ret, GError **error)
{
	g_auto(GStrv) rest = NULL;
	GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &ret->config_file, "Read this configuration", "FILE" },
		{ "print-config", 0, 0, G_OPTION_ARG_NONE, &ret->print_config,
		  "Print the configuration in force and exit", NULL },
		{ "print-routes", 0, 0, G_OPTION_ARG_NONE, &ret->print_routes, "Print the table of routes and exit",
		  NULL },
		{ "token-file", 0, 0, G_OPTION_ARG_FILENAME, &ret->token_file, "init: where the admin token goes",
		  "PATH" },
		{ "admin", 0, 0, G_OPTION_ARG_STRING, &ret->admin,
		  "init: also make this user, an admin; the password is asked for, or read from standard input", "NAME" },
		{ "password-file", 0, 0, G_OPTION_ARG_FILENAME, &ret->password_file,
		  "init: make the password up and write it there", "PATH" },
		{ "head", 0, 0, G_OPTION_ARG_STRING, &ret->head,
		  "audit verify: a head that was noted before; the chain must go through it", "NUMBER:HASH" },
		{ "force", 0, 0, G_OPTION_ARG_NONE, &ret->force, "init: make a token although there are some", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &ret->version, "Print the version and exit", NULL },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL, "[serve|migrate|init|audit verify]" },
		{ 0 }
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- central of the Belfry job scheduler");
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_summary(context,
				     "Commands:\n"
				     "  serve     answer people and agents (the default)\n"
				     "  migrate   bring the database to this version and exit\n"
				     "  init      migrate, and make the first admin token (--token-file PATH) or user (--admin NAME)\n"
				     "  audit verify  check that no entry of the audit was changed; exit status 3 when one was");
	if (!g_option_context_parse(context, &argc, &argv, error))
		return false;
	bool two_words = rest != NULL && strcmp(rest[0], "audit") == 0 && rest[1] != NULL;
	ret->command = two_words ? g_strdup_printf("audit %s", rest[1]) : g_strdup(rest != NULL ? rest[0] : "serve");
	const char *more = rest == NULL ? NULL : two_words ? rest[2] : rest[1];
	if (more != NULL) {
		g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "\"%s\" is one argument too many", more);
		return false;
	}
	return true;
}

static int run_migrate(const struct central_config *config)
{
	g_autoptr(GError) error = NULL;
	struct migrate_done done;
	struct db_pool *pool = db_pool_new("migrate", config->database, 1, config->statement_timeout_ms, DB_PLANS_KEPT, &error);
	bool ok = pool != NULL && migrate_run(pool, &done, &error) == MIGRATE_OK;
	db_pool_free(pool);
	if (ok)
		printf("the database is up to date; %d migration%s applied%s\n", done.migrations,
		       done.migrations == 1 ? "" : "s", done.definitions ? ", definitions made anew" : "");
	else
		fprintf(stderr, "belfry-central: %s\n", error->message);
	return ok ? EXIT_OK : EXIT_RUNTIME;
}

static int run_init(const struct central_config *config, const struct options *options)
{
	g_autoptr(GError) error = NULL;
	struct init_wish wish = { options->token_file, options->admin, options->password_file, options->force };
	if (wish.token_file == NULL && wish.admin == NULL) {
		fprintf(stderr,
			"belfry-central: init needs --token-file PATH, the file that will hold the admin token, or "
			"--admin NAME\n");
		return EXIT_USAGE;
	}
	if (central_init(config, &wish, &error))
		return EXIT_OK;
	fprintf(stderr, "belfry-central: %s\n", error->message);
	return EXIT_RUNTIME;
}

static int run_command(const struct central_config *config, const struct options *options)
{
	if (strcmp(options->command, "serve") == 0)
		return central_serve(config, options->config_file);
	if (strcmp(options->command, "migrate") == 0)
		return run_migrate(config);
	if (strcmp(options->command, "init") == 0)
		return run_init(config, options);
	if (strcmp(options->command, "audit verify") == 0)
		return audit_command_verify(config, options->head);
	fprintf(stderr, "belfry-central: there is no command \"%s\"; there are serve, migrate, init and audit verify\n",
		options->command);
	return EXIT_USAGE;
}

static int print_and_exit(const struct central_config *config, const struct options *options)
{
	g_autoptr(GString) out = g_string_new(NULL);
	if (options->version)
		g_string_append(out, "belfry-central " PACKAGE_VERSION "\n");
	else if (options->print_routes)
		routes_print(out);
	else
		central_config_print(config, out);
	return fputs(out->str, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_RUNTIME;
}

static void free_options(struct options *options)
{
	g_free(options->config_file);
	g_free(options->token_file);
	g_free(options->admin);
	g_free(options->head);
	g_free(options->password_file);
	g_free(options->command);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct central_config config = { 0 };
	g_autoptr(GError) error = NULL;
	int exit_status = EXIT_USAGE;
	setlocale(LC_CTYPE, ""); /* what it says may hold more than ASCII */
	/* Without memory everything ends, as in GLib; else a good message would be refused as broken, or answered by half. */
	json_set_alloc_funcs(g_malloc, g_free);
	if (sodium_init() < 0) {
		fprintf(stderr, "belfry-central: the system gives no random numbers\n");
		return EXIT_RUNTIME;
	}
	if (!parse_options(argc, argv, &options, &error) ||
	    !central_config_load(options.config_file, &config, &error)) {
		fprintf(stderr, "belfry-central: %s\n", error->message);
		free_options(&options);
		return EXIT_USAGE;
	}
	log_open((enum log_format)config.log_format, (enum log_level)config.log_level);
	if (options.version || options.print_routes || options.print_config)
		exit_status = print_and_exit(&config, &options);
	else
		exit_status = run_command(&config, &options);
	central_config_clear(&config);
	free_options(&options);
	return exit_status;
}
