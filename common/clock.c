#include "common/clock.h"

#include <time.h>

static int64_t clock_us(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

struct wall wall_now(void)
{
	return (struct wall){ clock_us(CLOCK_REALTIME) };
}

struct mono mono_now(void)
{
	return (struct mono){ clock_us(CLOCK_BOOTTIME) };
}
