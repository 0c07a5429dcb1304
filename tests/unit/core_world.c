#include "tests/unit/core_world.h"

struct world world;

void core_world_set_up(void)
{
	world_init(&world, &(struct scenario){ .seed = 7, .longest_down_ms = 1000 });
	world.wall = wall_from_seconds(INT64_C(1794744000));
	world.wall.us += 500 * US_PER_MS;
	world.began = world.wall;
	world.answer_ms = 5;
	world.answer_status = 200;
	world.quiet = true;
	world_start_core(&world);
}

void core_world_tear_down(void)
{
	ck_assert_msg(world.trouble->len == 0, "%s", world.trouble->str);
	world_done(&world);
}

int count(enum execution_status status)
{
	int n = 0;
	for (guint i = 0; i < world.disk.outbox->len; i++)
		if (((struct decision *)world.disk.outbox->pdata[i])->execution.status == status)
			n += (int)((struct decision *)world.disk.outbox->pdata[i])->execution.count;
	return n;
}

const struct execution *last(void)
{
	ck_assert_int_gt(world.disk.outbox->len, 0);
	return &((struct decision *)world.disk.outbox->pdata[world.disk.outbox->len - 1])->execution;
}

void step_clock(int64_t us)
{
	world.clock_went_back |= us < 0;
	world.wall.us += us;
	core_tick(world.core);
}
