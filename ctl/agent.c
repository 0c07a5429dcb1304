/* belfry agent ...: the fleet; `agent status` asks the agent of this host. */
#include "ctl/generic.h"
#include "ctl/nouns.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AGENT_ARGUMENT { "agent", VALUE_AGENT, .help = "Name or id of the agent" }
#define ACTS (USES_CENTRAL | PRINTS)

static const struct command_value agent_argument[] = { AGENT_ARGUMENT, { 0 } };
static const struct command_value agents_argument[] = {
	{ "agent", VALUE_AGENT, .many = true, .help = "Names or ids of agents" },
	{ 0 }
};

static const struct view_column agent_columns[] = {
	{ "NAME", "name", CELL_TEXT, SHRINKS },
	{ "STATE", "state", CELL_STATUS, 0 },
	{ "SEEN", "lastSeenAt", CELL_TIME, 0 },
	{ "JOBS", "jobs", CELL_NUMBER, 0 },
	{ "RUNNING", "running", CELL_NUMBER, 0 },
	{ "UNSENT", "outboxDepth", CELL_NUMBER, 0 },
	{ "BEHIND", "behind", CELL_BEHIND, IF_ANY },
	{ "HANDOVER", "handover", CELL_HANDOVER, IF_ANY },
	{ "COPIES", "copies.count", CELL_NUMBER, IF_ANY },
	{ "LABELS", "labels", CELL_LABELS, IF_ANY | SHRINKS },
	{ "NEXT", "nextFireAt", CELL_TIME, WIDE },
	{ "VERSION", "version", CELL_TEXT, WIDE },
	{ "ID", "agentId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view agent_view = {
	.member = "agents",
	.name = "name",
	.gone = "agentId",
	.columns = agent_columns,
	.none = "there are no such agents",
};

static const struct view_column token_columns[] = {
	{ "ID", "tokenId", CELL_TEXT, 0 },
	{ "STATE", "", CELL_LIFE, 0 },
	{ "NAME", "name", CELL_TEXT, SHRINKS },
	{ "LABELS", "labels", CELL_LABELS, SHRINKS },
	{ "BY", "createdBy", CELL_TEXT, SHRINKS },
	{ "EXPIRES", "expiresAt", CELL_TIME, 0 },
	{ "USED", "usedAt", CELL_TIME, IF_ANY },
	{ "BY AGENT", "usedBy", CELL_TEXT, IF_ANY | WIDE },
	{ 0 }
};
static const struct view token_view = {
	.member = "tokens",
	.name = "tokenId",
	.columns = token_columns,
	.none = "no token waits for an agent",
};

static const struct view_column quarantine_columns[] = {
	{ "AT", "at", CELL_TIME, 0 },
	{ "EPOCH", "epoch", CELL_NUMBER, 0 },
	{ "SEQ", "seq", CELL_NUMBER, 0 },
	{ "REASON", "reason", CELL_TEXT, SHRINKS },
	{ 0 }
};
static const struct view quarantine_view = {
	.member = "records",
	.name = "seq",
	.columns = quarantine_columns,
	.none = "nothing is in quarantine",
};
static const struct view status_view = { .name = "name" };
static const struct view rebalance_view = { .name = "changes" };

static const struct command_value enroll_options[] = {
	{ "ttl", VALUE_DURATION, .member = "ttlMs", .help = "How long the token may be used, 1s to 7d; default 10m" },
	{ "name", VALUE_TEXT, .member = "name", .help = "The agent's name; default: the host's" },
	{ "label", VALUE_LABELS, 'l', .member = "labels", .help = "A label of the agent that the token makes" },
	{ "agent-url", VALUE_TEXT, .show = "URL", .help = "Central's listener for agents, for the printed command; default: port + 1" },
	{ 0 }
};
static const struct command_value list_options[] = {
	{ "query", VALUE_TEXT, 'q', .parameter = "q", .help = "Part of the name" },
	{ "state", VALUE_WORD, .words = "online offline draining never revoked", .parameter = "state", .help = "Only agents in this state" },
	{ "selector", VALUE_TEXT, .parameter = "selector", .help = "Labels: env=prod,role in (web,api),!legacy" },
	{ "sort", VALUE_WORD, .words = "name -name lastSeenAt -lastSeenAt outboxDepth -outboxDepth", .parameter = "sort",
	  .help = "Order; with - the other way round" },
	{ 0 }
};
static const struct command_value label_options[] = {
	{ "label", VALUE_LABELS, 'l', .member = "labels", .help = "A label to add, or to change" },
	{ "unlabel", VALUE_LIST, .show = "KEY", .help = "A label to take away" },
	{ "weight", VALUE_NUMBER, .show = "N", .min = 0, .max = 1000, .member = "weight", .help = "Its share of jobs, beside other agents" },
	{ "name", VALUE_TEXT, .member = "name", .help = "Its new name" },
	{ 0 }
};
static const struct command_value status_options[] = {
	{ "socket", VALUE_FILE, .help = "The agent's socket; default /var/lib/belfry-agent/agent.sock" },
	{ 0 }
};
static const struct command_value token_arguments[] = {
	{ "token", VALUE_TEXT, .many = true, .show = "TOKENID", .help = "Ids of tokens that are not to be used any more" },
	{ 0 }
};

/* Central's other listener, by default one port above that for people. */
static char *agent_url(const struct call *call, const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	if (call_has(call, "agent-url"))
		return g_strdup(call_text(call, "agent-url"));
	int port = g_uri_get_port(uri);
	if (port < 1 || port > 65534)
		return g_strdup(url);
	return g_uri_join(G_URI_FLAGS_NONE, g_uri_get_scheme(uri), NULL, g_uri_get_host(uri), port + 1, g_uri_get_path(uri), NULL, NULL);
}

static int print_enrolment(const struct call *call, const struct client *client, const json_t *answer)
{
	struct output output = output_of(call);
	g_autofree char *url = agent_url(call, client->settings.url), *quoted = g_shell_quote(url);
	g_autofree char *token = output_fill("{token}", answer);

	if (output.form != OUTPUT_TABLE)
		return generic_print(call, answer);
	g_autofree char *expires = output_cell_text(&output, output_member(answer, "expiresAt"), CELL_TIME);
	/* A shell's own echo is no process: nobody reads the token in a list of them. A name is the token's, not to be said again. */
	printf("On the new host, until %s:\n\n"
	       "  echo %s | belfry-agent --config /etc/belfry/agent.conf enroll --central %s --token-file -\n",
	       expires, token, quoted);
	return command_finish_output();
}

int agent_enroll(struct call *call)
{
	struct client client;
	json_t *body = NULL, *answer = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = generic_body(call, &client, &body);
	if (status == EXIT_OK)
		status = client_ask(&client, "POST", "/api/agents/tokens", json_object_size(body) > 0 ? body : NULL, NULL, &answer);
	if (status == EXIT_OK)
		status = print_enrolment(call, &client, answer);
	json_decref(body);
	json_decref(answer);
	client_close(&client);
	return status;
}

static const struct view enroll_view = { .name = "token" };

/* When the host may be stopped: fires of jobs that left are its own up to a border that lies some seconds ahead. */
static char *say_handover(const struct call *call, const json_t *agent)
{
	struct output output = output_of(call);
	json_int_t kept = json_integer_value(output_member(agent, "handover.kept"));
	json_int_t bound = json_integer_value(output_member(agent, "handover.bound"));
	g_autofree char *until = output_cell_text(&output, output_member(agent, "handover.until"), CELL_TIME);
	g_autofree char *name = output_fill("{name}", agent);

	if (output_member(agent, "handover") == NULL)
		return NULL;
	if (kept > 0)
		return g_strdup_printf("%s: do not stop the host yet: no other agent has taken %" JSON_INTEGER_FORMAT
				       " of its jobs so far (handover.kept of belfry agent show %s)", name, kept, name);
	g_autofree char *stay = bound == 0 ? g_strdup("") : g_strdup_printf("; %" JSON_INTEGER_FORMAT
		" of its jobs belong to this host and stop with it", bound);
	g_autofree char *after = until != NULL ? g_strdup_printf("after %s, ", until) : g_strdup("");
	return g_strdup_printf("%s: the host may be stopped %sonce nothing runs there (running of belfry agent show %s)%s", name, after,
			       name, stay);
}

static char *say_labels(const struct call *call, const json_t *agent)
{
	struct output output = output_of(call);
	g_autofree char *labels = output_cell_text(&output, output_member(agent, "labels"), CELL_LABELS);
	g_autofree char *has = labels != NULL && *labels != '\0' ? g_strconcat("labels ", labels, NULL) : g_strdup("no labels");
	g_autofree char *name = output_fill("{name}", agent), *weight = output_fill("{weight}", agent);
	return g_strdup_printf("%s: %s; weight %s", name, has, weight);
}

/* Central takes all labels of an agent at once; a person adds one to those that decide where jobs run. */
static int merge_labels(const struct call *call, struct client *client, const char *path, json_t *body)
{
	json_t *agent = NULL, *given = json_object_get(body, "labels");
	char **gone = call_texts(call, "unlabel");
	if (given == NULL && *gone == NULL)
		return EXIT_OK;
	for (char **key = gone; *key != NULL; key++)
		if (json_object_get(given, *key) != NULL)
			return command_wrong("--unlabel: %s is to be added too", *key);
	int status = client_get(client, path, &agent);
	if (status != EXIT_OK)
		return status;
	json_t *labels = json_deep_copy(json_object_get(agent, "labels"));
	json_decref(agent);
	json_object_update(labels, given);
	for (char **key = gone; *key != NULL; key++)
		json_object_del(labels, *key);
	json_object_set_new(body, "labels", labels);
	return EXIT_OK;
}

static int agent_label(struct call *call)
{
	struct client client;
	json_t *body = NULL, *answer = NULL;
	g_autofree char *path = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = generic_body(call, &client, &body);
	if (status == EXIT_OK && json_object_size(body) == 0 && !call_has(call, "unlabel"))
		status = command_wrong("nothing is named that should change (belfry agent label --help shows the options)");
	if (status == EXIT_OK)
		status = generic_path(call, &client, call->command->path, NULL, &path);
	if (status == EXIT_OK)
		status = merge_labels(call, &client, path, body);
	if (status == EXIT_OK)
		status = client_ask(&client, "PATCH", path, body, NULL, &answer);
	if (status == EXIT_OK) {
		generic_say_done(call, NULL, answer);
		status = command_finish_output();
	}
	json_decref(body);
	json_decref(answer);
	client_close(&client);
	return status;
}

/* What an operator wants to know first while the link is down: since when, and what waits. */
static char *say_link(const struct call *call, const json_t *status)
{
	struct output output = output_of(call);
	json_int_t depth = json_integer_value(output_member(status, "store.outboxDepth"));
	g_autofree char *oldest = output_cell_text(&output, output_member(status, "store.oldestUnsentAt"), CELL_TIME);
	g_autofree char *since = output_cell_text(&output, output_member(status, "central.lastSyncAt|startedAt"), CELL_TIME);
	const char *then = json_is_true(output_member(status, "central.refused"))   ? "it refuses this agent, so nothing new is started"
			   : json_is_true(output_member(status, "store.outboxFull")) ? "no more may wait, so nothing new is started"
										     : "jobs go on running, ATMOST_ONCE ones while their lease lasts";
	if (!json_is_false(output_member(status, "central.connected")))
		return NULL;
	g_autofree char *wait = depth == 0 ? g_strdup("nothing waits for it")
				: depth == 1 ? g_strdup_printf("1 record waits for it, since %s", oldest != NULL ? oldest : "?")
					     : g_strdup_printf("%" JSON_INTEGER_FORMAT " records wait for it, the oldest since %s", depth,
							       oldest != NULL ? oldest : "?");
	return g_strdup_printf("not in touch with central since %s; %s; %s", since != NULL ? since : "?", wait, then);
}

#define ACTION(verb_, help_, uses_, done_)                                                                                    \
	{ .verb = verb_, .help = help_, .example = "belfry agent " verb_ " web-3", .arguments = agents_argument,             \
	  .uses = ACTS | (uses_), .run = command_act, .method = "POST", .path = "/api/agents/{agent}/actions/" verb_,        \
	  .view = &agent_view, .done = done_ }

/* Central works for some seconds at a time; a person sees how far it is. */
static int agent_rebalance(struct call *call)
{
	struct client client;
	json_t *answer = NULL;
	json_int_t changes = 0;
	bool more = true;
	g_autofree char *path = g_strdup("/api/agents/actions/rebalance");
	int status = client_open(call, &client);
	if (status != EXIT_OK)
		return status;
	while (more && (status = client_ask(&client, "POST", path, NULL, NULL, &answer)) == EXIT_OK) {
		const char *next = json_string_value(json_object_get(answer, "nextCursor"));
		changes += json_integer_value(json_object_get(answer, "changes"));
		more = next != NULL;
		if (more) {
			g_free(path);
			path = g_strdup_printf("/api/agents/actions/rebalance?cursor=%s", next);
			if (isatty(STDERR_FILENO))
				command_remark("job sets changed in %" JSON_INTEGER_FORMAT " places so far", changes);
		}
		json_decref(answer);
	}
	client_close(&client);
	if (status != EXIT_OK) {
		if (changes > 0)
			command_remark("job sets changed in %" JSON_INTEGER_FORMAT " places before that; repeat the command for the rest", changes);
		return status;
	}
	answer = json_pack("{s:I}", "changes", changes);
	generic_say_done(call, NULL, answer);
	json_decref(answer);
	return command_finish_output();
}

const struct command agent_commands[] = {
	{ .verb = "enroll", .help = "Make a one-time token, and print the command that makes a host an agent",
	  .example = "belfry agent enroll --name web-3 --label env=prod --label role=web --ttl 30m", .options = enroll_options, .uses = ACTS,
	  .run = agent_enroll, .view = &enroll_view },
	{ .verb = "list", .help = "List agents",
	  .details = "HANDOVER is of draining agents: how many jobs no other agent has taken yet, else up to when due instants are still its\n"
		     "own, else done. Its host may be stopped after that, when it has nothing RUNNING.",
	  .example = "belfry agent list --state offline", .options = list_options,
	  .uses = ACTS | PAGES, .run = command_list, .path = "/api/agents", .view = &agent_view },
	{ .verb = "show", .help = "Show an agent, its streams of records and its latest events", .example = "belfry agent show web-3",
	  .arguments = agent_argument, .uses = ACTS, .run = command_show, .path = "/api/agents/{agent}", .view = &agent_view },
	{ .verb = "label", .help = "Set an agent's labels, weight or name", .example = "belfry agent label web-3 --label env=prod --weight 2",
	  .details = "Labels that are not named stay.", .arguments = agent_argument, .options = label_options, .uses = ACTS, .run = agent_label,
	  .path = "/api/agents/{agent}", .view = &agent_view, .done = "{name}: changed", .more = say_labels },
	{ .verb = "drain", .help = "Give an agent's jobs to others, and no new ones to it",
	  .details = "It runs what is still its own, and the command says how long that is. Jobs that belong to the host stay.",
	  .example = "belfry agent drain web-3", .arguments = agents_argument, .uses = ACTS, .run = command_act, .method = "POST",
	  .path = "/api/agents/{agent}/actions/drain", .view = &agent_view, .done = "{name}: draining", .more = say_handover },
	ACTION("undrain", "Let an agent have jobs again", 0, "{name}: takes jobs again"),
	{ .verb = "rebalance", .help = "Give new agents their fair share: jobs go to who has the best claim to them",
	  .example = "belfry agent rebalance", .uses = ACTS, .run = agent_rebalance,
	  .view = &rebalance_view, .done = "job sets changed in {changes} places" },
	ACTION("rotate", "Have an agent make itself a new key; the old one ends with the first use of the new one", 0,
	       "{name}: makes itself a new key at its next sync"),
	ACTION("forget", "Remove an agent that is revoked or long gone", ASKS_FIRST, "{agent}: forgotten"),
	ACTION("revoke", "End an agent's key at once; its jobs go to others", ASKS_FIRST, "{agent}: revoked"),
	{ .verb = "quarantine", .help = "Records of an agent that central could not take, with the reason",
	  .example = "belfry agent quarantine web-3 -o jsonl", .arguments = agent_argument, .uses = ACTS | PAGES, .run = command_list,
	  .path = "/api/agents/{agent}/quarantine", .view = &quarantine_view },
	{ .verb = "tokens", .help = "Enrolment tokens that were made, and who used them", .example = "belfry agent tokens", .uses = ACTS,
	  .run = command_list, .path = "/api/agents/tokens", .view = &token_view },
	{ .verb = "untoken", .help = "Withdraw enrolment tokens", .example = "belfry agent untoken 0b0fa1e5-2f0c-4f0b-8a0c-d1a4a1f0c0de",
	  .arguments = token_arguments, .uses = ACTS, .run = command_act, .method = "DELETE", .path = "/api/agents/tokens/{token}",
	  .view = &token_view, .done = "{token}: withdrawn" },
	{ .verb = "status", .help = "How the agent of this host is", .example = "belfry agent status --socket /var/lib/belfry-agent/agent.sock",
	  .options = status_options, .uses = PRINTS, .run = command_show, .path = NULL, .local_path = "/status", .view = &status_view, .more = say_link },
	{ 0 }
};
