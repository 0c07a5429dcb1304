#include "ctl/help.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "ctl/call.h"
#include "ctl/nouns.h"

#define OPTION_COLUMN 26
#define TEXT_WIDTH 70

static const char *kind_word(const struct command_value *value)
{
	static const char *const words[] = {
		[VALUE_FLAG] = "",    [VALUE_TEXT] = "TEXT",   [VALUE_NUMBER] = "N",	 [VALUE_DURATION] = "DURATION",
		[VALUE_TIME] = "TIME", [VALUE_WORD] = "WORD",  [VALUE_LIST] = "TEXT",	 [VALUE_LABELS] = "KEY=VALUE",
		[VALUE_FILE] = "FILE", [VALUE_JOB] = "JOB",    [VALUE_AGENT] = "AGENT",
	};
	return value->show != NULL ? value->show : words[value->kind];
}

static char *argument_word(const struct command_value *argument)
{
	g_autofree char *name = argument->show != NULL ? g_strdup(argument->show) : g_ascii_strup(argument->name, -1);
	return g_strdup_printf("%s%s%s%s", argument->optional ? "[" : "", name, argument->many ? "..." : "",
			       argument->optional ? "]" : "");
}

char *help_usage(const struct command *command)
{
	GString *out = g_string_new(NULL);
	for (const struct command_value *argument = command->arguments; argument != NULL && argument->name != NULL; argument++) {
		g_autofree char *word = argument_word(argument);
		g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", word);
	}
	if (command->options != NULL || command->uses != 0)
		g_string_append_printf(out, "%s[OPTION...]", out->len > 0 ? " " : "");
	return g_string_free(out, FALSE);
}

static char *option_word(const struct command_value *option)
{
	g_autofree char *letter = option->letter != 0 ? g_strdup_printf("-%c, ", option->letter) : g_strdup("    ");
	const char *value = kind_word(option);
	return g_strdup_printf("%s--%s%s%s", letter, option->name, *value != '\0' ? " " : "", value);
}

static char *help_text(const struct command_value *value)
{
	if (value->kind == VALUE_WORD)
		return g_strdup_printf("%s (one of: %s)", value->help, value->words);
	return g_strdup_printf("%s%s", value->help,
			       value->kind == VALUE_LIST || value->kind == VALUE_LABELS ? "; may be repeated" : "");
}

/* Breaks at blanks; every line but the first is indented. The cursor stands where the text begins. */
static void print_wrapped(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	size_t used = 0;

	for (char **word = words; *word != NULL; word++) {
		size_t size = strlen(*word);
		if (used > 0 && used + 1 + size > TEXT_WIDTH) {
			printf("\n%*s", OPTION_COLUMN + 4, "");
			used = 0;
		}
		printf("%s%s", used > 0 ? " " : "", *word);
		used += size + (used > 0 ? 1 : 0);
	}
	putchar('\n');
}

static void print_value(const struct command_value *value, char *word)
{
	g_autofree char *text = help_text(value);
	if (strlen(word) <= OPTION_COLUMN)
		printf("  %-*s  ", OPTION_COLUMN, word);
	else
		printf("  %s\n  %*s  ", word, OPTION_COLUMN, "");
	print_wrapped(text);
	g_free(word);
}

static void print_options(const char *title, const struct command_value *const *options)
{
	if (*options == NULL)
		return;
	printf("\n%s:\n", title);
	for (; *options != NULL; options++)
		print_value(*options, option_word(*options));
}

static const struct command_value **list_options(const struct command *command)
{
	GPtrArray *list = g_ptr_array_new();
	for (const struct command_value *option = command->options; option != NULL && option->name != NULL; option++)
		g_ptr_array_add(list, (gpointer)option);
	g_ptr_array_add(list, NULL);
	return (const struct command_value **)g_ptr_array_free(list, FALSE);
}

void help_print_command(const struct noun *noun, const struct command *command)
{
	g_autofree char *title = call_title(noun, command), *usage = help_usage(command);
	g_autofree const struct command_value **own = list_options(command);
	g_autofree const struct command_value **common = call_common_options(command->uses & ~USES_CENTRAL);
	g_autofree const struct command_value **connection = call_common_options(command->uses & USES_CENTRAL);

	printf("Usage: %s%s%s\n\n%s.\n", title, *usage != '\0' ? " " : "", usage, command->help);
	if (command->details != NULL)
		printf("\n%s%s", command->details, g_str_has_suffix(command->details, "\n") ? "" : "\n");
	if (command->arguments != NULL)
		printf("\nArguments:\n");
	for (const struct command_value *argument = command->arguments; argument != NULL && argument->name != NULL; argument++)
		print_value(argument, argument_word(argument));
	print_options("Options", own);
	print_options("Common options", common);
	print_options("Connection", connection);
	if (command->example != NULL)
		printf("\nExample:\n  %s\n", command->example);
}

static void print_commands(const struct noun *noun)
{
	for (const struct command *command = noun->commands; command->run != NULL; command++) {
		g_autofree char *title = call_title(noun, command);
		printf("  %-28s  %s\n", title, command->help);
	}
}

static void print_exit_statuses(void)
{
	printf("\nExit status:\n");
	for (int i = 0; exit_statuses[i] != NULL; i++)
		printf("  %d  %s\n", i, exit_statuses[i]);
}

void help_print_noun(const struct noun *noun)
{
	printf("Usage: belfry %s VERB [OPTION...]\n\n%s.\n\n", noun->name, noun->help);
	print_commands(noun);
	printf("\nEach command explains itself: belfry %s VERB --help\n", noun->name);
	printf("\nExample:\n  %s\n", noun->commands[0].example);
}

void help_print_all(void)
{
	printf("Usage: belfry NOUN VERB [OPTION...]\n\nBelfry rings scheduled jobs, also when the centre is gone.\n");
	for (const struct noun *noun = nouns; noun->name != NULL; noun++) {
		printf("\n%s: %s\n", noun->name, noun->help);
		print_commands(noun);
	}
	print_exit_statuses();
	printf("\nEach noun and each command explains itself: belfry NOUN --help, belfry NOUN VERB --help\n"
	       "\nExample:\n  belfry job create --schedule '*/5 * * * *' --api https://localhost:4444/foo\n");
}

static int run_help(struct call *call)
{
	char **words = call_texts(call, "command");
	const struct noun *noun = words[0] != NULL ? noun_find(words[0]) : NULL;

	if (call_flag(call, "man")) {
		help_print_man();
	} else if (words[0] == NULL) {
		help_print_all();
	} else if (noun == NULL) {
		return command_wrong("\"%s\" is no command (belfry --help lists them)", words[0]);
	} else {
		const struct command *command = command_find(noun, words[1]);
		if (command != NULL)
			help_print_command(noun, command);
		else if (words[1] == NULL)
			help_print_noun(noun);
		else
			return command_wrong("%s: \"%s\" is no verb (belfry %s --help lists them)", noun->name, words[1],
					     noun->name);
	}
	return command_finish_output();
}

static int run_version(struct call *call)
{
	(void)call;
	puts(PACKAGE_STRING);
	return command_finish_output();
}

static const struct command_value help_arguments[] = {
	{ "command", VALUE_TEXT, .optional = true, .many = true, .show = "NOUN VERB", .help = "What is to be explained" },
	{ 0 }
};
static const struct command_value help_options[] = {
	{ "man", VALUE_FLAG, .help = "The commands in scdoc's markup, for belfry(1)" },
	{ 0 }
};

const struct command help_commands[] = {
	{ .help = "Explain a command, or list them all", .example = "belfry help job apply", .arguments = help_arguments,
	  .options = help_options, .run = run_help },
	{ 0 }
};

const struct command version_commands[] = {
	{ .help = "Print the version", .example = "belfry version", .run = run_version },
	{ 0 }
};
