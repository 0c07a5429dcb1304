/*
 * What the files of the core share: its structures, and the few functions that cross files. For these (agent/core.h names
 * them) and for what looks into the core from outside: its unit tests and the simulator. All of it is the loop's thread's.
 *
 * A fire lives from planning to the moment its decision is durable:
 *
 *   PLANNED --durable--> ARMED --due--> HELD --slot--> READY --admitted--> RUNNING --final--> DECIDED --durable--> freed
 *                          |              ^                                  |  ^
 *                          +--------------+ (or straight to READY)           |  | backoff over
 *                                                                            v  |
 *                                                             RETRYING --durable--> BACKOFF
 *
 * The one table of states is in fire.c.
 */
#ifndef BELFRY_AGENT_CORE_INTERNAL_H
#define BELFRY_AGENT_CORE_INTERNAL_H

#include <sys/queue.h>

#include "agent/core.h"
#include "agent/heap.h"
#include "agent/retry.h"
#include "common/job_due.h"

/* An instant found this late is "late"; found later than that it belongs to a missed window (recovery.c). */
#define MISFIRE_GRACE_US (1 * US_PER_SECOND)
/* Clock steps below this are left to wait out; from CLOCK_CORRECTION_US on all schedules restart (cron.md section 5). */
#define CLOCK_STEP_REPORT_US (1 * US_PER_SECOND)
#define CLOCK_STEP_BACK_US (60 * US_PER_SECOND)
#define CLOCK_DISTRUSTED INT64_MIN
#define CLOCK_TRUST_US (50 * US_PER_MS) /* slewing between the last batch and a crash stays below */
#define CLOCK_CORRECTION_US (3 * 3600 * US_PER_SECOND)
/* Bounds of the work done in one call, so that the loop stays live. */
#define PLAN_WINDOWS_PER_TICK 2000
#define CATCH_UP_FIRES 2000       /* made-up fires in memory, all jobs */
#define CATCH_UP_FIRES_PER_JOB 16
#define CATCH_UP_JOBS_PER_TICK 200
#define BACKLOGS_PER_JOB 64
#define BATCHES_IN_FLIGHT 2       /* more wait and grow: group commit by itself */
#define BATCH_LINGER_US (5 * US_PER_MS) /* what is not urgent waits that long for company: one fsync for all */
#define BATCH_LINGER_ITEMS 512
#define STORE_RETRY_FIRST_US (100 * US_PER_MS)
#define STORE_RETRY_LAST_US (2 * US_PER_SECOND)
#define OUTBOX_WARN_PERCENT 80
#define OUTBOX_CALM_PERCENT 70     /* below it a new warning may follow */
#define OUTBOX_REOPEN_PART 10      /* a full outbox is full until this part of its maximum is free */
#define CANCEL_AGE_MAX_MS (INT64_C(366) * 86400 * 1000)
#define SPARE_FIRES 4096          /* kept for reuse */

enum fire_state {
	FIRE_PLANNED,  /* intent handed to the store */
	FIRE_ARMED,    /* intent durable, waits for its instant */
	FIRE_HELD,     /* due, waits for an earlier run of the same job */
	FIRE_READY,    /* may run, waits for admission */
	FIRE_RUNNING,  /* an attempt is under way */
	FIRE_RETRYING, /* attempt failed, its count handed to the store */
	FIRE_BACKOFF,  /* waits for the next attempt */
	FIRE_DECIDED,  /* decision handed to the store */
	FIRE_WITHDRAWN, /* its intent is being deleted without a decision: it never came due */
	FIRE_STATE_MAX_
};

struct fire {
	struct attempt attempt; /* first: the runner's handle is the fire */
	struct core_job *job;
	int64_t intent_number;
	uint64_t clock_epoch;
	int64_t order;          /* central's number of the order that this life made it by; 0 = none */
	enum fire_state state;
	bool begun;             /* counts as a run of its job (concurrency) */
	bool to_skip;           /* its job's skipAt names it: it is not tried, and decided when it is due */
	bool replaced;          /* cancelled by a later fire of its job */
	bool cancelled;         /* by an order: its attempt was told to end (cancel.c) */
	bool tried;             /* this life began an attempt of it, at tried_at */
	bool maybe_sent;        /* came from the last life, which may have sent it */
	bool sent;              /* an attempt of this life may have reached the target */
	int attempts;           /* finished ones */
	int pins;               /* batches that name it */
	int heap_index;         /* in core.due (ARMED) or core.waits (BACKOFF) */
	struct wall due;        /* scheduled instant plus jitter */
	struct wall armed_at;   /* in this life */
	struct wall first_started_at, begun_at;
	struct mono first_started_mono, wake, tried_at;
	int64_t first_lateness_us;
	struct attempt_log *attempt_log; /* NULL = no attempt that is worth a note */
	struct target *target;  /* while READY or RUNNING */
	TAILQ_ENTRY(fire) in_job;
	TAILQ_ENTRY(fire) in_queue; /* of its job: held or ready */
};
TAILQ_HEAD(fire_list, fire);

/* One job in the core. Small: an agent may hold a million. What only jobs with live fires need is in job_runs. */
struct core_job {
	struct job *job;
	const char *target_key; /* interned */
	struct wall since, anchor;
	struct wall next;       /* the next instant to plan; WALL_NEVER = none */
	uint32_t since_epoch;
	int heap_index;         /* in core.plan, keyed by next */
	struct job_runs *runs;  /* NULL while nothing is live */
	struct job_backlogs *backlogs; /* NULL = nothing to make up */
	int64_t cancelled_to;   /* what was ordered to run under a lower number is not begun */
	bool deleted;           /* freed with its last fire */
	bool unleased;          /* waits for a lease: stands in core.unleased instead of core.plan */
	bool handed_over;       /* deleted here, because another agent has it now: its fires go on, and its row stays for them */
	bool place_changed;     /* in this change of the job set: the row has the former target key */
	bool lease_lapsed;      /* the window that comes next opened because central was not heard */
};

/* The missed windows of one job that are not settled yet. */
TAILQ_HEAD(backlog_ring, job_backlogs);
struct job_backlogs {
	struct core_job *job;
	GArray *rows;           /* struct backlog, oldest first; never empty */
	struct backlog_ring *ring; /* where it stands */
	TAILQ_ENTRY(job_backlogs) in_ring;
};

struct job_runs {
	struct core_job *job;
	struct fire_list fires, ready, held;
	int live, begun, held_count, catch_up_live;
	struct target *target;    /* in whose ring this job stands; NULL = in none */
	struct mono rate_next;    /* rate limit: no attempt before (GCRA) */
	struct wall catch_up_next; /* spacing of made-up fires */
	int heap_index;           /* in core.waits while parked by its rate limit */
	bool parked;
	TAILQ_ENTRY(job_runs) in_ring;
};
TAILQ_HEAD(job_ring, job_runs);

/* scheme://host:port: the unit of fairness and of limits. */
struct target {
	char *origin;
	struct job_ring jobs; /* with ready fires, served in turn */
	int waiting, open;
	struct mono rate_next;
	int heap_index;
	bool in_ring, parked;
	TAILQ_ENTRY(target) in_ring_entry;
};
TAILQ_HEAD(target_ring, target);

/* A store batch and who waits for it. */
struct core_batch {
	struct store_batch *store;
	GPtrArray *planned, *retrying, *decided, *withdrawn; /* struct fire *, pinned */
	GPtrArray *changes;                                   /* struct job_change * whose done() is due */
	GPtrArray *held;                                      /* struct job *: ids named by marks and backlogs */
	GArray *commands;                                     /* int64_t carried out by it */
	struct mono began;      /* when it got its first entry */
	int items;
	bool urgent;            /* somebody waits for it: hand it over at once */
	bool submitted;
};

struct core {
	struct core_config config;
	char *agent_id, *boot_id;
	struct core_clock clock;
	struct store store;
	struct runner runner;
	struct wall now;        /* read once per call */
	struct wall latest;     /* the greatest `now` of this clock epoch: what came due up to here is decided, also when a
				   small step back is being waited out */
	struct mono mono;
	int64_t clock_offset_us;
	uint64_t random;
	bool started;

	GPtrArray *jobs;        /* struct core_job *, sorted by id (job_table.c) */
	GHashTable *ghosts;     /* struct core_job * deleted, but with fires under way; in no table */
	GHashTable *stays;      /* id -> how many ghosts of this job were handed over: its row stays until the last has ended */
	int64_t active_jobs;
	struct heap plan;       /* core_job by next */
	struct heap unleased;   /* core_job by next, which lies after the lease */
	struct heap due;        /* ARMED fires by due instant (wall) */
	struct heap waits;      /* BACKOFF fires by wake (mono) */
	struct heap parked_jobs, parked_targets; /* by rate_next (mono) */
	struct backlog_ring backlog_ring, unheard_ring; /* the latter: nothing but central's word is missing (missed.c) */
	int64_t backlog_jobs;
	struct wall word_until; /* of the change that is being applied */
	struct mono asked_at;   /* when the question began whose answer is central's latest word; INT64_MIN = none in this life */
	struct mono opened_at;  /* word of before this says nothing about windows that are open */
	int catch_up_live;
	int64_t fires, in_state[FIRE_STATE_MAX_];
	struct fire_list spare;
	int spares;

	GHashTable *targets;    /* origin -> struct target */
	struct target_ring ring;
	int open;

	struct store_state state; /* as the next batch will write it */
	GQueue batches;         /* struct core_batch *, oldest first; the tail may still be filling */
	struct core_batch *filling;
	bool in_a_hurry;        /* the agent stops: nothing lingers, nothing of the schedules is planned, no attempt starts */
	uint64_t next_batch;
	int submitted;
	bool store_failed;
	struct mono store_retry_at;
	int64_t store_retry_us;
	GHashTable *done_commands; /* int64 keys: durable, central does not know yet */
	GHashTable *commands_under_way;
	GPtrArray *cancels;     /* struct cancel * (cancel.c), whose last fire has not ended */
	struct mono started_at; /* of this life */

	int64_t outbox_unsent;  /* as last told */
	int64_t loose_records;  /* decisions without a fire and events, not durable yet */
	struct wall crowded_at; /* the instant that waits for room (plan.c), and how many fires it brings */
	int crowd;
	struct wall last_planned; /* an instant is planned for all its jobs or none: planned_until cannot split it */
	struct wall outbox_opened_at; /* when a full outbox last had room again */
	struct wall aside_until; /* when it last was accepted again after it stood aside */
	bool more_to_plan, more_to_pump;
	struct core_stats stats;
};

/* core.c */
void core_read_clock(struct core *core);
double core_random(struct core *core); /* [0, 1) */
void core_turn(struct core *core);     /* plan, release, admit, flush: the end of every event */

/* job_table.c: jobs sorted by id */
int job_table_find(const struct core *core, const char *job_id); /* index, or -(insertion point) - 1 */
struct core_job *job_table_get(const struct core *core, const char *job_id);
void job_table_merge(struct core *core, GPtrArray *added); /* core_job *, any order, none present yet */
void job_table_drop_deleted(struct core *core);

/* plan.c */
bool plan_next(const struct core_job *job, struct wall after, struct wall *ret); /* common/job_due.h */
int64_t plan_count(const struct core_job *job, struct wall after, struct wall until);
void plan_schedule(struct core *core, struct core_job *job, struct wall after); /* sets next and its place in the heap */
void plan_tick(struct core *core);
/* planned_until catches up with the clock: each batch tells the next life how far this one has seen. */
void plan_note_reached(struct core *core);
#define PLAN_SKIP_REASON "skipped: the job's skipAt names this instant"
bool plan_is_skipped(const struct core_job *job, struct wall instant);
void plan_skip(struct core *core, struct core_job *job, struct wall instant, struct fire_id id, enum fire_cause cause,
	const char *reason);
struct wall plan_due(const struct core *core, const struct core_job *job, struct wall scheduled_at); /* plus jitter */
void plan_job_until(struct core *core, struct core_job *job, struct wall until); /* every instant <= until, within the lease */
void plan_job_to(struct core *core, struct core_job *job, struct wall until); /* whatever the lease says */
struct fire *plan_fire(struct core *core, struct core_job *job, struct fire_id id, struct wall scheduled_at, struct wall due,
	enum fire_cause cause, uint64_t clock_epoch);
struct wall plan_lead_wake(const struct core *core);

/* fire.c */
struct fire *fire_new(struct core *core, struct core_job *job);
void fire_set_state(struct core *core, struct fire *fire, enum fire_state state);
const char *fire_state_name(enum fire_state state);
bool fire_may_move(enum fire_state from, enum fire_state to);
/* It waits for its first attempt, for whatever reason: no byte of it can have left. */
bool fire_is_unbegun(const struct fire *fire);
void fire_arm(struct core *core, struct fire *fire);
void fire_due(struct core *core, struct fire *fire);
void fire_begin(struct core *core, struct fire *fire); /* takes a slot of its job, becomes READY */
void fire_start(struct core *core, struct fire *fire);
void fire_decide(struct core *core, struct fire *fire, enum execution_status status, const char *reason,
	const struct attempt_result *result);
void fire_resume_backoff(struct core *core, struct fire *fire); /* after a restart: it was between two attempts */
void fire_withdraw(struct core *core, struct fire *fire);
void fire_unpin(struct core *core, struct fire *fire);
struct job_runs *fire_runs(struct core *core, struct core_job *job);
void fire_runs_left(struct core *core, struct core_job *job); /* frees the live part (and a deleted job) when unused */
/* Why this fire, tried before, may have no further attempt, whatever its policy said when it began; NULL = it may. */
const char *fire_no_retry_reason(const struct fire *fire);
void fire_fill_execution(const struct fire *fire, struct execution *ret);
/* "12:00:03", and of another day than today "2026-11-23 12:00:03", for sentences. UTC. */
#define FIRE_CLOCK_SIZE 24
const char *fire_clock_text(const struct core *core, struct wall t, char buffer[static FIRE_CLOCK_SIZE]);

/* attempts.c */
void fire_note_attempt(struct fire *fire, const struct attempt_result *result, const struct retry_verdict *verdict, bool again);
/* What the last life told of them, and that one of them may have been under way when it ended; NULL = nothing. */
struct attempt_log *attempts_recovered(const struct core *core, const struct intent *intent);

/* admission.c */
void admission_push(struct core *core, struct fire *fire);
void admission_remove(struct core *core, struct fire *fire);
void admission_closed(struct core *core, struct fire *fire); /* its attempt ended */
void admission_run(struct core *core);
void admission_unpark(struct core *core);
void admission_done(struct core *core);

/* recovery.c */
void recovery_start(struct core *core, const struct store_snapshot *snapshot);
/* Instants after `border` that did not come due are no fires of this job any more. */
void recovery_withdraw_future(struct core *core, struct core_job *job, struct wall border);
/* A stop in order: what is certainly not sent the next life finds as due and not as begun. */
void recovery_unplan(struct core *core);
void recovery_check_clock(struct core *core);
/*
 * Where the past of this job ends and its next definition, of schedule `next`, begins to rule: now, or later while a step
 * back is being waited out.
 */
struct wall recovery_border(const struct core *core, const struct core_job *job, const struct schedule *next);
/*
 * A border that is still to come was set by central, and neither an edit nor a restart moves it: what is planned before it
 * was ours before the job was away (lease.c), and stays. WALL_NONE when it is of an old clock.
 */
struct wall recovery_central_border(const struct core *core, const struct core_job *job);
/* What a batch says of the clock (store_state.clock_offset_us); CLOCK_DISTRUSTED while the clock is behind. */
int64_t recovery_clock_mark(const struct core *core);
void recovery_step_back(struct core *core, int64_t back_us);
struct wall recovery_plan_start(const struct core *core, const struct core_job *job);

/* missed.c: (after, until] is a window that the planner found, or that is central's word by itself */
void missed_found(struct core *core, struct core_job *job, struct wall after, struct wall until);
void missed_window(struct core *core, struct core_job *job, struct wall after, struct wall until);
void missed_enter(struct core *core, struct core_job *job, const struct backlog *backlog); /* as it is on disk */
void missed_pump(struct core *core);
/* An answer asked for at `asked` says nothing of an absence that was noticed since, or now. */
bool missed_outdates(struct core *core, struct mono asked);
struct mono missed_wake(const struct core *core); /* when the pump goes on without central's word; INT64_MAX = nothing waits */
/* Windows up to `border`, before its schedule (WALL_NEVER) or its target key changes. */
void missed_settle(struct core *core, struct core_job *job, struct wall border);
/* What is left of all windows, or of their part up to the border, becomes missed ranges, and nothing else of them. */
void missed_drop(struct core *core, struct core_job *job, const char *reason);
void missed_clip(struct core *core, struct core_job *job, struct wall border, const char *reason);
/* What windows have of (after, until] is neither made up nor called missed. */
void missed_leave_out(struct core *core, struct core_job *job, struct wall after, struct wall until);
void missed_forget(struct core *core, struct core_job *job); /* in memory only */
struct wall missed_next_due(struct core *core, struct core_job *job); /* of what is made up: now, but for its spacing */
/* Would the policy make up this instant, which came due while nobody watched? */
bool missed_is_wanted(const struct core *core, const struct core_job *job, struct wall instant);
/* Without a window: `count` instants of (after, until]. */
void missed_record(struct core *core, struct core_job *job, struct wall after, struct wall until, int64_t count,
	uint64_t clock_epoch, const char *reason);

/* outbox_limit.c */
bool outbox_is_full(struct core *core);
bool outbox_caused(const struct core *core, struct wall first); /* a window that begins there */
void outbox_close_windows(struct core *core, struct wall border); /* before the clock they are counted by is gone */

/* lease.c */
bool lease_binds(const struct core *core, const struct core_job *job);
bool lease_binds_definition(const struct core *core, const struct job *job);
struct wall lease_end(const struct core *core, const struct core_job *job); /* WALL_NEVER = not bound */
void lease_place(struct core *core, struct core_job *job); /* by its `next`, where it belongs */
void lease_remove(struct core *core, struct core_job *job);
void lease_extend(struct core *core, struct wall until);
void lease_hand_over(struct core *core, struct core_job *job, struct wall border);
void lease_was_away(struct core *core, struct core_job *job, struct wall after, struct wall until);

/* cancel.c */
void cancel_order(struct core *core, const struct sync_command *command);
/* Tells the orders done whose last fire is decided; after the decision, in its batch. */
void cancel_settle(struct core *core);
const char *cancel_reason(const struct core *core, const struct fire *fire);

/* job_change.c */
struct core_job *core_job_new(const struct stored_job *stored);

/* job_leave.c */
uint64_t core_job_digest(const struct core_job *job); /* its term in that of the set */
void core_jobs_leave(struct core *core, const struct job_change *change); /* all that the change deletes or moves */
/* One that another agent has: due instants up to the border are ours still. Then it becomes a ghost, or is freed. */
void core_job_move(struct core *core, struct core_job *job, struct wall border);
void core_job_become_ghost(struct core *core, struct core_job *job);
/* What waits for another attempt that its policy no longer gives it; and what has not begun, for that reason. */
void core_job_end_retries(struct core *core, struct core_job *job);
void core_job_end_unbegun(struct core *core, struct core_job *job, const char *reason);
/* Of a job that was handed over with something still to run: its row stays until this one, and all others of it, have ended. */
void core_job_stays(struct core *core, const struct core_job *job);
void core_job_ended(struct core *core, const struct core_job *job);
void core_job_free(struct core *core, struct core_job *job);

/* batch.c */
struct core_batch *batch_current(struct core *core);
void batch_seal(struct core *core);
void batch_flush(struct core *core);
/* When the batch being filled goes out if nothing else happens; INT64_MAX = no such moment. */
struct mono batch_linger_wake(const struct core *core);
void batch_add_intent(struct core *core, struct fire *fire);
void batch_add_update(struct core *core, struct fire *fire, struct wall not_before);
/* The same row again with another end of the backoff; no fire waits for it to be durable. */
void batch_renew_update(struct core *core, const struct fire *fire, struct wall not_before);
void batch_add_cancel(struct core *core, struct fire *fire);
/* Appends and returns the record to fill; `fire` NULL when the decision had no intent. */
struct execution *batch_add_decision(struct core *core, struct fire *fire);
/* The same for an intent that no fire stands for (0 = for none at all). */
struct execution *batch_add_orphan_decision(struct core *core, int64_t intent_number);
/* The order is carried out by what this batch holds. */
void batch_add_done_command(struct core *core, int64_t id);
void batch_add_mark(struct core *core, const struct core_job *job);
void batch_add_backlog(struct core *core, struct core_job *job, const struct backlog *backlog);
void batch_add_event(struct core *core, const char *kind, const char *format, ...) G_GNUC_PRINTF(3, 4);
void batch_free(struct core_batch *batch);

#endif
