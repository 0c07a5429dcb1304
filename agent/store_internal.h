/*
 * What the files of the store share: the connection and what its thread knows. For store_*.c, nobody else. Until
 * store_sqlite_start() all of it belongs to the thread that opens, then to the store's own; only the queues are shared. No
 * other file of the agent sees sqlite3.h.
 */
#ifndef BELFRY_AGENT_STORE_INTERNAL_H
#define BELFRY_AGENT_STORE_INTERNAL_H

#include <sqlite3.h>

#include "agent/store_sqlite.h"

/* Statements that are prepared at open, by their name in sql/agent/queries. */
#define STORE_STATEMENTS(X) \
	X(begin) X(commit) X(rollback) X(state_create) \
	X(job_delete) X(job_delete_backlogs) X(job_upsert) X(job_mark) \
	X(intent_insert) X(intent_update) X(intent_delete) X(outbox_insert) \
	X(backlog_upsert) X(backlog_delete) X(command_done) X(command_known) X(state_update) X(state_update_seq) \
	X(outbox_unsent) X(outbox_at) X(outbox_recent) X(outbox_replace) X(outbox_ack) X(outbox_first) X(outbox_old) X(outbox_prune) \
	X(load_state) X(load_jobs) X(load_intents) X(load_backlogs) X(load_commands)
enum store_statement {
#define X(name) STMT_##name,
	STORE_STATEMENTS(X)
#undef X
	STMT_MAX_
};

struct store_db {
	sqlite3 *handle;
	sqlite3_stmt *statements[STMT_MAX_];
	int wal_pages; /* in the log since the last checkpoint */
};

/* The counters, as they stand in the file: only store_transaction and opening the file change them. */
struct store_numbers {
	uint64_t last_batch;
	int64_t next_seq, acked_seq, first_seq;
};

/* Messages that the store's thread takes. */
enum store_request { STORE_DO_BATCH, STORE_DO_RECENT, STORE_DO_UNSENT, STORE_DO_ACK, STORE_DO_REPLACE, STORE_DO_STOP };
struct store_ack_message { struct message message; int64_t epoch, seq; };
struct store_replace_message { struct message message; int64_t seq; char *record; };

struct store_sqlite {
	char *directory, *path;
	bool keep_all;
	int64_t history_rows, history_ms;
	int lock_fd;
	guint64 device, inode; /* of the file that was opened */

	struct store_db db;
	int64_t epoch;
	struct store_numbers numbers;
	struct store_stats stats;
	int64_t oldest_unsent_seq; /* whose time stats.oldest_unsent_at is; 0 = none's */
	GString *text; /* scratch */

	GThread *thread;
	struct queue *queue, *loop, *sync;
	GQueue batches, others; /* struct message * taken from the queue */
	bool stopping;
	bool lost;
	uint64_t blocked_at; /* batch that failed: later ones are refused until it comes again; 0 = none */

	bool healthy;
	struct mono heal_at;
	int64_t heal_backoff_ms;
	bool ballast; /* is there */
	struct mono chores_at, age_at;
};

/* store_db.c */
/* Opens, sets pragmas, migrates, prepares. `check`: also quick_check. CORRUPT and IO are told apart by the code. */
bool store_db_open(struct store_db *db, const char *path, bool check, GError **error);
/* Without a checkpoint when `suspect`: nothing more is to be done on that handle. */
void store_db_close(struct store_db *db, bool suspect);
/* Runs a statement without parameters by name, not prepared before. */
bool store_db_exec(struct store_db *db, const char *query, GError **error);
/* Moves the log into the file; `truncate` also empties it. */
int store_db_checkpoint(struct store_db *db, bool truncate);
/* Steps to the end and resets: SQLITE_OK or the error. */
int store_db_run(sqlite3_stmt *statement);
void store_bind_wall(sqlite3_stmt *statement, int index, struct wall t);
struct wall store_column_wall(sqlite3_stmt *statement, int index);
bool store_set_error(GError **error, struct store_db *db, int code, const char *doing);
bool store_code_is_corrupt(int code);
bool store_code_is_io(int code);

/* store_load.c */
bool store_load_numbers(struct store_sqlite *store, GError **error);
/* store_load_jobs.c: all rows of load_jobs, in their order, parsed on several threads when they are many; resets the statement
 * and returns its last code, SQLITE_DONE when all were read. What cannot be parsed is logged and left out. */
int store_load_jobs(sqlite3_stmt *statement, struct store_snapshot *snapshot);

/* store_apply.c: within a transaction; SQLITE_OK or the error. Rows written are added to *rows. */
int store_apply_batch(struct store_sqlite *store, struct store_numbers *numbers, const struct store_batch *batch, bool *ret_failure);
int store_apply_state(struct store_sqlite *store, const struct store_numbers *numbers, const struct store_state *state);
int store_append_event(struct store_sqlite *store, struct store_numbers *numbers, const struct agent_event *event);
int64_t store_batch_rows(const struct store_batch *batch);

/* store_sqlite.c */
void store_send_stats(struct store_sqlite *store);

/* store_outbox.c */
void store_serve_unsent(struct store_sqlite *store, struct store_unsent_message *message);
void store_serve_recent(struct store_sqlite *store, struct store_recent_message *message);
void store_serve_ack(struct store_sqlite *store, struct store_ack_message *message);
void store_serve_replace(struct store_sqlite *store, struct store_replace_message *message);
/* Within a transaction: drops old history, at most about `max` rows. */
int store_prune(struct store_sqlite *store, struct store_numbers *numbers, int64_t max, bool by_age);

/* store_heal.c */
/* Tells health of the result of a statement. After an I/O error the handle is not used again. */
void store_note_error(struct store_sqlite *store, int code, const char *doing);
/* True when the handle may be used; tries to reopen when it is time. */
bool store_is_usable(struct store_sqlite *store);
void store_ballast_keep(struct store_sqlite *store);
void store_ballast_release(struct store_sqlite *store);
/* Tells the loop that this file is of no use any more. */
void store_end_life(struct store_sqlite *store, const char *reason);
/* Did somebody delete or replace the file under us? */
bool store_file_is_gone(const struct store_sqlite *store);
bool store_quarantine(const struct store_sqlite *store, GError **error);
/* What one transaction does: moves `numbers` on with the rows it writes; SQLITE_OK or the error. */
typedef int (*store_work)(struct store_sqlite *store, struct store_numbers *numbers, void *context);
/*
 * Begin .. commit around `work`; OK, FAILED or UNCERTAIN, with health noted. Only for a usable store: opening the file anew
 * reads the counters again, so what is decided by them is decided after store_is_usable(). `work` gets a copy of them, which
 * becomes the store's when the commit stands.
 */
enum store_result store_transaction(struct store_sqlite *store, store_work work, void *context, const char *doing);

#endif
