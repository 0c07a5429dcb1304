/*
 * From words to a call. GOption takes the line apart; the kinds of the table say what each value may be.
 */
#include "ctl/call.h"

#include <stdio.h>
#include <string.h>

#include "common/rfc3339.h"
#include "ctl/when.h"

#define LIST_LIMIT_MAX 1000000000

static const struct command_value central_options[] = {
	{ "central", VALUE_TEXT, .show = "URL",
	  .help = "Central's address; else $BELFRY_CENTRAL, the configuration, http://127.0.0.1:3001" },
	{ "token-file", VALUE_FILE, .help = "File with the token; else $BELFRY_TOKEN (the token), the configuration" },
	{ "ca", VALUE_FILE, .help = "PEM file of the authorities that vouch for central; else the system's" },
	{ "config", VALUE_FILE, .help = "Configuration; else ~/.config/belfry/belfry.conf" },
	{ "timeout", VALUE_DURATION, .help = "Longest wait for one answer; default 30s" },
	{ 0 }
};
static const struct command_value socket_options[] = {
	{ "socket", VALUE_FILE, .help = "Ask the agent of this host at its socket instead of central" },
	{ 0 }
};
static const struct command_value print_options[] = {
	{ "output", VALUE_WORD, 'o', .words = "table json jsonl name", .show = "FORM",
	  .help = "table for people; json as central says it; jsonl one item a line, all of them; name only ids or names" },
	{ "utc", VALUE_FLAG, .help = "Tables show UTC, not the local zone" },
	{ 0 }
};
static const struct command_value page_options[] = {
	{ "limit", VALUE_NUMBER, 'n', .show = "N", .min = 1, .max = LIST_LIMIT_MAX, .help = "At most that many; default 100" },
	{ "all", VALUE_FLAG, 'a', .help = "All there are, however many pages" },
	{ 0 }
};
static const struct command_value edit_options[] = {
	{ "revision", VALUE_NUMBER, .show = "N", .min = 1, .max = 9e15, .help = "Only when the job is still at this revision" },
	{ 0 }
};
static const struct command_value yes_options[] = {
	{ "yes", VALUE_FLAG, 'y', .help = "Do not ask first" },
	{ 0 }
};

static void add_specs(GPtrArray *specs, const struct command_value *table)
{
	for (; table != NULL && table->name != NULL; table++)
		g_ptr_array_add(specs, (gpointer)table);
}

static void add_common(GPtrArray *specs, unsigned uses)
{
	if (uses & PRINTS)
		add_specs(specs, print_options);
	if (uses & PAGES)
		add_specs(specs, page_options);
	if (uses & EDITS)
		add_specs(specs, edit_options);
	if (uses & ASKS_FIRST)
		add_specs(specs, yes_options);
	if (uses & USES_SOCKET)
		add_specs(specs, socket_options);
	if (uses & USES_CENTRAL)
		add_specs(specs, central_options);
}

const struct command_value **call_common_options(unsigned uses)
{
	GPtrArray *list = g_ptr_array_new();
	add_common(list, uses);
	g_ptr_array_add(list, NULL);
	return (const struct command_value **)g_ptr_array_free(list, FALSE);
}

char *call_title(const struct noun *noun, const struct command *command)
{
	return g_strjoin(" ", "belfry", noun->name, command->verb, NULL);
}

static bool is_list(const struct command_value *spec)
{
	return spec->kind == VALUE_LIST || spec->kind == VALUE_LABELS || spec->many;
}

static bool has_word(const char *words, const char *word)
{
	g_auto(GStrv) list = g_strsplit(words, " ", -1);
	return g_strv_contains((const char *const *)list, word);
}

static bool check_number(const struct command_value *spec, const char *label, const char *text, int64_t *ret)
{
	if (!g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, ret, NULL))
		return command_wrong("%s: \"%.40s\" is no whole number", label, text), false;
	if (*ret < (int64_t)spec->min || *ret > (int64_t)spec->max)
		return command_wrong("%s: %.40s is outside %.0f-%.0f", label, text, spec->min, spec->max), false;
	return true;
}

/* Checks one text and puts it into the form in which it is sent. `label` is "--limit" or "JOB". */
static bool check_text(const struct command_value *spec, const char *label, char **text, int64_t *ret_number)
{
	char buffer[RFC3339_SIZE];
	struct wall at;

	if (!g_utf8_validate(*text, -1, NULL) && spec->kind != VALUE_FILE)
		return command_wrong("%s: is not UTF-8 text", label), false;
	switch (spec->kind) {
	case VALUE_NUMBER:
		return check_number(spec, label, *text, ret_number);
	case VALUE_DURATION:
		if (duration_parse(*text, ret_number))
			return true;
		return command_wrong("%s: \"%.40s\" is no duration such as 90s, 10m, 2h or 7d", label, *text), false;
	case VALUE_TIME:
		if (!when_parse(*text, wall_now(), &at))
			return command_wrong("%s: \"%.40s\" is no RFC 3339 time such as 2026-11-23T12:00:00Z, nor "
					     "\"2026-11-23 07:00\" in the local zone, nor -2h from now",
					     label, *text),
			       false;
		g_free(*text);
		*text = g_strdup(rfc3339_print_ms(at, buffer));
		return true;
	case VALUE_WORD:
		if (has_word(spec->words, *text))
			return true;
		return command_wrong("%s: \"%.40s\" is none of: %s", label, *text, spec->words), false;
	case VALUE_LABELS:
		if (**text != '=' && strchr(*text, '=') != NULL)
			return true;
		return command_wrong("%s: \"%.40s\" is not KEY=VALUE", label, *text), false;
	case VALUE_FLAG:
	case VALUE_TEXT:
	case VALUE_LIST:
	case VALUE_FILE:
	case VALUE_JOB:
	case VALUE_AGENT:
		break;
	}
	if (**text == '\0' && spec->kind != VALUE_TEXT)
		return command_wrong("%s: is empty", label), false;
	return true;
}

/* A KEY that stands twice: one of the two would be lost without a word. */
static bool check_keys(const char *label, char **texts)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (; *texts != NULL; texts++) {
		char *key = g_strndup(*texts, strcspn(*texts, "="));
		if (g_hash_table_contains(seen, key)) {
			command_wrong("%s: %.40s is given twice", label, key);
			g_free(key);
			return false;
		}
		g_hash_table_add(seen, key);
	}
	return true;
}

static bool check_value(const struct command_value *spec, const char *label, struct call_value *value)
{
	if (value->texts == NULL)
		return true;
	if (!is_list(spec) && g_strv_length(value->texts) > 1)
		return command_wrong("%s: is given %u times", label, g_strv_length(value->texts)), false;
	for (char **text = value->texts; *text != NULL; text++)
		if (!check_text(spec, label, text, &value->number))
			return false;
	return spec->kind != VALUE_LABELS || check_keys(label, value->texts);
}

static char *upper(const char *name)
{
	return g_ascii_strup(name, -1);
}

/* Gives the words that are no options to the arguments, in their order. */
static bool take_arguments(struct call *call, char **rest)
{
	g_autofree char *title = call_title(call->noun, call->command);
	guint n = rest != NULL ? g_strv_length(rest) : 0, taken = 0, i = 0;
	const struct command_value *spec = call->command->arguments;

	for (; spec != NULL && spec->name != NULL; spec++, i++) {
		g_autofree char *label = spec->show != NULL ? g_strdup(spec->show) : upper(spec->name);
		if (taken == n && !spec->optional)
			return command_wrong("%s is missing (%s --help shows the usage)", label, title), false;
		if (taken == n)
			break;
		guint count = spec->many ? n - taken : 1;
		g_auto(GStrv) texts = g_new0(char *, count + 1);
		for (guint k = 0; k < count; k++)
			texts[k] = g_strdup(rest[taken++]);
		call->values[i].texts = g_steal_pointer(&texts);
		if (!check_value(spec, label, &call->values[i]))
			return false;
	}
	if (taken < n)
		return command_wrong("\"%.60s\" is one word too many (%s --help shows the usage)", rest[taken], title), false;
	return true;
}

/* The value option that a word names: the whole word ("--limit", "-n"), or with `attached` the first letter of "-n1". */
static const struct command_value *value_option(const struct call *call, const char *word, bool attached)
{
	if (word[0] != '-' || word[1] == '\0' || (attached && (word[1] == '-' || word[2] == '\0')))
		return NULL;
	for (guint i = 0; i < call->specs->len; i++) {
		const struct command_value *spec = call->specs->pdata[i];
		bool by_letter = spec->letter != 0 && spec->letter == word[1] && (attached || word[2] == '\0');
		bool by_name = !attached && word[1] == '-' && strcmp(spec->name, word + 2) == 0;
		if (spec->kind != VALUE_FLAG && (by_letter || by_name))
			return spec;
	}
	return NULL;
}

/* "-n1" in two words, as GOption wants it. False when the word is no such thing, or is itself the value of an option before it. */
static bool add_attached(const struct call *call, const char *before, const char *word, GPtrArray *words)
{
	if (value_option(call, word, true) == NULL || (before != NULL && value_option(call, before, false) != NULL))
		return false;
	g_ptr_array_add(words, g_strndup(word, 2));
	g_ptr_array_add(words, g_strdup(word + 2));
	return true;
}

/*
 * A word like "-5 * * * *" begins as an option does but has a blank in it: no option has. Such words are moved to the end,
 * behind a "--", where GOption leaves them alone.
 */
static char **order_words(const struct call *call, int argc, char **argv)
{
	GPtrArray *first = g_ptr_array_new(), *last = g_ptr_array_new();
	bool ended = false;

	for (int i = 0; i < argc; i++) {
		if (!ended && strcmp(argv[i], "--") == 0)
			ended = true;
		else if (ended || !add_attached(call, i > 0 ? argv[i - 1] : NULL, argv[i], first))
			g_ptr_array_add(ended || (argv[i][0] == '-' && argv[i][1] != '-' && strpbrk(argv[i], " \t")) ? last
												       : first,
					g_strdup(argv[i]));
	}
	if (last->len > 0)
		g_ptr_array_add(first, g_strdup("--"));
	g_ptr_array_extend(first, last, NULL, NULL);
	g_ptr_array_add(first, NULL);
	g_ptr_array_free(last, TRUE);
	return (char **)g_ptr_array_free(first, FALSE);
}

static void make_entry(const struct command_value *spec, struct call_value *value, gboolean *flag, GOptionEntry *ret)
{
	bool is_flag = spec->kind == VALUE_FLAG;
	*ret = (GOptionEntry){ spec->name, spec->letter, 0, is_flag ? G_OPTION_ARG_NONE : G_OPTION_ARG_FILENAME_ARRAY,
			       is_flag ? (gpointer)flag : (gpointer)&value->texts, NULL, NULL };
}

/* GOption takes "--yes=no" for --yes. */
static bool flags_have_no_values(const struct call *call, char **words)
{
	for (guint i = 0; i < call->specs->len; i++) {
		const struct command_value *spec = call->specs->pdata[i];
		g_autofree char *begin = g_strdup_printf("--%s=", spec->name);
		for (char **word = words; spec->kind == VALUE_FLAG && *word != NULL && strcmp(*word, "--") != 0; word++)
			if (g_str_has_prefix(*word, begin))
				return command_wrong("--%s: takes no value", spec->name), false;
	}
	return true;
}

static bool read_options(struct call *call, guint n_arguments, int argc, char **argv, char ***ret_rest)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autofree GOptionEntry *entries = g_new0(GOptionEntry, call->specs->len + 2);
	g_autofree gboolean *flags = g_new0(gboolean, call->specs->len + 1);
	g_auto(GStrv) words = order_words(call, argc, argv);
	guint n = 0;

	if (!flags_have_no_values(call, words))
		return false;
	for (guint i = n_arguments; i < call->specs->len; i++)
		make_entry(call->specs->pdata[i], &call->values[i], &flags[i], &entries[n++]);
	entries[n] = (GOptionEntry){ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, ret_rest, NULL, NULL };
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse_strv(context, &words, &error)) {
		g_autofree char *title = call_title(call->noun, call->command);
		command_wrong("%s (%s --help shows the options)", error->message, title);
		return false;
	}
	for (guint i = n_arguments; i < call->specs->len; i++) {
		const struct command_value *spec = call->specs->pdata[i];
		g_autofree char *label = g_strconcat("--", spec->name, NULL);
		if (flags[i])
			call->values[i].texts = g_strsplit("true", "\n", -1);
		if (!check_value(spec, label, &call->values[i]))
			return false;
	}
	return true;
}

bool call_parse(const struct noun *noun, const struct command *command, int argc, char **argv, struct call *ret)
{
	g_auto(GStrv) rest = NULL;
	*ret = (struct call){ .noun = noun, .command = command, .specs = g_ptr_array_new() };
	add_specs(ret->specs, command->arguments);
	guint n_arguments = ret->specs->len;
	add_specs(ret->specs, command->options);
	add_common(ret->specs, command->uses);
	ret->values = g_new0(struct call_value, ret->specs->len + 1);
	if (read_options(ret, n_arguments, argc, argv, &rest) && take_arguments(ret, rest))
		return true;
	call_clear(ret);
	return false;
}

void call_clear(struct call *call)
{
	for (guint i = 0; call->specs != NULL && i < call->specs->len; i++)
		g_strfreev(call->values[i].texts);
	g_clear_pointer(&call->values, g_free);
	g_clear_pointer(&call->specs, g_ptr_array_unref);
}

static const struct call_value *find(const struct call *call, const char *name)
{
	for (guint i = 0; i < call->specs->len; i++)
		if (strcmp(((const struct command_value *)call->specs->pdata[i])->name, name) == 0)
			return &call->values[i];
	g_error("%s has no value \"%s\"", call->command->verb, name);
}

bool call_has(const struct call *call, const char *name)
{
	for (guint i = 0; i < call->specs->len; i++)
		if (strcmp(((const struct command_value *)call->specs->pdata[i])->name, name) == 0)
			return call->values[i].texts != NULL;
	return false;
}

bool call_flag(const struct call *call, const char *name)
{
	return call_has(call, name);
}

const char *call_text(const struct call *call, const char *name)
{
	const struct call_value *value = find(call, name);
	return value->texts != NULL ? value->texts[0] : NULL;
}

char **call_texts(const struct call *call, const char *name)
{
	static char *none[] = { NULL };
	const struct call_value *value = find(call, name);
	return value->texts != NULL ? value->texts : none;
}

int64_t call_number(const struct call *call, const char *name, int64_t fallback)
{
	const struct call_value *value = find(call, name);
	return value->texts != NULL ? value->number : fallback;
}

struct wall call_time(const struct call *call, const char *name, struct wall fallback)
{
	const char *text = call_text(call, name);
	struct wall at = fallback;
	if (text != NULL && !rfc3339_parse(text, &at))
		g_error("%s is no time after all: %s", name, text);
	return at;
}
