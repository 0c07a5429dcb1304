/*
 * belfry NOUN VERB: finds the command and gives it the rest of the line. --help teaches on every level.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"

static const struct command commands[] = {
	{ "schedule", "next", "[--tz ZONE] [--from TIME] [--count N] 'EXPR'", "print when a schedule is due next",
	  command_schedule_next },
	{ "schedule", "explain", "[--tz ZONE] [--from TIME] 'EXPR'", "say how a schedule is understood",
	  command_schedule_explain },
};

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int command_wrong(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	for (char *c = sentence; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	fprintf(stderr, "belfry: %s\n", sentence);
	return EXIT_WRONG;
}

int command_finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_OK;
	fprintf(stderr, "belfry: cannot write the output: %s\n", g_strerror(errno));
	return EXIT_FAILED;
}

bool command_parse_options(int *argc, char ***argv, const GOptionEntry *entries, const char *usage, const char *summary,
			   const char *description, int *ret_status)
{
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	g_autoptr(GError) error = NULL;

	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_summary(context, summary);
	g_option_context_set_description(context, description);
	g_option_context_add_main_entries(context, entries, NULL);
	for (int i = 1; i < *argc; i++) {
		if (strcmp((*argv)[i], "--help") == 0 || strcmp((*argv)[i], "-h") == 0) {
			g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
			g_print("%s", help);
			*ret_status = command_finish_output();
			return false;
		}
	}
	if (!g_option_context_parse(context, argc, argv, &error)) {
		*ret_status = command_wrong("%s (%s --help shows the options)", error->message, g_get_prgname());
		return false;
	}
	return true;
}

/* The commands of one noun, or of all. */
static void print_commands(const char *noun)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		const struct command *command = &commands[i];
		if (!noun || strcmp(noun, command->noun) == 0)
			printf("  belfry %s %s %s\n      %s\n", command->noun, command->verb, command->usage,
			       command->help);
	}
}

static int print_help(const char *noun)
{
	if (noun)
		printf("Usage: belfry %s VERB ...\n\n", noun);
	else
		printf("Usage: belfry NOUN VERB ...\n\nBelfry rings scheduled jobs, also when the centre is gone.\n\n");
	print_commands(noun);
	printf("\nEach command explains itself: belfry %s VERB --help\n", noun ? noun : "NOUN");
	if (!noun)
		printf("belfry --version prints the version.\n");
	return command_finish_output();
}

static bool noun_is_known(const char *noun)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		if (strcmp(noun, commands[i].noun) == 0)
			return true;
	return false;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	g_autofree char *name = g_strdup_printf("belfry %s %s", command->noun, command->verb);

	g_set_prgname(name);
	argv[0] = name;
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return command_wrong("a command is missing (belfry --help lists them)");
	if (is_help(argv[1]))
		return print_help(NULL);
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s\n", PACKAGE_STRING);
		return command_finish_output();
	}
	if (!noun_is_known(argv[1]))
		return command_wrong("\"%s\" is no command (belfry --help lists them)", argv[1]);
	if (argc < 3)
		return command_wrong("%s: a verb is missing (belfry %s --help lists them)", argv[1], argv[1]);
	if (is_help(argv[2]))
		return print_help(argv[1]);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		if (strcmp(argv[1], commands[i].noun) == 0 && strcmp(argv[2], commands[i].verb) == 0)
			return run_command(&commands[i], argc - 2, argv + 2);
	return command_wrong("%s: \"%s\" is no verb (belfry %s --help lists them)", argv[1], argv[2], argv[1]);
}
