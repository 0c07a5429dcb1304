/* All nouns, and the few things that every command does the same way. */
#include "ctl/nouns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const exit_statuses[] = {
	"done",
	"failed: the command was right, the machine was not; or a check found something",
	"the command line, or what it names, is wrong",
	"there is no such thing",
	"not allowed: no token, a wrong one, or too small a role",
	"central (or the agent) does not answer; the same command may succeed later",
	"a conflict: it was changed meanwhile, or does not fit what is there",
	NULL,
};

const struct noun nouns[] = {
	{ "job", "What is to be called, and when", job_commands },
	{ "execution", "What became of each due instant", execution_commands },
	{ "agent", "The hosts that run jobs", agent_commands },
	{ "token", "Tokens for the API", token_commands },
	{ "user", "People who may log in", user_commands },
	{ "audit", "Who changed what", audit_commands },
	{ "ledger", "Due instants against decisions: what is unaccounted for", ledger_commands },
	{ "late", "Jobs that should have reported and did not", late_commands },
	{ "failures", "Jobs that failed lately", failures_commands },
	{ "overview", "The whole on one screen", overview_commands },
	{ "schedule", "When an expression is due", schedule_commands },
	{ "login", "Store central's address and a token for this user", login_commands },
	{ "completion", "Completion for a shell", completion_commands },
	{ "version", "The version", version_commands },
	{ "help", "What there is", help_commands },
	{ 0 }
};

const struct noun *noun_find(const char *name)
{
	for (const struct noun *noun = nouns; noun->name != NULL; noun++)
		if (strcmp(noun->name, name) == 0)
			return noun;
	return NULL;
}

const struct command *command_find(const struct noun *noun, const char *verb)
{
	for (const struct command *command = noun->commands; command->run != NULL; command++)
		if (g_strcmp0(command->verb, verb) == 0)
			return command;
	return NULL;
}

static void say_line(char *sentence)
{
	for (char *c = sentence; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	fprintf(stderr, "belfry: %s\n", sentence);
}

int command_fail(int status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	say_line(sentence);
	return status;
}

void command_remark(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	say_line(sentence);
}

int command_finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_OK;
	fprintf(stderr, "belfry: cannot write the output: %s\n", g_strerror(errno));
	return EXIT_FAILED;
}
