/* The tables in scdoc's markup: the middle of belfry(1). */
#include "ctl/call.h"
#include "ctl/help.h"

#include <stdio.h>
#include <string.h>

/* Backslashes before what scdoc would take as markup. */
static void print_escaped(const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\*_.<>[]#~|{}-", *text) != NULL)
			putchar('\\');
		putchar(*text == '\n' ? ' ' : *text);
	}
}

static void print_option(const struct command_value *option)
{
	printf("*");
	if (option->letter != 0)
		printf("-%c*, *", option->letter);
	printf("--%s*", option->name);
	if (option->kind == VALUE_WORD) {
		printf(" ");
		g_auto(GStrv) words = g_strsplit(option->words, " ", -1);
		g_autofree char *joined = g_strjoinv("|", words);
		print_escaped(joined);
	} else if (option->kind != VALUE_FLAG) {
		g_autofree char *word = option->show != NULL ? g_strdup(option->show) : g_ascii_strup(option->name, -1);
		printf(" _");
		print_escaped(word);
		printf("_");
	}
	printf("\n\t");
	print_escaped(option->help);
	printf("\n\n");
}

static void print_command(const struct noun *noun, const struct command *command)
{
	g_autofree char *title = call_title(noun, command), *usage = help_usage(command);

	printf("*%s* ", title);
	print_escaped(usage);
	printf("\n\t");
	print_escaped(command->help);
	printf(".\n\n");
	for (const struct command_value *option = command->options; option != NULL && option->name != NULL; option++) {
		g_autofree char *word = option->letter != 0 ? g_strdup_printf("-%c, --%s", option->letter, option->name)
							     : g_strdup_printf("--%s", option->name);
		printf("\t*%s*: ", word);
		print_escaped(option->help);
		printf("\n\n");
	}
	printf("\tExample: ");
	print_escaped(command->example);
	printf("\n\n");
}

void help_print_man(void)
{
	g_autofree const struct command_value **common = call_common_options(~0u);

	printf("# COMMANDS\n\n");
	for (const struct noun *noun = nouns; noun->name != NULL; noun++) {
		printf("## %s\n\n", noun->name);
		print_escaped(noun->help);
		printf(".\n\n");
		for (const struct command *command = noun->commands; command->run != NULL; command++)
			print_command(noun, command);
	}
	printf("# COMMON OPTIONS\n\nThe help of each command says which of these it has.\n\n");
	for (size_t i = 0; common[i] != NULL; i++)
		print_option(common[i]);
	printf("# EXIT STATUS\n\n");
	for (int i = 0; exit_statuses[i] != NULL; i++) {
		printf("*%d*\n\t", i);
		print_escaped(exit_statuses[i]);
		printf("\n\n");
	}
}
