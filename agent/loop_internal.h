/*
 * What the files of the loop share. Owns: the loop's state. For loop.c (libevent, clock, signals, the stop) and
 * loop_messages.c (what other threads post), nobody else. All of it belongs to the loop's thread.
 */
#ifndef BELFRY_AGENT_LOOP_INTERNAL_H
#define BELFRY_AGENT_LOOP_INTERNAL_H

#include "agent/host.h"
#include "agent/loop.h"

enum loop_phase { LOOP_RUNNING, LOOP_DRAINING, LOOP_ENDED };

struct loop {
	struct event_base *base;
	struct queue *queue;
	struct event *queue_event, *wall_event, *mono_event, *stop_events[2], *reload_event, *zone_event, *drain_event,
		*watchdog_event;
	int wall_fd, mono_fd;        /* timerfds: CLOCK_REALTIME, CLOCK_BOOTTIME */
	struct wall armed_wall;      /* what they are set to; WALL_NONE, INT64_MIN = set them at the next occasion */
	struct mono armed_mono;
	struct host_urgency urgency;

	bool clock_is_read; /* in this turn */
	struct wall wall;
	struct mono mono;

	struct core *core;   /* borrowed */
	struct runner inner; /* behind loop_runner() */
	int64_t running; /* attempts started and not reported */
	enum loop_phase phase;
	enum loop_end end;
	struct store_stats store_stats; /* the last told */
	struct sync_news sync_news;
	bool said_outbox_full, said_outbox_near, said_aside; /* in the log, so that it stands there once */
	void (*reload)(void *context);
	void *reload_context;
};

/* loop_run() returns after this turn. */
void loop_leave(struct loop *loop, enum loop_end how);
/* Does what the message asks for. Frees it, or passes it on as an answer. */
void loop_take_message(struct loop *loop, struct message *message);

#endif
