/*
 * What goes wrong, when, and what people do meanwhile. All moments are drawn before the world begins; the lowest bits of
 * a moment say what happens at it.
 */
#include "tests/sim/sim.h"

enum fault { FAULT_CRASH, FAULT_EDIT, FAULT_ORDER, FAULT_STALL, FAULT_CLOCK, FAULT_MASK = 7 };

#define SMALL_BACK_US (59 * US_PER_SECOND)          /* waited out */
#define CORRECTION_US (3 * 3600 * US_PER_SECOND)    /* cron.md section 5 */

static int compare_int64(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
	return (one > other) - (one < other);
}

static void add_moments(struct world *world, GArray *moments, enum fault fault, int n)
{
	for (int i = 0; i < n; i++) {
		int64_t at = world->mono.us + dice_below(&world->dice, world->scenario.seconds * US_PER_SECOND);
		/* Half of the crashes fall close after a whole second, where intents and requests are under way. */
		if (fault == FAULT_CRASH && dice_chance(&world->dice, 500))
			at = at - at % US_PER_SECOND + dice_below(&world->dice, 30 * US_PER_MS);
		at = (at & ~(int64_t)FAULT_MASK) | (int64_t)fault;
		g_array_append_val(moments, at);
	}
}

GArray *faults_plan(struct world *world)
{
	const struct scenario *scenario = &world->scenario;
	GArray *moments = g_array_new(FALSE, FALSE, sizeof(int64_t));
	add_moments(world, moments, FAULT_CRASH, scenario->crashes);
	add_moments(world, moments, FAULT_EDIT, scenario->edits);
	add_moments(world, moments, FAULT_ORDER, scenario->orders);
	add_moments(world, moments, FAULT_STALL, scenario->stalls);
	add_moments(world, moments, FAULT_CLOCK, scenario->clock == CLOCK_STEADY ? 0 : scenario->clock_steps);
	qsort(moments->data, moments->len, sizeof(int64_t), compare_int64);
	return moments;
}

/* Forward by up to hours; back by what the scenario allows, measured from the latest time the clock ever showed. */
static int64_t draw_step(struct world *world)
{
	struct dice *dice = &world->dice;
	int64_t behind_us = wall_diff_us(wall_max(world->latest, world->wall), world->wall);
	if (dice_chance(dice, 400))
		return dice_below(dice, dice_chance(dice, 500) ? 20 * US_PER_SECOND : 2 * 3600 * US_PER_SECOND);
	if (world->scenario.clock == CLOCK_SMALL)
		return -dice_below(dice, MAX(SMALL_BACK_US - behind_us, 1));
	if (dice_chance(dice, 100))
		return -CORRECTION_US - dice_below(dice, 5 * 3600 * US_PER_SECOND);
	return -dice_below(dice, dice_chance(dice, 300) ? 70 * US_PER_SECOND : MAX(CORRECTION_US - behind_us - 2 * 60 * US_PER_SECOND, 1));
}

static void set_clock(struct world *world)
{
	int64_t step_us = draw_step(world);
	world_trace(world, "the clock is set by %+.6f s", (double)step_us / 1e6);
	world->wall = wall_add_us(world->wall, step_us);
	(step_us < 0 ? world->tally.steps_back++ : world->tally.steps_forward++);
	world->clock_went_back |= step_us < 0;
	world->corrected |= wall_diff_us(world->latest, world->wall) > CORRECTION_US - 60 * US_PER_SECOND;
}

static void crash(struct world *world)
{
	int64_t down_us = dice_chance(&world->dice, 700) ? dice_below(&world->dice, 2 * US_PER_SECOND) :
							   dice_below(&world->dice, world->scenario.longest_down_ms * US_PER_MS);
	if (world->scenario.clock != CLOCK_STEADY && dice_chance(&world->dice, 200))
		set_clock(world);
	world_crash(world, down_us);
}

static void order_run(struct world *world)
{
	const char *id = world->specs->pdata[dice_below(&world->dice, world->specs->len)];
	struct fire_id fire;
	if (dice_chance(&world->dice, 600))
		central_order(world, id);
	else if (core_run_now(world->core, id, &fire))
		world_trace(world, "run %s now", id);
}

/* Stopped by somebody, swapped out, a virtual machine that was moved: after it all is late at once, in any order. */
static void stall(struct world *world)
{
	int64_t us = dice_below(&world->dice, dice_chance(&world->dice, 500) ? 900 * US_PER_MS : 20 * US_PER_SECOND);
	world_trace(world, "stands still for %.3f s", (double)us / 1e6);
	world->tally.stalls++;
	world_move_to(world, mono_add_us(world->mono, us));
	if (dice_chance(&world->dice, 500))
		world_change_jobs(world);
}

void faults_strike(struct world *world, int64_t moment)
{
	switch ((enum fault)(moment & FAULT_MASK)) {
	case FAULT_CRASH:
		crash(world);
		break;
	case FAULT_EDIT:
		world_change_jobs(world);
		break;
	case FAULT_ORDER:
		order_run(world);
		break;
	case FAULT_STALL:
		stall(world);
		break;
	case FAULT_CLOCK:
		set_clock(world);
		if (dice_chance(&world->dice, 300))
			world_change_jobs(world);
		core_tick(world->core);
		break;
	case FAULT_MASK:
		break;
	}
}
