/*
 * belfry completion: a script for bash or zsh, written from the tables. Both have the same function belfry_words, which prints the
 * words that may stand next; names of jobs, agents and users come from central, which is asked for a second at most.
 */
#include "ctl/generic.h"
#include "ctl/http.h"
#include "ctl/nouns.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 500
#define NAMES_TIMEOUT_MS 1000

static const char *kind_action(const struct command_value *value)
{
	switch (value->kind) {
	case VALUE_JOB:
		return "belfry completion jobs 2>/dev/null";
	case VALUE_AGENT:
		return "belfry completion agents 2>/dev/null";
	case VALUE_FILE:
		return "echo @files";
	case VALUE_TEXT:
		if (strcmp(value->name, "user") == 0 && value->member == NULL)
			return "belfry completion users 2>/dev/null";
		return strcmp(value->name, "file") == 0 ? "echo @files" : NULL;
	default:
		return strcmp(value->name, "file") == 0 ? "echo @files" : NULL;
	}
}

/* "  'job list --type'|'job list -t') echo ... ;;" */
static void print_option_values(const char *title, const struct command_value *option)
{
	const char *action = kind_action(option);
	if (option->kind == VALUE_FLAG)
		return;
	printf("\t'%s --%s'", title, option->name);
	if (option->letter != 0)
		printf("|'%s -%c'", title, option->letter);
	if (option->kind == VALUE_WORD)
		printf(") printf '%%s\\n' %s ;;\n", option->words);
	else
		printf(") %s ;;\n", action != NULL ? action : ":");
}

static void each_option(const struct command *command, const char *title,
			void (*print)(const char *title, const struct command_value *option))
{
	g_autofree const struct command_value **common = call_common_options(command->uses);
	for (const struct command_value *option = command->options; option != NULL && option->name != NULL; option++)
		print(title, option);
	for (size_t i = 0; common[i] != NULL; i++)
		print(title, common[i]);
}

static void print_option_name(const char *title, const struct command_value *option)
{
	(void)title;
	printf(" --%s", option->name);
}

static void print_argument_words(const struct command_value *argument)
{
	if (argument->kind == VALUE_WORD)
		printf("printf '%%s\\n' %s", argument->words);
	else
		printf("%s", kind_action(argument) != NULL ? kind_action(argument) : ":");
}

/* $2: how many arguments stand before this one; the last may be many. */
static void print_command_words(const char *title, const struct command *command)
{
	const struct command_value *argument = command->arguments;
	printf("\t'%s')\n\t\tprintf '%%s\\n'", title);
	each_option(command, title, print_option_name);
	printf(" --help\n");
	if (argument != NULL && argument->name != NULL) {
		printf("\t\tcase $2 in ");
		for (int i = 0; argument->name != NULL; argument++, i++) {
			argument->many ? printf("*) ") : printf("%d) ", i);
			print_argument_words(argument);
			printf(" ;; ");
		}
		printf("esac\n");
	}
	printf("\t\t;;\n");
}

static void each_command(bool values)
{
	for (const struct noun *noun = nouns; noun->name != NULL; noun++)
		for (const struct command *command = noun->commands; command->run != NULL; command++) {
			g_autofree char *title = g_strjoin(" ", noun->name, command->verb, NULL);
			if (values)
				each_option(command, title, print_option_values);
			else
				print_command_words(title, command);
		}
}

/* belfry_words COMMAND PREVIOUS ARGUMENTS: COMMAND is "", a noun, or a noun and a verb. Candidates, one a line. */
static void print_function(void)
{
	printf("belfry_words() {\n\tcase \"$1 $2\" in\n");
	each_command(true);
	printf("\t*) belfry_plain_words \"$1\" \"$3\" ;;\n\tesac\n}\n\nbelfry_plain_words() {\n\tcase \"$1\" in\n\t'') printf '%%s\\n'");
	for (const struct noun *noun = nouns; noun->name != NULL; noun++)
		printf(" %s", noun->name);
	printf(" --help --version ;;\n");
	for (const struct noun *noun = nouns; noun->name != NULL; noun++) {
		if (noun->commands[0].verb == NULL)
			continue;
		printf("\t'%s') printf '%%s\\n'", noun->name);
		for (const struct command *command = noun->commands; command->run != NULL; command++)
			printf(" %s", command->verb);
		printf(" --help ;;\n");
	}
	each_command(false);
	printf("\tesac\n}\n\n");
	printf("belfry_command() {\n\tcase \"$1\" in\n\t");
	for (const struct noun *noun = nouns; noun->name != NULL; noun++)
		if (noun->commands[0].verb == NULL)
			printf("%s|", noun->name);
	printf("'') echo \"$1\" ;;\n\t*) echo \"$1${2:+ $2}\" ;;\n\tesac\n}\n\n");
	/* Of the words after the command those that are no options; the value of an option counts as what it looks like. */
	printf("belfry_arguments() {\n\tlocal n=0 word\n\tfor word; do [[ $word == -* ]] || n=$((n + 1)); done\n\techo $n\n}\n");
}

static const char bash_tail[] =
	"\n_belfry() {\n"
	"\tlocal text=${COMP_LINE:0:COMP_POINT} word= quote= c i previous=${COMP_WORDS[COMP_CWORD-1]} noun= verb= command first arguments line colon\n"
	"\t# what stands before the cursor as the shell will read it: every\\ se, 'every se\n"
	"\tfor ((i = 0; i < ${#text}; i++)); do\n"
	"\t\tc=${text:i:1}\n"
	"\t\tif [[ $quote ]]; then if [[ $c == \"$quote\" ]]; then quote=; else word+=$c; fi\n"
	"\t\telif [[ $c == [\\'\\\"] ]]; then quote=$c\n"
	"\t\telif [[ $c == \\\\ ]]; then i=$((i + 1)) word+=${text:i:1}\n"
	"\t\telif [[ $c == [[:space:]] ]]; then word=\n"
	"\t\telse word+=$c; fi\n"
	"\tdone\n"
	"\t((COMP_CWORD > 1)) && noun=${COMP_WORDS[1]}\n"
	"\t((COMP_CWORD > 2)) && verb=${COMP_WORDS[2]}\n"
	"\t((COMP_CWORD == 1)) && previous=\n"
	"\tcommand=$(belfry_command \"$noun\" \"$verb\")\n"
	"\tset -- $command\n"
	"\tfirst=$((1 + $#))\n"
	"\targuments=$(belfry_arguments \"${COMP_WORDS[@]:first:COMP_CWORD-first}\")\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tif [[ $line == @files ]]; then\n"
	"\t\t\twhile IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen -f -- \"$word\")\n"
	"\t\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\telif [[ $line == \"$word\"* && ( $line != -* || $word == -* ) ]]; then\n"
	"\t\t\t[[ $quote ]] || printf -v line %q \"$line\"\n"
	"\t\t\tCOMPREPLY+=(\"$line\")\n"
	"\t\tfi\n"
	"\tdone < <(belfry_words \"$command\" \"$previous\" \"$arguments\")\n"
	"\t# bash takes a colon for the end of a word\n"
	"\tif [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
	"\t\tcolon=${word%\"${word##*:}\"}\n"
	"\t\t[[ $quote ]] || printf -v colon %q \"$colon\"\n"
	"\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"$colon\"}\")\n"
	"\tfi\n"
	"}\n"
	"complete -F _belfry belfry\n";

static const char zsh_tail[] =
	"\n_belfry() {\n"
	"\tlocal noun= verb= previous= command arguments line first\n"
	"\tlocal -a found options\n"
	"\t((CURRENT > 2)) && noun=$words[2]\n"
	"\t((CURRENT > 3)) && verb=$words[3]\n"
	"\t((CURRENT > 2)) && previous=$words[CURRENT-1]\n"
	"\tcommand=$(belfry_command \"$noun\" \"$verb\")\n"
	"\tset -- ${=command}\n"
	"\tfirst=$((2 + $#))\n"
	"\targuments=$(belfry_arguments ${words[first,CURRENT-1]})\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tif [[ $line == @files ]]; then _files; return; fi\n"
	"\t\tif [[ $line == -* ]]; then options+=(\"$line\"); else found+=(\"$line\"); fi\n"
	"\tdone < <(belfry_words \"$command\" \"$previous\" \"$arguments\")\n"
	"\tif [[ $PREFIX == -* ]]; then compadd -- $options; else compadd -- $found; fi\n"
	"}\n"
	"if [[ $funcstack[1] == _belfry ]]; then _belfry \"$@\"; else compdef _belfry belfry; fi\n";

/* Names for the scripts: quiet, quick, and content with what the first page has. */
static int print_names(struct call *call, const char *path, const char *member)
{
	struct client client;
	json_t *page = NULL;
	const json_t *item;
	size_t i;
	struct output output = { .form = OUTPUT_NAME };
	struct view view = { .member = member, .name = "name" };

	if (client_open(call, &client) != EXIT_OK)
		return EXIT_AWAY;
	if (!call_has(call, "timeout")) {
		client.settings.timeout_ms = NAMES_TIMEOUT_MS;
		struct http_server server = { client.settings.url, NULL, client.settings.ca, client.settings.token, NAMES_TIMEOUT_MS };
		http_free(client.http);
		client.http = http_new(&server);
	}
	client.quiet = true;
	int status = client_get(&client, path, &page);
	json_array_foreach(json_object_get(page, member), i, item)
		output_line(&output, &view, item);
	json_decref(page);
	client_close(&client);
	return status == EXIT_OK ? command_finish_output() : status;
}

static int run_completion(struct call *call)
{
	const char *what = call_text(call, "what");

	if (strcmp(what, "jobs") == 0)
		return print_names(call, "/api/jobs?limit=" G_STRINGIFY(NAMES_MAX), "jobs");
	if (strcmp(what, "agents") == 0)
		return print_names(call, "/api/agents?limit=" G_STRINGIFY(NAMES_MAX), "agents");
	if (strcmp(what, "users") == 0)
		return print_names(call, "/api/users", "users");
	bool is_bash = strcmp(what, "bash") == 0;
	puts(is_bash ? "# bash completion of belfry, written by \"belfry completion bash\"" : "#compdef belfry");
	print_function();
	fputs(is_bash ? bash_tail : zsh_tail, stdout);
	return command_finish_output();
}

static const struct command_value completion_arguments[] = {
	{ "what", VALUE_WORD, .words = "bash zsh jobs agents users", .help = "A shell, whose script is printed; or names of jobs, agents or users" },
	{ 0 }
};

const struct command completion_commands[] = {
	{ .help = "Print the completion script of a shell", .details = "make install puts the scripts where the shells look for them.",
	  .example = "source <(belfry completion bash)", .arguments = completion_arguments, .uses = USES_CENTRAL, .run = run_completion },
	{ 0 }
};
