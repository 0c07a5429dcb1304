/*
 * The simulator: the real core under a seeded world of clock, store, target, job edits and crashes.
 * sim_disk.c is the store (what survives), sim_target.c the runner (what was seen outside), sim_central.c central, sim_moves.c
 * jobs that another agent has for a while,
 * sim_world.c time and people, sim_faults.c what goes wrong when, sim_check.c the promises, sim_main.c the command line. Everything follows from the seed: a failing seed replays exactly.
 */
#ifndef BELFRY_SIM_H
#define BELFRY_SIM_H

#include "agent/core.h"

struct world;
struct central;
struct moves;

/* splitmix64: one stream per world. */
struct dice { uint64_t state; };
uint64_t dice_roll(struct dice *dice);
static inline int64_t dice_below(struct dice *dice, int64_t n) { return n <= 0 ? 0 : (int64_t)(dice_roll(dice) % (uint64_t)n); }
static inline bool dice_chance(struct dice *dice, int per_mille) { return dice_below(dice, 1000) < per_mille; }

/* --- what survives a crash --- */
struct version { /* one definition of a job, as the disk had it */
	struct job *job;      /* NULL: deleted */
	struct wall since, anchor;
};
struct job_history { char *id; GArray *versions; struct mono decided_at; /* the latest decision */ };

struct disk {
	struct world *world;
	struct store_state state;
	uint64_t last_batch;
	GHashTable *jobs;       /* id -> struct stored_job * */
	GHashTable *intents;    /* &number -> struct intent * (owned, job_id owned) */
	GHashTable *backlogs;   /* "id until epoch" -> struct backlog * */
	GHashTable *commands;   /* int64 */
	GPtrArray *outbox;      /* struct decision * */
	int64_t acked;          /* rows of it that do not count against the maximum */
	GHashTable *histories;  /* id -> struct job_history * */
	GQueue queue;           /* const struct store_batch *, submitted */
	struct mono busy_until; /* the head of the queue is answered then */
	bool broken;            /* since a failure: all queued ones fail */
	int64_t batches, failures;
};
void disk_init(struct disk *disk, struct world *world);
void disk_done(struct disk *disk);
struct store disk_store(struct disk *disk);
struct store_snapshot *disk_snapshot(const struct disk *disk);
int64_t disk_unsent(const struct disk *disk); /* what counts against the maximum of the outbox */
void disk_answer(struct disk *disk, struct core *core);
void disk_crash(struct disk *disk);
void disk_note_kept(struct disk *disk); /* after a stop in order */
bool disk_has_intent(const struct disk *disk, struct fire_id id);

/* --- what the outside saw --- */
struct sighting { int sends, successes; bool atmost; char *job_id; struct wall scheduled_at; enum fire_cause cause; };
struct flight { struct attempt *attempt; struct attempt_result result; struct mono ends; char error[32]; };
struct outside {
	struct world *world;
	GPtrArray *flights;   /* struct flight * under way */
	GHashTable *seen;     /* fire id text -> struct sighting * */
	int64_t sends;
};
void outside_init(struct outside *outside, struct world *world);
void outside_done(struct outside *outside);
struct runner outside_runner(struct outside *outside);
bool outside_knows(const struct outside *outside, struct fire_id id); /* it was sent, or an attempt is under way */
struct mono outside_next(const struct outside *outside);
void outside_land(struct outside *outside, struct core *core);
void outside_crash(struct outside *outside);

/* --- central: orders down, outbox up --- */
void central_init(struct world *world);
void central_done(struct world *world);
void central_order(struct world *world, const char *job_id);
const char *central_job_of(const struct world *world, int64_t order); /* NULL = nothing known of it */
struct mono central_next(const struct world *world);
void central_event(struct world *world);
void central_agent_crashed(struct world *world);
/* All orders were carried out, and at least the first `rows` rows counted, each once. */
void central_check(struct world *world, guint rows);

/* --- central: which jobs are here (sim_moves.c); only with scenario.moves --- */
#define SIM_LEASE_US (4 * US_PER_SECOND)
void moves_init(struct world *world);
void moves_done(struct world *world);
void moves_change(struct world *world);
void moves_heard(struct world *world, int64_t jobs_revision); /* central took a request */
void moves_reply(struct world *world, int64_t jobs_revision, struct wall lease_until, struct mono asked);
/* A deletion is durable: up to where was the job this agent's? */
struct wall moves_end(struct world *world, const char *id);
/* A deletion with the revision that says so is all that the disk sees of a job that came and went unheard: what it was; NULL =
 * it is no such. */
const struct version *moves_passing(struct world *world, const char *id, int64_t jobs_revision);
void moves_check(struct world *world);
bool moves_has_ended(const struct world *world, const char *id); /* it was deleted after it left, and the agent knows */
/* Was this instant decided here or not? Nobody can say; but at most once. */
bool moves_is_blind(const struct world *world, const char *id, struct wall at);
/* Another agent had it, and that was so when this one decided. */
bool moves_is_others(const struct world *world, const char *id, struct wall at, struct wall decided_at);

/* --- time and faults --- */
/*
 * How far the clock is set, and so what can be asked of the core: forward, and back by less than a minute, loses and
 * repeats nothing (all instants are checked); more than that begins a new clock epoch (promise 10 in words is checked).
 */
enum clock_faults { CLOCK_STEADY, CLOCK_SMALL, CLOCK_WILD };

struct scenario {
	uint64_t seed;
	int64_t seconds;        /* simulated */
	int jobs;
	int crashes;            /* at random moments */
	int edits;              /* job changes at random moments */
	int orders;             /* runs by order of central or by hand, at random moments */
	int stalls;             /* moments at which the whole agent stands still */
	int clock_steps;        /* the clock is set, at random moments */
	enum clock_faults clock;
	bool edits_behind;      /* jobs change also while the clock is behind what it once showed */
	bool moves;             /* jobs go to another agent and come back; all that changes comes by sync */
	bool stops;             /* every other crash is a stop in order */
	bool tight;             /* the limits of admission are small, and jobs have limits of their own */
	int64_t longest_down_ms;
	int store_faults_per_mille, target_faults_per_mille;
	bool verbose;
};

struct tally { /* proof that the faults were really hit */
	int64_t crashes, crashes_with_intents, crashes_in_flight, crashes_in_commit, store_failures, uncertain_applied, uncertain_lost,
		decisions, logs, missed, catch_up, retried, withdrawn, edits, sends, repeats, manual, orders, orders_done,
		rows_repeated, replies_lost, stalls, steps_forward, steps_back, epochs, skipped_by_name, skipped_for_lack, skipped_for_memory, moves_away, moves_back, moves_unheard, moves_again, moves_passed,
		answers_refused, stops, kept;
};

struct world {
	bool leases;            /* jobs that must not run twice need core_lease() */
	int plan_fires_per_tick; /* 0 = the default */
	int max_fires;           /* 0 = the default */
	int64_t outbox_max;     /* core_config.outbox_max_records; 0 = none */
	struct scenario scenario;
	struct dice dice;
	struct wall wall;
	struct mono mono;
	struct wall began, latest; /* latest: the greatest time that the core ever read */
	struct disk disk;
	struct outside outside;
	struct core *core;
	struct central *central;
	struct moves *moves;     /* NULL = jobs stay here */
	GPtrArray *specs;        /* ids in play */
	GHashTable *kept;        /* fire id text: certainly not sent when the agent was stopped in order, as all stops since were */
	int64_t first_intent;    /* of this life */
	struct wall change_at;   /* when the change now under way was given to the core */
	bool change_under_way, quiet;
	bool clock_went_back, corrected; /* corrected: by 3 h or more */
	int64_t answer_ms;       /* how long the target takes; -1 = the dice decide */
	int answer_status;       /* with answer_ms: the HTTP status */
	int64_t revision;
	struct tally tally;
	GString *trouble;        /* first broken promises, empty = none */
};
void world_trouble(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* One line on stdout when the scenario is verbose. */
void world_trace(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
double world_at(const struct world *world, struct wall t); /* seconds since the world began */
/* Runs the scenario; true when all promises held. *ret_trouble gets the text otherwise (caller frees). */
bool world_run(const struct scenario *scenario, struct tally *tally, char **ret_trouble);
struct job *world_random_job(struct world *world, const char *id);
void world_change_jobs(struct world *world);
void world_run_until(struct world *world, struct mono when);
void world_move_to(struct world *world, struct mono when); /* time passes, and nobody does anything */

/* sim_faults.c */
GArray *faults_plan(struct world *world);          /* moments (int64_t, us of mono), sorted */
void faults_strike(struct world *world, int64_t moment); /* what was planned for it */

/* The same world step by step, for the unit tests of the core. */
void world_init(struct world *world, const struct scenario *scenario);
void world_done(struct world *world);
void world_start_core(struct world *world);
void world_run_for(struct world *world, int64_t us);
void world_crash(struct world *world, int64_t down_us);
void world_set_job(struct world *world, const char *id, const char *definition); /* JSON; NULL deletes */

void check_promises(struct world *world, struct wall until);

#endif
