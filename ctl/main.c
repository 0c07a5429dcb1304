/*
 * belfry NOUN VERB: finds the command in the tables and gives it the rest of the line. --help teaches on every level.
 */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ctl/help.h"
#include "ctl/nouns.h"

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i]))
			return true;
	return false;
}

/* `argv` begins with the first word after the verb. */
static int run_command(const struct noun *noun, const struct command *command, int argc, char **argv)
{
	struct call call;
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	if (asks_for_help(argc, argv)) {
		help_print_command(noun, command);
		return command_finish_output();
	}
	g_ptr_array_add(words, (gpointer) "belfry");
	for (int i = 0; i < argc; i++)
		g_ptr_array_add(words, argv[i]);
	if (!call_parse(noun, command, (int)words->len, (char **)words->pdata, &call))
		return EXIT_WRONG;
	int status = command->run(&call);
	call_clear(&call);
	return status;
}

static int run_noun(const struct noun *noun, int argc, char **argv)
{
	const struct command *alone = command_find(noun, NULL);

	if (alone != NULL)
		return run_command(noun, alone, argc, argv);
	if (argc == 0)
		return command_wrong("%s: a verb is missing (belfry %s --help lists them)", noun->name, noun->name);
	if (is_help(argv[0]) || strcmp(argv[0], "help") == 0) {
		help_print_noun(noun);
		return command_finish_output();
	}
	const struct command *command = command_find(noun, argv[0]);
	if (command == NULL)
		return command_wrong("%s: \"%s\" is no verb (belfry %s --help lists them)", noun->name, argv[0], noun->name);
	return run_command(noun, command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	/* A reader that has seen enough (head) ends us without a word, as it does other filters. */
	signal(SIGPIPE, SIG_DFL);
	g_set_prgname("belfry");
	if (argc < 2)
		return command_wrong("a command is missing (belfry --help lists them)");
	if (is_help(argv[1])) {
		help_print_all();
		return command_finish_output();
	}
	if (strcmp(argv[1], "--version") == 0)
		argv[1] = (char *)"version";
	const struct noun *noun = noun_find(argv[1]);
	if (noun == NULL)
		return command_wrong("\"%s\" is no command (belfry --help lists them)", argv[1]);
	return run_noun(noun, argc - 2, argv + 2);
}
