/*
 * What the tests of the core share: the simulator's world, begun at half past a whole second at noon (nothing is due at the
 * very start) with its clock and target set by hand, and the decisions that became durable. Call core_world_set_up and
 * core_world_tear_down around each test.
 */
#ifndef BELFRY_TEST_CORE_WORLD_H
#define BELFRY_TEST_CORE_WORLD_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core_internal.h"
#include "common/tz.h"
#include "tests/sim/sim.h"

#define SECOND US_PER_SECOND
#define HOUR (3600 * US_PER_SECOND)

extern struct world world;

void core_world_set_up(void);
/* Fails the test when the world met trouble. */
void core_world_tear_down(void);

/* Executions of that status among the decisions; a range counts as many as it stands for. */
int count(enum execution_status status);
/* The newest decision. */
const struct execution *last(void);
/* Sets the clock forward or back, and tells the core. */
void step_clock(int64_t us);

#endif
