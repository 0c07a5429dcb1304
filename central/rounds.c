#include "central/rounds.h"

#include <glib.h>

struct rounds {
	GThread *thread;
	int pause_ms;
	const int *ready;
	rounds_round *round;
	void *context;
	GMutex lock; /* of what follows */
	GCond wake;
	bool ending;
};

/* True when the thread is to end. */
static bool wait_pause(struct rounds *rounds)
{
	gint64 until = g_get_monotonic_time() + rounds->pause_ms * G_GINT64_CONSTANT(1000);
	g_mutex_lock(&rounds->lock);
	while (!rounds->ending && g_cond_wait_until(&rounds->wake, &rounds->lock, until))
		;
	bool ending = rounds->ending;
	g_mutex_unlock(&rounds->lock);
	return ending;
}

static void *rounds_main(void *data)
{
	struct rounds *rounds = data;
	do {
		if (g_atomic_int_get(rounds->ready))
			rounds->round(rounds, rounds->context);
	} while (!wait_pause(rounds));
	return NULL;
}

struct rounds *rounds_start(const char *name, int pause_ms, const int *ready, rounds_round *round, void *context)
{
	struct rounds *rounds = g_new0(struct rounds, 1);
	rounds->pause_ms = pause_ms;
	rounds->ready = ready;
	rounds->round = round;
	rounds->context = context;
	g_mutex_init(&rounds->lock);
	g_cond_init(&rounds->wake);
	rounds->thread = g_thread_new(name, rounds_main, rounds);
	return rounds;
}

void rounds_stop(struct rounds *rounds)
{
	if (rounds == NULL)
		return;
	g_mutex_lock(&rounds->lock);
	rounds->ending = true;
	g_cond_broadcast(&rounds->wake);
	g_mutex_unlock(&rounds->lock);
	g_thread_join(rounds->thread);
	g_mutex_clear(&rounds->lock);
	g_cond_clear(&rounds->wake);
	g_free(rounds);
}

bool rounds_are_ending(struct rounds *rounds)
{
	g_mutex_lock(&rounds->lock);
	bool ending = rounds->ending;
	g_mutex_unlock(&rounds->lock);
	return ending;
}
