/*
 * The functional core: planner, admission, retry, recovery. Owns: every decision about a fire, and the job set. Does not own:
 * time, disk, network, which are handed in (core_clock, store.h, runner.h). It never reads the time, never does I/O. The same
 * code runs in the daemon and under the simulator.
 *
 * Use: core_new, core_start with the snapshot of the store, then from one thread (the loop), at each event:
 *   core_tick                    a timer came due, or anything else happened
 *   core_store_done              the store answered a batch
 *   core_attempt_done            the runner reports an attempt
 *   core_apply_jobs, core_run_now, core_command, core_lease, core_heard
 * and after each event core_next_wake() tells when to call core_tick() next.
 * The files: core.c, core_view.c (this surface), plan.c (which fires are due), fire.c (states of a fire), attempts.c (what is
 * told of its attempts), admission.c (who may start), retry.c (pure rule), recovery.c (what the last life left, clock steps),
 * missed.c (windows nobody watched), lease.c (what must not run twice, hand-over), cancel.c (the order "cancel"),
 * job_change.c, job_leave.c, job_table.c (the job set), outbox_limit.c (no room for decisions), batch.c (what becomes durable).
 */
#ifndef BELFRY_AGENT_CORE_H
#define BELFRY_AGENT_CORE_H

#include "agent/runner.h"
#include "agent/store.h"

struct core;

/* The clock, handed in. Both are read at the start of each call and stay the same during it. */
struct core_clock {
	void *context;
	struct wall (*wall)(void *context);
	struct mono (*mono)(void *context);
};

struct core_config {
	const char *agent_id;        /* for jitter and target keys; "" standalone */
	bool leases;                 /* central may give our jobs to others: ATMOST_ONCE ones need its lease (lease.c), and
					what was missed its word (missed.c) */
	const char *boot_id;         /* of the running boot */
	struct wall booted_at;       /* when the host came up: the instant of @reboot fires */
	uint64_t seed;               /* of the backoff jitter */
	int64_t horizon_ms;          /* intents are written this far ahead; default 500 */
	int max_open_transfers;      /* default 256 */
	int max_open_per_target;     /* per scheme://host:port; default 64 */
	int max_waiting_per_target;  /* fires waiting for admission; more are skipped (resource); default 10000 */
	int64_t outbox_max_records;  /* records that central does not have; at it no new fire is planned; 0 = no limit */
	int plan_fires_per_tick;     /* then other work has its turn; an instant is never split; default 20000 */
	int max_fires;               /* planned or under way; what finds no room until it is due is skipped (resource); default 200000 */
	double target_rate_per_second; /* per target host, 0 = no limit */
	int target_rate_burst;
};
void core_config_defaults(struct core_config *config);

/* Copies the configuration. What clock, store and runner point to must outlive the core. */
struct core *core_new(const struct core_config *config, struct core_clock clock, struct store store, struct runner runner);
/* After store and runner have ended: batches and attempts under way are freed. NULL is fine. */
void core_free(struct core *core);

/* Takes over what the last life left: jobs, unfinished intents, missed windows. Once, before anything else. */
void core_start(struct core *core, const struct store_snapshot *snapshot);

/* Time has passed, or what the core does not see for itself has changed. Cheap when nothing is due. */
void core_tick(struct core *core);
/*
 * The stop has begun and time stands still: no batch waits for company, and no attempt starts any more. What is still to come is
 * withdrawn; what came due and was not sent is marked so on disk, and the next life goes on with it (recovery.c).
 */
void core_hurry(struct core *core);
/* When core_tick has something to do: earliest wall instant and earliest monotonic instant; INT64_MAX = nothing. */
void core_next_wake(const struct core *core, struct wall *ret_wall, struct mono *ret_mono);

/*
 * Central refuses this agent: it is revoked, and others have its jobs, or it may be a copy of another one. Nothing new is
 * planned until it is accepted again; what came due meanwhile is then a missed window. Not kept over a restart.
 */
void core_stand_aside(struct core *core, bool aside);

/* How many records central has not acknowledged. Only noted: the next event acts on it. */
void core_note_unsent(struct core *core, int64_t records);

/* The store answered that batch; answers come in the order of numbers. */
void core_store_done(struct core *core, uint64_t batch_number, enum store_result result);
/* The runner reports that attempt, once, and does not touch it any more. */
void core_attempt_done(struct core *core, struct attempt *attempt, const struct attempt_result *result);

/*
 * A job that goes to another agent: due instants up to `border` are still ours. `ended`: it was paused or deleted since, and
 * what has not begun of them does not begin; that may be told once more of a job that left before.
 */
struct job_move { const char *job_id; /* interned */ struct wall border; bool ended; };
/* Of a job that left and came back before this agent heard of either: due instants in (after, until] were another one's. */
struct job_away { const char *job_id; /* interned */ struct wall after, until; };
/*
 * A change of the job set, taken over atomically: jobs in `upserts` are new or edited, those in `deletes` gone; with
 * `keep_ids` every job that is not in it goes too. From the call on no fire of a deleted or paused job starts, and
 * edits rule all instants after now. `done` is called on the loop when the change is durable; with ok = false when the core is
 * freed, or at once when the answer is not used, since it is older than an absence of this agent (missed.c): ask again.
 */
struct job_change {
	GArray *away;           /* struct job_away, each job's oldest first, or NULL; looked at before all else; ownership passes */
	/* struct stored_job *; since may be central's border, anchor is the core's to fill; ownership passes. One that is in `moves`
	 * too came and went before this agent heard of either: what lies between its since and the move's border is ours. */
	GPtrArray *upserts;
	GPtrArray *deletes;     /* char *; ownership passes */
	GArray *moves;          /* struct job_move, of jobs that are in `deletes` too, or NULL; ownership passes */
	struct wall lease_until; /* as core_lease(), after the deletes and before the upserts; WALL_NONE = none */
	struct wall word_until;  /* jobs that are not among the deletes are surely ours up to there; WALL_NONE = nothing is said */
	GHashTable *keep_ids;   /* NULL, or char * set: all others are deleted; ownership passes */
	int64_t jobs_revision;  /* new revision of the set */
	struct mono asked;      /* when the question began whose answer this is; INT64_MAX = no answer, it is so now */
	void (*done)(void *context, bool ok);
	void *context;
};
void core_apply_jobs(struct core *core, struct job_change *change);
/* One that changes nothing, for the caller to fill. */
struct job_change *job_change_new(void);

/* Leased jobs may be planned up to there (lease.c). Central gave it, and no part of the job set is missing. */
void core_lease(struct core *core, struct wall until);

/*
 * An answer of central to a question that began at `asked` was used: the job set here is as central had it then. With
 * core_config.leases windows that were missed wait for this word, for a while (missed.c).
 */
void core_heard(struct core *core, struct mono asked);

/* The set as it stands (after the last applied change, durable or not). */
void core_job_set(const struct core *core, int64_t *ret_revision, uint64_t *ret_digest, int64_t *ret_count);

/* A run on demand: its own identity, eats no slot. False when the job is unknown. */
bool core_run_now(struct core *core, const char *job_id, struct fire_id *ret_id);
/* The same by order of central: applied once however often it is delivered. */
void core_command(struct core *core, const struct sync_command *command);
/* Commands carried out durably and not yet known to central, to be told in the next sync; and central's receipt. */
int core_done_commands(const struct core *core, int64_t *ret_ids, int max);
void core_commands_known(struct core *core, const int64_t *ids, int n);

/* The zone files changed (call tz_reload() first): every schedule is made anew, planned from now. */
void core_reload_zones(struct core *core);

/* For the local API, metrics and sync. */
struct core_stats {
	int64_t jobs, active_jobs, backlog_jobs;      /* now; those with windows that nobody watched */
	int64_t fires, running, waiting, backing_off; /* now: in any state; of these under way, waiting for admission, for a retry */
	int64_t planned, decided[EXECUTION_STATUS_MAX_], attempts, catch_up; /* in this life */
	int64_t batches_unsettled;                    /* now */
	int64_t store_failures, clock_steps;          /* in this life */
	struct wall planned_until, next_fire_at;      /* the latter WALL_NONE = nothing is planned */
	uint64_t clock_epoch;
	bool store_healthy;
	bool outbox_full;            /* nothing new is planned (outbox_limit.c) */
	bool aside;                  /* the same, because central refuses this agent */
	bool outbox_nearly_full;     /* from 80 % of its maximum until below 70 % */
	int64_t outbox_max;          /* 0 = none */
	int64_t lateness_bucket[16]; /* first attempts by lateness: <= 2^i * 62.5 us, last = the rest */
	double lateness_sum_ms;
};
void core_get_stats(const struct core *core, struct core_stats *ret);

struct core_job_view {
	const struct job *job;      /* borrowed until the next call into the core */
	const char *target_key;
	struct wall next_at;        /* WALL_NONE = none */
	int running, waiting;
	struct wall running_since;  /* oldest unfinished run; WALL_NONE */
	bool backlog;
};
/* False when the job is unknown. */
bool core_find_job(const struct core *core, const char *job_id, struct core_job_view *ret);
/* Calls `visit` for jobs in id order strictly after `after_id` (NULL = from the start) until it returns false. */
void core_each_job(const struct core *core, const char *after_id,
		   bool (*visit)(void *context, const struct core_job_view *view), void *context);
/* The next fires of all jobs, soonest first, at most max; returns how many. */
struct core_next_fire { const struct job *job; struct wall at; };
int core_next_fires(const struct core *core, struct core_next_fire *ret, int max);

#endif
