/*
 * The daemon's store (agent/store.h): SQLite in <state_dir>/agent.db, one connection, one thread. Owns: the file, its lock,
 * its health, the outbox and its numbers.
 *
 * Order of use, all on one thread: store_sqlite_open, store_sqlite_load, store_sqlite_start; then submit() and the requests
 * below; store_sqlite_stop (commits what is queued), store_sqlite_free. Requests are answered in messages: batches and recent
 * records on the loop's queue, records to send on the queue of sync.
 *
 * The files: store_sqlite.c (this surface, the thread), store_open.c (lock, epoch), store_db.c (connection, migrations,
 * statements), store_load.c, store_apply.c (batches), store_outbox.c (reading, acks, pruning), store_heal.c (I/O errors, full
 * disk, ballast).
 */
#ifndef BELFRY_AGENT_STORE_SQLITE_H
#define BELFRY_AGENT_STORE_SQLITE_H

#include "agent/queue.h"
#include "agent/store.h"

#define STORE_HISTORY_ROWS 10000                  /* acked records kept for people, default */
#define STORE_HISTORY_MS (INT64_C(7) * 86400000)  /* and how long, default */
#define STORE_RECENT_MAX 1000                     /* records in one answer to people */
#define STORE_BALLAST_BYTES (1024 * 1024)

struct store_sqlite;

struct store_config {
	const char *state_dir;
	bool keep_all;         /* standalone: nobody acks, all records are history */
	bool check;            /* quick_check also a great file: after STORE_LOST */
	int64_t history_rows, history_ms;
};

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);
enum store_error {
	STORE_ERROR_LOCKED,  /* another agent process has it */
	STORE_ERROR_NEWER,   /* made by a newer agent */
	STORE_ERROR_CORRUPT, /* within open: quarantined and made anew; later: the life of this store is over */
	STORE_ERROR_IO       /* the disk or SQLite says no; trying again later may help */
};

/*
 * Takes the lock, opens and migrates the file. A corrupt database is renamed to agent.db.bad-<time> and made anew under a
 * greater outbox epoch, with an event databaseLost as its first record; *ret_lost then is the sentence (caller frees),
 * else NULL.
 */
struct store_sqlite *store_sqlite_open(const struct store_config *config, char **ret_lost, GError **error);
/* All that a start needs. A job that does not parse any more is left out and logged. */
struct store_snapshot *store_sqlite_load(struct store_sqlite *store, GError **error);

/* Starts the thread. `sync` may be NULL. Both queues must live until store_sqlite_stop() returned. */
void store_sqlite_start(struct store_sqlite *store, struct queue *loop, struct queue *sync);
struct store store_sqlite_interface(struct store_sqlite *store);
void store_sqlite_stop(struct store_sqlite *store);
void store_sqlite_free(struct store_sqlite *store);

int64_t store_sqlite_depth(const struct store_sqlite *store); /* records not acknowledged; before the start of the thread */
int64_t store_sqlite_epoch(const struct store_sqlite *store); /* of the outbox; fixed after open */

/* How the store is doing; comes with the messages below. */
struct store_stats {
	int64_t epoch, next_seq, acked_seq, first_seq; /* rows first_seq..next_seq-1 exist; up to acked_seq central has them */
	int64_t commits, batches, commit_us;           /* totals */
	int64_t failures;                              /* errors so far */
	struct wall oldest_unsent_at;                  /* of record acked_seq + 1; WALL_NONE = there is none, or it cannot be read */
	bool healthy;
};

/* What the store tells loop and sync. */
enum store_news {
	STORE_BATCH_DONE,  /* struct store_batch_message */
	STORE_RECENT_DONE, /* struct store_recent_message */
	STORE_STATS,       /* struct store_stats_message: acked or healed */
	STORE_LOST,        /* struct message: the file is corrupt; begin a new life. All batches are answered FAILED from now on */
	STORE_UNSENT_DONE, /* to sync: struct store_unsent_message */
	STORE_HURRY,       /* to sync, struct message: a failure waits to be told */
	STORE_NEWS_MAX_    /* the types that loop and sync define themselves start here */
};
struct store_batch_message {
	struct message message;
	const struct store_batch *batch; /* not to be touched when it comes back */
	uint64_t number;
	enum store_result result;
	struct store_stats stats;
};
struct store_stats_message { struct message message; struct store_stats stats; };

/* The youngest execution records before `before_seq` (INT64_MAX = the newest), newest first. */
struct store_recent_message {
	struct message message;
	int limit;
	int64_t before_seq;
	void (*done)(void *context, GPtrArray *records, const int64_t *seqs); /* on the loop; records char *, borrowed; NULL = failed */
	void *context;
	GPtrArray *records;
	GArray *seqs;
};
/* Loop thread. `done` is called later, exactly once, unless the store stops before. */
void store_sqlite_recent(struct store_sqlite *store, int limit, int64_t before_seq,
			 void (*done)(void *context, GPtrArray *records, const int64_t *seqs), void *context);

/* What the sync thread asks. The message comes back filled, as STORE_UNSENT_DONE. */
struct store_unsent_message {
	struct message message;
	int max_records;
	int64_t max_bytes;
	bool ok;            /* false: the database cannot be read now */
	int64_t epoch, first_seq, acked_seq, depth;
	struct wall oldest_at; /* of the first unsent one; WALL_NONE = none */
	GPtrArray *records; /* char * */
	bool more;          /* did not all fit */
};
void store_sqlite_unsent(struct store_sqlite *store, int max_records, int64_t max_bytes, struct queue *reply_to);
/* Central has all up to `seq` of that epoch. Goes only forward; returns at once. */
void store_sqlite_ack(struct store_sqlite *store, int64_t epoch, int64_t seq);
/* A record that is no JSON any more becomes an event that says so, under the same seq. Returns at once. */
void store_sqlite_replace(struct store_sqlite *store, int64_t seq, const char *record);

#endif
