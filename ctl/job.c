/*
 * belfry job ...: the table, and what its rows need. Writing is in job_write.c and job_apply.c, reading in words in job_read.c.
 */
#include "ctl/generic.h"
#include "ctl/nouns.h"

#define STATUS_WORDS "success, failed, timeout, skipped, missed, interrupted; several with commas between"
#define JOB_ARGUMENT { "job", VALUE_JOB, .help = "Name or id of the job" }
#define JOBS_ARGUMENT { "job", VALUE_JOB, .many = true, .help = "Names or ids of jobs" }
#define ACTS (USES_CENTRAL | PRINTS)

static const struct command_value job_argument[] = { JOB_ARGUMENT, { 0 } };
static const struct command_value jobs_argument[] = { JOBS_ARGUMENT, { 0 } };

static const struct view_column job_columns[] = {
	{ "NAME", "name", CELL_TEXT, SHRINKS },
	{ "ACTIVE", "active", CELL_YES, 0 },
	{ "SCHEDULE", "schedule", CELL_TEXT, SHRINKS },
	{ "ZONE", "timezone", CELL_TEXT, WIDE },
	{ "NEXT", "nextFireAt|state.nextAt", CELL_TIME, 0 },
	{ "LAST", "lastExecution.status", CELL_STATUS, IF_ANY },
	{ "P95", "p95Ms", CELL_MS, IF_ANY | WIDE },
	{ "LATE SINCE", "lateSince", CELL_TIME, IF_ANY },
	{ "CALLS", "api", CELL_TEXT, SHRINKS | WIDE },
	{ "ID", "jobId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view job_view = {
	.member = "jobs",
	.name = "jobId",
	.columns = job_columns,
	.none = "there are no such jobs",
	.local_cursor = "after",
};

static const struct command_value list_options[] = {
	{ "query", VALUE_TEXT, 'q', .parameter = "q", .help = "Part of the name, the URL or the id" },
	{ "active", VALUE_WORD, .words = "true false", .parameter = "active", .help = "Only active jobs, or only paused ones" },
	{ "type", VALUE_WORD, .words = "ATLEAST_ONCE ATMOST_ONCE", .parameter = "type", .help = "Only jobs of this type" },
	{ "agent", VALUE_AGENT, .parameter = "agentId", .help = "Only jobs that this agent holds" },
	{ "last-status", VALUE_TEXT, .show = "STATUS", .parameter = "lastStatus", .help = "Only jobs that ended so last: " STATUS_WORDS },
	{ "late", VALUE_FLAG, .parameter = "late", .help = "Only jobs that are late" },
	{ "held", VALUE_WORD, .words = "true false", .parameter = "held", .help = "Only jobs that an agent holds, or only those that none does" },
	{ "sort", VALUE_WORD, .words = "createdAt -createdAt name -name updatedAt -updatedAt lastAt -lastAt", .parameter = "sort",
	  .help = "Order; with - the other way round" },
	{ 0 }
};

#define DEFINITION_OPTIONS                                                                                            \
	{ "schedule", VALUE_TEXT, .show = "EXPR", .member = "schedule", .help = "When: '*/5 * * * *', @daily, '@every 90s'" }, \
	{ "api", VALUE_TEXT, .show = "URL", .member = "api", .help = "What to call" },                                  \
	{ "name", VALUE_TEXT, .member = "name", .help = "The job's name" },                                             \
	{ "timezone", VALUE_TEXT, .show = "ZONE", .member = "timezone", .help = "Zone of the schedule, such as Europe/Berlin" }, \
	{ "type", VALUE_WORD, .words = "ATLEAST_ONCE ATMOST_ONCE", .member = "type", .help = "What happens after a crash" }, \
	{ "method", VALUE_TEXT, .member = "method", .help = "HTTP method" },                                            \
	{ "set", VALUE_LABELS, .help = "Any other member: retry.maxAttempts=5; the value is JSON, or else a text" }

static const struct command_value create_options[] = {
	{ "file", VALUE_FILE, 'f', .help = "Begin with the definition in this JSON file; - = stdin" },
	DEFINITION_OPTIONS,
	{ 0 }
};
static const struct command_value edit_options[] = { DEFINITION_OPTIONS, { 0 } };
static const struct command_value apply_options[] = {
	{ "file", VALUE_LIST, 'f', .show = "PATH", .help = "JSON file, folder of *.json files, or - = stdin" },
	{ "dry-run", VALUE_FLAG, .help = "Say what would be done, and do nothing" },
	{ 0 }
};

static const struct command_value run_options[] = {
	{ "agent", VALUE_AGENT, .member = "agentId", .help = "Only on this agent" },
	{ 0 }
};
static const struct command_value cancel_options[] = {
	{ "execution", VALUE_TEXT, .member = "executionId", .help = "Only this execution" },
	{ 0 }
};
static const struct command_value skip_arguments[] = {
	JOB_ARGUMENT,
	{ "time", VALUE_TIME, .member = "scheduledAt", .help = "The due instant that is to be skipped" },
	{ 0 }
};
static const struct command_value why_options[] = {
	{ "at", VALUE_TIME, .parameter = "at", .help = "The instant in question; default now" },
	{ 0 }
};
static const struct command_value next_options[] = {
	{ "count", VALUE_NUMBER, .show = "N", .min = 1, .max = 1000, .help = "How many; default 5" },
	{ "from", VALUE_TIME, .help = "Only what is due after this time; default now" },
	{ 0 }
};
static const struct command_value history_options[] = {
	{ "status", VALUE_TEXT, .parameter = "status", .local = true, .help = STATUS_WORDS },
	{ "doubled", VALUE_FLAG, .parameter = "doubled", .help = "Only what another agent decided too" },
	{ "from", VALUE_TIME, .parameter = "from", .help = "Due not before" },
	{ "to", VALUE_TIME, .parameter = "to", .help = "Due before" },
	{ 0 }
};
static const struct command_value stats_options[] = {
	{ "hours", VALUE_NUMBER, .show = "N", .min = 1, .max = 8784, .parameter = "hours", .help = "How far back; default 24" },
	{ 0 }
};
static const struct command_value diff_arguments[] = {
	JOB_ARGUMENT,
	{ "number", VALUE_NUMBER, .show = "REVISION", .min = 1, .max = 9e15, .help = "The revision that is looked at" },
	{ 0 }
};
static const struct command_value diff_options[] = {
	{ "against", VALUE_NUMBER, .show = "N", .min = 1, .max = 9e15, .parameter = "against",
	  .help = "Compare with this revision; default the one before" },
	{ 0 }
};
static const struct command_value rollback_arguments[] = {
	JOB_ARGUMENT,
	{ "to", VALUE_NUMBER, .show = "TO", .min = 1, .max = 9e15, .member = "revision", .help = "The revision whose definition is wanted" },
	{ 0 }
};

static const struct view_column revision_columns[] = {
	{ "REVISION", "revision", CELL_NUMBER, 0 },
	{ "AT", "at", CELL_TIME, 0 },
	{ "ACTION", "action", CELL_TEXT, 0 },
	{ "AUTHOR", "author", CELL_TEXT, SHRINKS },
	{ 0 }
};
static const struct view revision_view = {
	.member = "revisions",
	.name = "revision",
	.columns = revision_columns,
	.none = "there are no revisions",
};

static const struct view_column diff_columns[] = {
	{ "MEMBER", "path", CELL_TEXT, 0 },
	{ "BEFORE", "before", CELL_TEXT, SHRINKS },
	{ "AFTER", "after", CELL_TEXT, SHRINKS },
	{ 0 }
};
static const struct view diff_view = {
	.member = "diff",
	.name = "path",
	.columns = diff_columns,
	.none = "the two do not differ",
};

static const struct view_column history_columns[] = {
	{ "DUE", "scheduledAt", CELL_TIME, 0 },
	{ "STATUS", "status", CELL_STATUS, 0 },
	{ "LATENESS", "latenessMs", CELL_MS, 0 },
	{ "DURATION", "durationMs", CELL_MS, 0 },
	{ "TRIES", "attempts", CELL_NUMBER, 0 },
	{ "HTTP", "httpStatus", CELL_NUMBER, 0 },
	{ "REASON", "reason|error", CELL_TEXT, SHRINKS },
	{ "AGENT", "agentName", CELL_TEXT, IF_ANY | WIDE },
	{ "DOUBLED", "doubled", CELL_YES, IF_ANY },
	{ "UNSENT", "unsent", CELL_YES, IF_ANY },
	{ "ID", "executionId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view history_view = {
	.member = "executions",
	.name = "executionId",
	.columns = history_columns,
	.none = "there are no such executions; belfry job stats counts those too that are not kept",
	.local_cursor = "before",
};

static const struct view_column assignment_columns[] = {
	{ "AGENT", "agentName", CELL_TEXT, SHRINKS },
	{ "STATE", "agentState", CELL_STATUS, 0 },
	{ "SINCE", "since", CELL_TIME, 0 },
	{ "UNTIL", "until", CELL_TIME, IF_ANY },
	{ "EPOCH", "epoch", CELL_NUMBER, 0 },
	{ "APPLIED", "appliedAt", CELL_TIME, 0 },
	{ "AGENT ID", "agentId", CELL_TEXT, WIDE },
	{ 0 }
};
static const struct view assignment_view = {
	.member = "assignments",
	.name = "agentName",
	.columns = assignment_columns,
	.none = "no agent holds the job",
};

static const char apply_details[] =
	"A file holds one definition, a list of them, or {\"jobs\":[...]}; a file of a folder names its job where the definition\n"
	"does not (backup.json defines backup). A job is found by its name: when there is none it is created, else it is replaced,\n"
	"so that applying the same files again changes nothing. Jobs that are in no file stay as they are.\n"
	"--dry-run can not see whether a secret header differs.";

const struct command job_commands[] = {
	{ .verb = "list", .help = "List jobs", .example = "belfry job list --active true --sort -lastAt -o jsonl", .options = list_options,
	  .uses = USES_CENTRAL | USES_SOCKET | PRINTS | PAGES, .run = command_list, .path = "/api/jobs", .local_path = "/jobs",
	  .view = &job_view },
	{ .verb = "show", .help = "Show a job with all its defaults", .example = "belfry job show backup -o json",
	  .arguments = job_argument, .uses = USES_CENTRAL | USES_SOCKET | PRINTS, .run = command_show, .path = "/api/jobs/{job}",
	  .local_path = "/jobs/{job}", .view = &job_view },
	{ .verb = "create", .help = "Define a new job",
	  .example = "belfry job create --name ping --schedule '*/5 * * * *' --api https://localhost:4444/foo --set retry.maxAttempts=5",
	  .options = create_options, .uses = ACTS, .run = job_create, .view = &job_view },
	{ .verb = "apply", .help = "Create or replace jobs from files; doing it again changes nothing", .details = apply_details,
	  .example = "belfry job apply -f jobs/ --dry-run", .options = apply_options, .uses = ACTS, .run = job_apply, .view = &job_view },
	{ .verb = "edit", .help = "Change a job, with options or in an editor",
	  .details = "Without options the definition is opened in $VISUAL or $EDITOR and replaced by what is saved; with them only these members\n"
		     "change: for any agent, not one by name, --set target.mode=one --set target.agent=null.",
	  .example = "belfry job edit backup --timezone Europe/Berlin --set retry.maxAttempts=5", .arguments = job_argument,
	  .options = edit_options, .uses = ACTS | EDITS, .run = job_edit, .view = &job_view },
	{ .verb = "delete", .help = "Delete jobs; their history stays", .example = "belfry job delete backup --yes",
	  .arguments = jobs_argument, .uses = ACTS | EDITS | ASKS_FIRST, .run = command_act, .method = "DELETE",
	  .path = "/api/jobs/{job}", .view = &job_view, .done = "{job}: deleted" },
	{ .verb = "pause", .help = "Stop firing; nothing is made up later", .example = "belfry job pause backup report",
	  .arguments = jobs_argument, .uses = ACTS | EDITS, .run = command_act, .method = "POST",
	  .path = "/api/jobs/{job}/actions/pause", .view = &job_view, .done = "{name}: paused" },
	{ .verb = "resume", .help = "Fire again", .example = "belfry job resume backup", .arguments = jobs_argument, .uses = ACTS | EDITS,
	  .run = command_act, .method = "POST", .path = "/api/jobs/{job}/actions/resume", .view = &job_view,
	  .done = "{name}: active, due next {nextFireAt}" },
	{ .verb = "run", .help = "Run now, beside the schedule",
	  .details = "An agent that is offline gets the order when it is back within an hour; if its job has gone to another agent by then, that\n"
		     "one runs it. belfry job history shows what came of it.",
	  .example = "belfry job run backup", .arguments = jobs_argument,
	  .options = run_options, .uses = ACTS | USES_SOCKET, .run = command_act, .method = "POST",
	  .path = "/api/jobs/{job}/actions/run", .local_path = "/jobs/{job}/run", .view = &job_view, .done = "{job}: the order is given" },
	{ .verb = "cancel", .help = "End what runs of a job; it counts as interrupted",
	  .details = "Only what began before the order ends, without a further attempt; an agent where nothing runs has nothing to end. An agent\n"
		     "that is offline gets the order when it is back; a run that was ordered before and still waits for it is withdrawn.",
	  .example = "belfry job cancel backup", .arguments = jobs_argument, .options = cancel_options, .uses = ACTS, .run = command_act,
	  .method = "POST", .path = "/api/jobs/{job}/actions/cancel", .view = &job_view,
	  .done = "{job}: the order is given; what does not run is left alone" },
	{ .verb = "skip", .help = "Leave out one due instant", .example = "belfry job skip backup 2026-12-24T23:00:00Z",
	  .arguments = skip_arguments, .uses = ACTS, .run = command_act, .method = "POST", .path = "/api/jobs/{job}/actions/skip",
	  .view = &job_view, .done = "{name}: {time} will be skipped" },
	{ .verb = "history", .help = "What became of a job's due instants, newest first",
	  .example = "belfry job history backup --status failed,timeout --from -7d", .arguments = job_argument, .options = history_options,
	  .uses = USES_CENTRAL | USES_SOCKET | PRINTS | PAGES, .run = command_list, .path = "/api/executions?jobId={job}",
	  .local_path = "/executions?jobId={job}", .view = &history_view },
	{ .verb = "stats", .help = "Counts, durations and lateness of a job", .example = "belfry job stats backup --hours 168",
	  .arguments = job_argument, .options = stats_options, .uses = ACTS, .run = command_show,
	  .path = "/api/observability/stats/job/{job}", .view = &job_view },
	{ .verb = "why", .help = "Why a job ran, or did not, around an instant", .example = "belfry job why backup --at '2026-11-23 02:30'",
	  .arguments = job_argument, .options = why_options, .uses = ACTS, .run = job_why, .path = "/api/jobs/{job}/why", .view = &job_view },
	{ .verb = "where", .help = "Which agents hold a job, and since when",
	  .details = "After a move the old holder runs what is due up to UNTIL, the new one what is due after that, its SINCE.",
	  .example = "belfry job where backup",
	  .arguments = job_argument, .uses = ACTS, .run = command_list, .path = "/api/jobs/{job}/assignments", .view = &assignment_view },
	{ .verb = "revisions", .help = "Who changed a job, and when", .example = "belfry job revisions backup", .arguments = job_argument,
	  .uses = ACTS | PAGES, .run = command_list, .path = "/api/jobs/{job}/revisions", .view = &revision_view },
	{ .verb = "diff", .help = "What a revision changed", .example = "belfry job diff backup 7 --against 3", .arguments = diff_arguments,
	  .options = diff_options, .uses = ACTS, .run = command_list, .path = "/api/jobs/{job}/revisions/{number}", .view = &diff_view },
	{ .verb = "rollback", .help = "Go back to the definition of a revision", .example = "belfry job rollback backup 3",
	  .arguments = rollback_arguments, .uses = ACTS | EDITS, .run = command_act, .method = "POST",
	  .path = "/api/jobs/{job}/actions/rollback", .view = &job_view, .done = "{name}: revision {revision}, as revision {to} was" },
	{ .verb = "next", .help = "When a job is due next", .example = "belfry job next backup --count 10", .arguments = job_argument,
	  .options = next_options, .uses = ACTS | USES_SOCKET, .run = job_next, .path = "/api/jobs/{job}", .local_path = "/jobs/{job}",
	  .view = &job_view },
	{ 0 }
};
