/*
 * belfry-agent: the command line. `run` (the default) works until a signal; `enroll` gets an identity from central.
 */
#include "config.h"

#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <curl/curl.h>

#include "agent/agent_config.h"
#include "agent/enroll.h"
#include "agent/host.h"
#include "agent/life.h"

#define EXIT_USAGE 2
#define AGAIN_PAUSE_US (2 * G_USEC_PER_SEC) /* between two tries to begin again after the database was lost */

struct options {
	char *config_file, *central, *token, *token_file, *name, *command;
	gboolean print_config, version, force;
};

static void options_clear(struct options *options)
{
	g_free(options->config_file);
	g_free(options->central);
	g_free(options->token);
	g_free(options->token_file);
	g_free(options->name);
	g_free(options->command);
}

static bool usage_error(GError **error, const char *message)
{
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, message);
	return false;
}

static bool check_command(int argc, char **argv, struct options *options, GError **error)
{
	if (argc > 2)
		return usage_error(error, "too many words: one of run, enroll");
	options->command = g_strdup(argc == 2 ? argv[1] : "run");
	bool is_enroll = strcmp(options->command, "enroll") == 0;
	if (!is_enroll && strcmp(options->command, "run") != 0)
		return usage_error(error, "the command must be run or enroll");
	bool has_enroll_options = options->central != NULL || options->token != NULL || options->token_file != NULL ||
				  options->name != NULL || options->force;
	if (!is_enroll && has_enroll_options)
		return usage_error(error, "--central, --token, --token-file, --name and --force belong to enroll");
	if (is_enroll && options->token != NULL && options->token_file != NULL)
		return usage_error(error, "enroll takes --token or --token-file, not both");
	return true;
}

static bool parse_options(int argc, char **argv, struct options *ret, GError **error)
{
	GOptionEntry entries[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &ret->config_file, "Read this configuration", "FILE" },
		{ "print-config", 0, 0, G_OPTION_ARG_NONE, &ret->print_config, "Print the configuration in force and exit", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &ret->version, "Print the version and exit", NULL },
		{ "central", 0, 0, G_OPTION_ARG_STRING, &ret->central, "enroll: central's listener for agents", "URL" },
		{ "token", 0, 0, G_OPTION_ARG_STRING, &ret->token, "enroll: the one-time token", "TOKEN" },
		{ "token-file", 0, 0, G_OPTION_ARG_FILENAME, &ret->token_file, "enroll: read it from a file, - = stdin", "FILE" },
		{ "name", 0, 0, G_OPTION_ARG_STRING, &ret->name, "enroll: the agent's name, default from the configuration", "NAME" },
		{ "force", 0, 0, G_OPTION_ARG_NONE, &ret->force, "enroll: replace the identity there is", NULL },
		{ NULL, 0, 0, 0, NULL, NULL, NULL }
	};
	g_autoptr(GOptionContext) context = g_option_context_new("[run|enroll]");
	g_option_context_set_summary(context, "Runs scheduled jobs on this host, also while central is away.");
	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, &argc, &argv, error) && check_command(argc, argv, ret, error);
}

static int fail(int code, GError *error)
{
	fprintf(stderr, "belfry-agent: %s\n", error->message);
	g_error_free(error);
	return code;
}

static int print_config(const struct agent_config *config)
{
	g_autoptr(GString) out = g_string_new(NULL);
	config_print(agent_config_rows, config, out);
	fputs(out->str, stdout);
	return 0;
}

static bool read_token(const struct options *options, char **ret, GError **error)
{
	if (options->token != NULL) {
		*ret = g_strdup(options->token);
		return true;
	}
	if (options->token_file == NULL)
		return usage_error(error, "enroll needs --token TOKEN or --token-file FILE");
	const char *file = strcmp(options->token_file, "-") == 0 ? "/dev/stdin" : options->token_file;
	if (!g_file_get_contents(file, ret, NULL, error))
		return false;
	g_strstrip(*ret);
	return true;
}

/* Says what is left to do: the configuration names another central, or a running agent still is who it was. */
static void say_enrolled(const struct agent_config *config, const struct enroll_request *request, const struct agent_key *key, bool replaced)
{
	bool other_url = strcmp(config->central_url, request->central_url) != 0;
	printf("enrolled as %s (%s)%s%s%s\n", key->name != NULL ? key->name : request->name, key->id,
	       other_url ? "; now set central_url=" : "", other_url ? request->central_url : "",
	       replaced ? "; restart belfry-agent if it runs" : "");
}

static int run_enroll(const struct agent_config *config, const struct options *options)
{
	GError *error = NULL;
	g_autofree char *token = NULL, *url = g_strdup(options->central != NULL ? options->central : config->central_url);
	bool replaces = agent_key_exists(config->state_dir, AGENT_KEY_NOW);
	if (replaces && !options->force) {
		printf("already enrolled: %s/agent.key is there; --force replaces it\n", config->state_dir);
		return 0;
	}
	if (*url == '\0')
		usage_error(&error, "enroll needs --central URL (central's listener for agents, like http://127.0.0.1:3002)");
	if (error != NULL || !agent_config_check_url(url, &error) || !read_token(options, &token, &error))
		return fail(EXIT_USAGE, error);
	while (g_str_has_suffix(url, "/"))
		url[strlen(url) - 1] = '\0';
	struct enroll_request request = {
		.state_dir = config->state_dir,
		.central_url = url,
		.tls = { config->central_ca, config->central_certificate, config->central_key },
		.token = token,
		.name = options->name != NULL ? options->name : config->name,
	};
	if (!job_id_is_valid(request.name)) {
		usage_error(&error, "--name: at most 64 letters, digits, '.', '_' or '-'");
		return fail(EXIT_USAGE, error);
	}
	struct agent_key key = { .id = NULL };
	if (!enroll(&request, &key, &error))
		return fail(1, error);
	say_enrolled(config, &request, &key, replaces);
	agent_key_clear(&key);
	return 0;
}

/* A lost database ends a life, not the process. */
static int live(const struct life_setup *first)
{
	struct life_setup setup = *first;
	for (;;) {
		enum life_end how = life_run(&setup);
		if (how == LIFE_STOPPED)
			return 0;
		if (how == LIFE_FAILED && !setup.again)
			return 1;
		if (how == LIFE_FAILED)
			g_usleep(AGAIN_PAUSE_US);
		setup.again = true;
	}
}

static int run(const struct agent_config *config, const struct options *options)
{
	GError *error = NULL;
	struct life_setup setup = { .config = config, .config_file = options->config_file };
	bool standalone = agent_config_is_standalone(config);
	if (standalone && *config->jobs_dir == '\0') {
		g_set_error(&error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
			    "%s: set central_url (to work for a central) or jobs_dir (a folder of job files, to work alone)",
			    options->config_file != NULL ? options->config_file : "no configuration file");
		return fail(EXIT_USAGE, error);
	}
	if (!log_open((enum log_format)config->log_format, (enum log_level)config->log_level))
		log_warning("no journal can be reached: the log goes to stderr", NULL);
	if (!standalone && (setup.keys = key_ring_open(config->state_dir, &error)) == NULL)
		return fail(1, error);
	host_sharpen_timers();
	host_prefer_this_process();
	int code = live(&setup);
	key_ring_free(setup.keys);
	return code;
}

int main(int argc, char **argv)
{
	struct options options = { .config_file = NULL };
	struct agent_config config = { .state_dir = NULL };
	GError *error = NULL;
	setlocale(LC_CTYPE, "");
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	/* Without memory everything ends, as in GLib; else a good record would be taken for a damaged one. */
	json_set_alloc_funcs(g_malloc, g_free);
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return 1;
	int code = 0;
	if (!parse_options(argc, argv, &options, &error))
		code = fail(EXIT_USAGE, error);
	else if (options.version)
		printf("belfry-agent %s\n", PACKAGE_VERSION);
	else if (!agent_config_load(options.config_file, &config, &error))
		code = fail(EXIT_USAGE, error);
	else if (options.print_config)
		code = print_config(&config);
	else if (strcmp(options.command, "enroll") == 0)
		code = run_enroll(&config, &options);
	else
		code = run(&config, &options);
	agent_config_clear(&config);
	options_clear(&options);
	curl_global_cleanup();
	return code;
}
