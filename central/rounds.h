/*
 * A thread that has something to do now and then, until it is told to end. Owns: the thread, the pause between two rounds, the
 * end. Does not own: what a round does, nor which central of several does it (chores.h, failover.h, fold.h).
 *
 * rounds_start(); rounds_stop(). A round is run on the thread of its own, at once and then `pause_ms` after the one before it has
 * ended, but not while `*ready` (atomic) is 0.
 */
#ifndef BELFRY_CENTRAL_ROUNDS_H
#define BELFRY_CENTRAL_ROUNDS_H

#include <stdbool.h>

struct rounds;
typedef void rounds_round(struct rounds *rounds, void *context);

/* `name`: the thread's, a static text. `ready` and `context` must live until rounds_stop() has returned. */
struct rounds *rounds_start(const char *name, int pause_ms, const int *ready, rounds_round *round, void *context);
/* Waits for the round that is under way, not for the pause. NULL is fine. */
void rounds_stop(struct rounds *rounds);
/* Is it to end? For a round that can leave the rest for another time. */
bool rounds_are_ending(struct rounds *rounds);

#endif
