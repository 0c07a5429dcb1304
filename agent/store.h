/*
 * The store, seen from the core: batches of facts that become durable together, in order, exactly once. Owns: this contract,
 * the facts. Does not own: how they become durable; the daemon's store is store_sqlite.c on its own thread, the simulator's
 * is tests/sim/sim_disk.c.
 *
 * Order of use: store_load (start), then submit() batches; for each the core hears core_store_done(number, result) later on
 * the loop thread, in order of numbers. Batches are applied strictly in order; the store may commit several queued ones in
 * one transaction. `number` makes a batch idempotent: the store keeps the last applied number in the same transaction, and a
 * batch with a number it already has is answered OK without being applied again. So the core may submit the same batch again
 * after FAILED or UNCERTAIN. After a FAILED or UNCERTAIN batch all later queued ones are answered FAILED too (order!), until
 * the core starts again from the failed one.
 *
 * The core owns a batch and everything in it; it stays unchanged from submit() to core_store_done().
 */
#ifndef BELFRY_AGENT_STORE_H
#define BELFRY_AGENT_STORE_H

#include "common/clock.h"
#include "common/execution.h"
#include "common/job.h"
#include "common/wire.h"

enum store_result {
	STORE_OK,       /* committed and durable */
	STORE_FAILED,   /* certainly not applied */
	STORE_UNCERTAIN /* commit was tried, nobody knows */
};

/* The write-ahead row of one fire: durable before its first byte leaves. */
#define INTENT_TO_SKIP (-1)  /* in place of attempts: it is never tried, and decided as skipped when it is due */
#define INTENT_NOT_SENT (-2) /* the same: the agent was stopped in order before its first attempt */
struct intent {
	int64_t number;          /* primary key, given by the core, growing */
	struct fire_id id;
	const char *job_id;
	struct wall scheduled_at;
	struct wall not_before;  /* the next attempt starts no earlier; WALL_NONE = at its due instant */
	struct wall first_started_at; /* of attempt 1; WALL_NONE = not tried */
	enum fire_cause cause;
	int attempts;            /* tried so far, as far as known before a crash; or one of the above */
	uint64_t clock_epoch;
	struct attempt_log *attempt_log; /* of the finished ones, as far as known; owned by the snapshot; NULL in a batch */
};

/* Sets attempts, not_before, first_started_at of the intent with that number, and its log unless that is NULL (owned). */
struct intent_update { int64_t number; int attempts; struct wall not_before, first_started_at; struct attempt_log *attempt_log; };

/* A terminal decision: appended to the outbox under the next seq; deletes the intent. */
struct decision {
	int64_t intent_number; /* 0 = there was no intent (missed, skipped before planning) */
	struct execution execution;
};

/* A job as the agent keeps it. */
struct stored_job {
	struct job *job;
	const char *target_key; /* g_intern_string */
	struct wall since;    /* due instants are strictly after this; with a job new here: where its last holder's end, or NONE */
	uint64_t since_epoch; /* the clock epoch `since` was measured in */
	struct wall anchor;   /* of @every: first registration, survives edits that keep the period */
	bool handed_over;     /* another agent has it now: only for what is still to run here */
};

/*
 * A missed window: nothing was decided yet about the instants in (cursor, until]. A job may have several (one outage after
 * another): the key is (job_id, until, clock_epoch). clock_epoch is the one the instants belong to.
 */
enum backlog_kind {
	BACKLOG_MAKE_UP, /* they are made up bit by bit */
	BACKLOG_OPEN,    /* the policy is asked when central was heard */
	BACKLOG_MISSED   /* they become a missed range when central was heard */
};
struct backlog { const char *job_id; struct wall cursor, until; uint64_t clock_epoch; enum backlog_kind kind; };

/* Moves the start of a job's planning without touching its definition. */
struct job_mark { const char *job_id; struct wall since; uint64_t since_epoch; struct wall anchor; };

/* The agent's few durable numbers. A batch writes all of them.
 * Within a batch the order of application is: job_deletes (with their backlogs), job_upserts, job_marks, cancels, intents
 * (insert or replace), updates, decisions, backlogs, events, commands, state. */
struct store_state {
	struct wall planned_until;  /* all due instants up to here have an intent, a decision or a backlog */
	struct wall fixed_until;    /* fixed schedules have nothing due up to here (after a step back) */
	uint64_t clock_epoch;
	uint64_t restart_epoch;     /* clock epoch of the last correction of 3 h or more */
	char boot_id[48];           /* of the boot whose @reboot jobs were planned */
	int64_t clock_offset_us;    /* wall - mono when the batch was made: tells in the same boot whether the clock was set */
	int64_t next_intent_number;
	int64_t jobs_revision;      /* central's revision of the job set; 0 = none */
	uint64_t jobs_digest;
	struct wall latest;         /* the latest time seen when the batch was made; WALL_NONE = not known */
	struct wall lease_until;    /* leased jobs are planned up to here only (agent/lease.c); WALL_NONE = never had one */
};

struct store_batch {
	uint64_t number;
	struct store_state state;
	GArray *intents;        /* struct intent */
	GArray *updates;        /* struct intent_update */
	GArray *cancels;        /* int64_t intent numbers: deleted without a decision */
	GPtrArray *decisions;   /* struct decision *, owned */
	GPtrArray *job_upserts; /* struct stored_job *, owned */
	GPtrArray *job_deletes; /* char *, owned */
	GArray *job_marks;      /* struct job_mark: sets since, since_epoch, anchor of that job */
	GArray *backlogs;       /* struct backlog: upsert by its key; cursor >= until deletes the row */
	GPtrArray *events;      /* struct agent_event *, owned: appended to the outbox */
	GArray *done_commands;  /* int64_t: central's commands that this batch carries out; kept until central knows */
	GArray *known_commands; /* int64_t: central knows they are done; forgotten */
};

struct store {
	void *context;
	void (*submit)(void *context, const struct store_batch *batch);
};

/* What a restart finds. Arrays and strings are owned by the snapshot; jobs come sorted by id. */
struct store_snapshot {
	struct store_state state;
	uint64_t last_batch;
	GArray *jobs;           /* struct stored_job */
	GArray *intents;        /* struct intent, by number; job_id points to interned or snapshot-owned text */
	GArray *backlogs;       /* struct backlog */
	GArray *done_commands;  /* int64_t */
};

struct store_batch *store_batch_new(uint64_t number);
void store_batch_free(struct store_batch *batch);
struct store_snapshot *store_snapshot_new(void);
void store_snapshot_free(struct store_snapshot *snapshot);
/* A job new to the agent: empty target key, no since, no anchor. Takes over the reference. */
struct stored_job *stored_job_new(struct job *job);
void stored_job_free(struct stored_job *stored);

#endif
