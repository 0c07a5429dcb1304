/*
 * The loop: libevent, the two timers of the core, the queue on which other threads post, the signals. It drives the core
 * and is the only caller of it. Owns: the event base, the core's clock, the stop. Does not own: core, runner, store, what
 * other threads post (loop_messages.h).
 *
 * loop_new(); the parts that stand on its base, queue and clock; loop_set_core(); loop_run(), once; loop_free() after all of
 * them are gone. All on one thread but queue_push() to loop_queue().
 *
 * One turn is: wait, run all events that are ready, tick the core once, set the timers to what it wants next. The clock
 * is read once per turn and stands still in between (agent/core.h).
 *
 * The stop (SIGTERM, SIGINT): from then on time stands still for the core, so nothing more comes due, and no attempt starts.
 * What runs gets LOOP_DRAIN_MS to end; its decisions become durable; then loop_run() returns.
 */
#ifndef BELFRY_AGENT_LOOP_H
#define BELFRY_AGENT_LOOP_H

#include <event2/event.h>

#include "agent/core.h"
#include "agent/loop_messages.h"
#include "agent/store_sqlite.h"

#define LOOP_DRAIN_MS 5000

struct loop;

/* NULL with `error` when the kernel gives no descriptor. Catches SIGTERM, SIGINT and SIGHUP from here on. */
struct loop *loop_new(GError **error);
void loop_free(struct loop *loop); /* NULL is fine */

/* All three live until loop_free(). */
struct event_base *loop_base(struct loop *loop);
struct queue *loop_queue(struct loop *loop);
struct core_clock loop_clock(struct loop *loop);

/* The runner as the core is to see it: counts what runs, and starts nothing more once the stop has begun. */
struct runner loop_runner(struct loop *loop, struct runner inner);
/* For the inner runner to report to: hands the result to the core. `context` is the loop. */
void loop_report(void *context, struct attempt *attempt, const struct attempt_result *result);

enum loop_end {
	LOOP_STOPPED,      /* by signal */
	LOOP_DATABASE_LOST /* begin a new life */
};
/* Before core_start and loop_run. The core is borrowed. */
void loop_set_core(struct loop *loop, struct core *core);
/* From the thread that will run the loop: real time while it is calm (host.h). False when the host does not grant it. */
bool loop_make_realtime(struct loop *loop);
/* Returns when the stop is over or the database is lost. `reload` is called on SIGHUP, after the zone files were read again. */
enum loop_end loop_run(struct loop *loop, void (*reload)(void *context), void *context);

/* The last that store and sync told; of this thread, until the next turn. */
const struct store_stats *loop_store_stats(const struct loop *loop);
const struct sync_news *loop_sync_news(const struct loop *loop);

#endif
