/* belfry token, belfry user, belfry audit: who may do what, and who did. */
#include "ctl/generic.h"
#include "ctl/nouns.h"
#include "ctl/password.h"

#include <stdio.h>
#include <string.h>

#define ACTS (USES_CENTRAL | PRINTS)
#define ROLES "viewer operator editor admin"

/* --- tokens */

static const struct view_column token_columns[] = {
	{ "NAME", "name", CELL_TEXT, SHRINKS },
	{ "ROLE", "role", CELL_TEXT, 0 },
	{ "STATE", "", CELL_LIFE, 0 },
	{ "CREATED", "createdAt", CELL_TIME, 0 },
	{ "BY", "createdBy", CELL_TEXT, SHRINKS },
	{ "EXPIRES", "expiresAt", CELL_TIME, 0 },
	{ "REVOKED", "revokedAt", CELL_TIME, IF_ANY },
	{ "ID", "tokenId", CELL_TEXT, 0 },
	{ 0 }
};
static const struct view token_view = {
	.member = "tokens",
	.name = "tokenId",
	.columns = token_columns,
	.none = "there are no tokens",
};
static const struct view new_token_view = { .name = "token" };

static const struct command_value token_arguments[] = {
	{ "name", VALUE_TEXT, .member = "name", .help = "Shown as the author of what is done with it" },
	{ 0 }
};
static const struct command_value token_options[] = {
	{ "role", VALUE_WORD, .words = ROLES, .member = "role", .help = "What it may do" },
	{ "ttl", VALUE_DURATION, .member = "ttlMs", .help = "How long it lives; default: until it is revoked" },
	{ 0 }
};
static const struct command_value token_ids[] = {
	{ "token", VALUE_TEXT, .many = true, .show = "TOKENID", .help = "Ids of tokens" },
	{ 0 }
};

const struct command token_commands[] = {
	{ .verb = "create", .help = "Make a token; it is shown this once", .example = "belfry token create deploy --role editor --ttl 90d",
	  .arguments = token_arguments, .options = token_options, .uses = ACTS, .run = command_act, .method = "POST", .path = "/api/tokens",
	  .view = &new_token_view, .done = "{token}" },
	{ .verb = "list", .help = "List tokens", .example = "belfry token list", .uses = ACTS, .run = command_list, .path = "/api/tokens",
	  .view = &token_view },
	{ .verb = "revoke", .help = "End tokens at once", .example = "belfry token revoke 0b0fa1e5-2f0c-4f0b-8a0c-d1a4a1f0c0de --yes",
	  .arguments = token_ids, .uses = ACTS | ASKS_FIRST, .run = command_act, .method = "DELETE", .path = "/api/tokens/{token}", .view = &token_view,
	  .done = "{token}: revoked" },
	{ 0 }
};

/* --- users */

static const struct view_column user_columns[] = {
	{ "NAME", "name", CELL_TEXT, SHRINKS },
	{ "ROLE", "role", CELL_TEXT, 0 },
	{ "ACTIVE", "active", CELL_YES, 0 },
	{ "CREATED", "createdAt", CELL_TIME, 0 },
	{ "BY", "createdBy", CELL_TEXT, SHRINKS },
	{ "LAST LOGIN", "lastLoginAt", CELL_TIME, 0 },
	{ 0 }
};
static const struct view user_view = {
	.member = "users",
	.name = "name",
	.columns = user_columns,
	.none = "there are no users",
};

static const struct command_value new_user_arguments[] = {
	{ "user", VALUE_TEXT, .member = "name", .show = "NAME", .help = "The name to log in with" },
	{ 0 }
};
static const struct command_value user_argument[] = {
	{ "user", VALUE_TEXT, .show = "NAME", .help = "The user's name" },
	{ 0 }
};
static const struct command_value users_argument[] = {
	{ "user", VALUE_TEXT, .many = true, .show = "NAME", .help = "Names of users" },
	{ 0 }
};
static const struct command_value role_arguments[] = {
	{ "user", VALUE_TEXT, .show = "NAME", .help = "The user's name" },
	{ "role", VALUE_WORD, .words = ROLES, .member = "role", .help = "What they may do" },
	{ 0 }
};
#define PASSWORD_OPTION { "password-file", VALUE_FILE, .help = "Read the password from this file, - = stdin; else it is asked for" }
static const struct command_value create_options[] = {
	{ "role", VALUE_WORD, .words = ROLES, .member = "role", .help = "What they may do" },
	PASSWORD_OPTION,
	{ 0 }
};
static const struct command_value password_options[] = { PASSWORD_OPTION, { 0 } };

/* The body of the call with the password in it, sent. */
static int send_with_password(struct call *call, const char *method, const char *sentence)
{
	struct client client;
	json_t *body = NULL, *answer = NULL;
	g_autofree char *password = NULL, *path = NULL;
	int status = password_read(call, "password-file", true, &password);

	if (status != EXIT_OK)
		return status;
	status = client_open(call, &client);
	if (status == EXIT_OK) {
		status = generic_body(call, &client, &body);
		if (status == EXIT_OK)
			status = generic_path(call, &client, call->command->path, NULL, &path);
		json_object_set_new(body, "password", json_string(password));
		if (status == EXIT_OK)
			status = client_ask(&client, method, path, body, NULL, &answer);
		client_close(&client);
	}
	password_wipe(password);
	json_decref(body);
	if (status == EXIT_OK && output_of(call).form == OUTPUT_TABLE)
		printf("%s: %s\n", call_text(call, "user"), sentence);
	else if (status == EXIT_OK && answer != NULL)
		status = generic_print(call, answer);
	json_decref(answer);
	int end = command_finish_output();
	return status != EXIT_OK ? status : end;
}

int user_create(struct call *call)
{
	if (!call_has(call, "role"))
		return command_wrong("--role is missing: viewer, operator, editor or admin");
	return send_with_password(call, "POST", "created");
}

int user_password(struct call *call)
{
	return send_with_password(call, "PATCH", "has a new password");
}

static int set_active(struct call *call, bool active)
{
	struct client client;
	json_t *body = json_pack("{s:b}", "active", active);
	int status = client_open(call, &client);

	for (char **name = call_texts(call, "user"); *name != NULL && client.http != NULL && status == EXIT_OK; name++) {
		g_autofree char *path = NULL;
		status = generic_path(call, &client, call->command->path, *name, &path);
		if (status == EXIT_OK)
			status = client_ask(&client, "PATCH", path, body, NULL, NULL);
		if (status == EXIT_OK && output_of(call).form == OUTPUT_TABLE)
			printf("%s: %s\n", *name, active ? "may log in again" : "disabled");
	}
	if (client.http != NULL)
		client_close(&client);
	json_decref(body);
	int end = command_finish_output();
	return status != EXIT_OK ? status : end;
}

static int user_disable(struct call *call)
{
	return set_active(call, false);
}

static int user_enable(struct call *call)
{
	return set_active(call, true);
}

const struct command user_commands[] = {
	{ .verb = "list", .help = "List users", .example = "belfry user list", .uses = ACTS, .run = command_list, .path = "/api/users",
	  .view = &user_view },
	{ .verb = "create", .help = "Let somebody log in", .example = "belfry user create ada --role editor", .arguments = new_user_arguments,
	  .options = create_options, .uses = ACTS, .run = user_create, .path = "/api/users", .view = &user_view },
	{ .verb = "role", .help = "Change what a user may do", .example = "belfry user role ada admin", .arguments = role_arguments,
	  .uses = ACTS, .run = command_act, .method = "PATCH", .path = "/api/users/{user}", .view = &user_view,
	  .done = "{user}: has the role {role}" },
	{ .verb = "password", .help = "Give a user a new password", .example = "belfry user password ada", .arguments = user_argument,
	  .options = password_options, .uses = ACTS, .run = user_password, .path = "/api/users/{user}", .view = &user_view },
	{ .verb = "disable", .help = "Let users log in no more; their sessions end", .example = "belfry user disable ada",
	  .arguments = users_argument, .uses = ACTS, .run = user_disable, .path = "/api/users/{user}", .view = &user_view },
	{ .verb = "enable", .help = "Let users log in again", .example = "belfry user enable ada", .arguments = users_argument, .uses = ACTS,
	  .run = user_enable, .path = "/api/users/{user}", .view = &user_view },
	{ .verb = "delete", .help = "Remove users", .example = "belfry user delete ada --yes", .arguments = users_argument,
	  .uses = ACTS | ASKS_FIRST, .run = command_act, .method = "DELETE", .path = "/api/users/{user}", .view = &user_view,
	  .done = "{user}: deleted" },
	{ 0 }
};

/* --- audit log */

static const struct view_column audit_columns[] = {
	{ "AT", "at", CELL_TIME, 0 },
	{ "ACTOR", "actor", CELL_TEXT, SHRINKS },
	{ "ACTION", "action", CELL_TEXT, 0 },
	{ "OBJECT", "objectName|object", CELL_TEXT, SHRINKS },
	{ "OBJECT ID", "object", CELL_TEXT, WIDE },
	{ "ID", "auditId", CELL_NUMBER, 0 },
	{ 0 }
};
static const struct view audit_view = {
	.member = "entries",
	.name = "auditId",
	.columns = audit_columns,
	.none = "there are no such entries",
};

static const struct command_value audit_options[] = {
	{ "actor", VALUE_TEXT, .parameter = "actor", .help = "Who did it" },
	{ "action", VALUE_TEXT, .parameter = "action", .help = "What was done" },
	{ "object", VALUE_TEXT, .parameter = "object", .help = "To what" },
	{ "from", VALUE_TIME, .parameter = "from", .help = "Not before" },
	{ "to", VALUE_TIME, .parameter = "to", .help = "Before" },
	{ 0 }
};

static const struct command_value audit_argument[] = {
	{ "entry", VALUE_NUMBER, .show = "ENTRY", .min = 1, .max = 9e15, .help = "Number of the entry, as the list has it" },
	{ 0 }
};

static int audit_verify(struct call *call)
{
	struct client client;
	struct output output = output_of(call);
	json_t *answer = NULL;
	int status = client_open(call, &client);

	if (status != EXIT_OK)
		return status;
	status = client_get(&client, call->command->path, &answer);
	client_close(&client);
	if (status != EXIT_OK)
		return status;
	bool ok = json_is_true(json_object_get(answer, "ok"));
	if (output.form != OUTPUT_TABLE) {
		status = generic_print(call, answer);
	} else if (ok) {
		g_autofree char *line = output_fill("The chain of the audit log is whole; entries: {entries}, head: {head.seq}:{head.hash}", answer);
		puts(line);
		status = command_finish_output();
	}
	if (status == EXIT_OK && !ok) {
		g_autofree char *line = output_fill("the audit log was changed: entry {firstBad.auditId}: {firstBad.detail}", answer);
		status = command_fail(EXIT_FAILED, "%s", line);
	}
	json_decref(answer);
	return status;
}

static const struct view verify_view = { .name = "head.hash" };

const struct command audit_commands[] = {
	{ .verb = "list", .help = "List what was changed, newest first", .example = "belfry audit list --actor ada --from -7d",
	  .options = audit_options, .uses = ACTS | PAGES, .run = command_list, .path = "/api/audit", .view = &audit_view },
	{ .verb = "show", .help = "Show an entry, with what was there before and after", .example = "belfry audit show 4711",
	  .arguments = audit_argument, .uses = ACTS, .run = command_show, .path = "/api/audit/{entry}", .view = &audit_view },
	{ .verb = "verify", .help = "Check the chain of hashes over the whole log; status 1 when it is broken",
	  .details = "Note the head somewhere else: who can rewrite the database can rewrite the chain, but not your note, which\n"
		     "belfry-central audit verify --head takes.",
	  .example = "belfry audit verify", .uses = ACTS, .run = audit_verify, .path = "/api/audit/verify", .view = &verify_view },
	{ 0 }
};
