#include "agent/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/host.h"
#include "agent/notify.h"
#include "common/log.h"
#include "common/tz.h"

#define ZONE_CHECK_SECONDS 60
#define TIMER_FAR_SECONDS INT64_C(4102444800) /* 2100: a timer that is only there to notice that the clock was set */

enum loop_phase { LOOP_RUNNING, LOOP_DRAINING, LOOP_ENDED };

struct loop {
	struct event_base *base;
	struct queue *queue;
	struct event *queue_event, *wall_event, *mono_event, *stop_events[2], *reload_event, *zone_event, *drain_event,
		*watchdog_event;
	int wall_fd, mono_fd;
	struct host_urgency urgency;
	struct wall armed_wall;
	struct mono armed_mono;

	bool clock_is_read; /* in this turn */
	struct wall wall;
	struct mono mono;

	struct core *core;
	struct runner inner;
	int64_t running; /* attempts started and not reported */
	enum loop_phase phase;
	enum loop_end end;
	struct store_stats store_stats;
	bool said_outbox_full, said_outbox_near, said_aside;
	struct sync_news sync_news;
	void (*reload)(void *context);
	void *reload_context;
};

static void read_clock(struct loop *loop)
{
	if (loop->clock_is_read)
		return;
	loop->wall = wall_now();
	loop->mono = mono_now();
	loop->clock_is_read = true;
}

static struct wall clock_wall(void *context)
{
	struct loop *loop = context;
	read_clock(loop);
	return loop->wall;
}

static struct mono clock_mono(void *context)
{
	struct loop *loop = context;
	read_clock(loop);
	return loop->mono;
}

struct core_clock loop_clock(struct loop *loop)
{
	return (struct core_clock){ loop, clock_wall, clock_mono };
}

static void runner_start(void *context, struct attempt *attempt)
{
	struct loop *loop = context;
	/* Not started and never reported: its intent stays, and the next life deals with it. */
	if (loop->phase != LOOP_RUNNING)
		return;
	loop->running++;
	loop->inner.start(loop->inner.context, attempt);
}

static void runner_cancel(void *context, struct attempt *attempt)
{
	struct loop *loop = context;
	if (loop->phase == LOOP_RUNNING)
		loop->inner.cancel(loop->inner.context, attempt);
}

struct runner loop_runner(struct loop *loop, struct runner inner)
{
	loop->inner = inner;
	return (struct runner){ loop, runner_start, runner_cancel };
}

void loop_report(void *context, struct attempt *attempt, const struct attempt_result *result)
{
	struct loop *loop = context;
	loop->running--;
	core_attempt_done(loop->core, attempt, result);
}

struct loop_status_message *loop_status_message_new(struct queue *reply_to, int reply_type)
{
	struct loop_status_message *status = g_new0(struct loop_status_message, 1);
	status->message = (struct message){ .type = LOOP_STATUS, .reply_to = reply_to, .reply_type = reply_type };
	return status;
}

void loop_drop_change(struct job_change *change)
{
	g_ptr_array_set_free_func(change->upserts, (GDestroyNotify)stored_job_free);
	g_ptr_array_unref(change->upserts);
	g_ptr_array_unref(change->deletes);
	g_clear_pointer(&change->keep_ids, g_hash_table_unref);
	g_clear_pointer(&change->moves, g_array_unref);
	g_free(change);
}

static void release_apply(struct message *message)
{
	struct loop_apply_message *apply = (struct loop_apply_message *)message;
	if (apply->change != NULL)
		loop_drop_change(apply->change);
}

struct loop_apply_message *loop_apply_message_new(struct job_change *change, struct queue *reply_to, int reply_type)
{
	struct loop_apply_message *apply = g_new0(struct loop_apply_message, 1);
	apply->message = (struct message){ .type = LOOP_APPLY_JOBS, .reply_to = reply_to, .reply_type = reply_type };
	apply->message.release = release_apply;
	apply->change = change;
	return apply;
}

static void release_commands(struct message *message)
{
	struct loop_commands_message *commands = (struct loop_commands_message *)message;
	g_array_unref(commands->commands);
	g_array_unref(commands->known);
}

struct loop_commands_message *loop_commands_message_new(void)
{
	struct loop_commands_message *commands = g_new0(struct loop_commands_message, 1);
	commands->message = (struct message){ .type = LOOP_COMMANDS, .release = release_commands };
	commands->commands = g_array_new(FALSE, FALSE, sizeof(struct sync_command));
	commands->known = g_array_new(FALSE, FALSE, sizeof(int64_t));
	commands->lease_until = WALL_NONE;
	return commands;
}

static void fill_status(struct loop *loop, struct loop_status_message *status)
{
	struct core_stats stats;
	int64_t count;
	core_get_stats(loop->core, &stats);
	core_job_set(loop->core, &status->jobs_revision, &status->jobs_digest, &count);
	status->status = (struct sync_status){
		.jobs = count,
		.running = stats.running,
		.oldest_unsent_at = WALL_NONE,
		.next_fire_at = stats.next_fire_at,
		.clock_epoch = stats.clock_epoch,
		.outbox_max = stats.outbox_max,
		.outbox_full = stats.outbox_full,
	};
	g_strlcpy(status->status.tzdata, tz_database_version(), sizeof status->status.tzdata);
	status->n_done_commands = core_done_commands(loop->core, status->done_commands, SYNC_COMMANDS_MAX);
}

static void jobs_applied(void *context, bool ok)
{
	struct loop_apply_message *apply = context;
	apply->ok = ok;
	if (!message_reply(&apply->message))
		message_free(&apply->message);
}

static void apply_jobs(struct loop *loop, struct loop_apply_message *apply)
{
	struct job_change *change = g_steal_pointer(&apply->change);
	change->done = jobs_applied;
	change->context = apply;
	core_apply_jobs(loop->core, change);
}

static void take_commands(struct loop *loop, const struct loop_commands_message *message)
{
	if (wall_is_set(message->lease_until))
		core_lease(loop->core, message->lease_until);
	if (message->known->len > 0)
		core_commands_known(loop->core, (const int64_t *)(void *)message->known->data, (int)message->known->len);
	for (guint i = 0; i < message->commands->len; i++)
		core_command(loop->core, &g_array_index(message->commands, struct sync_command, i));
}

static void end(struct loop *loop, enum loop_end how)
{
	loop->phase = LOOP_ENDED;
	loop->end = how;
}

static void take_recent(const struct store_recent_message *recent)
{
	recent->done(recent->context, recent->records, recent->seqs == NULL ? NULL : (const int64_t *)(void *)recent->seqs->data);
}

static void note_store(struct loop *loop, const struct store_stats *stats)
{
	loop->store_stats = *stats;
	core_note_unsent(loop->core, stats->next_seq - 1 - stats->acked_seq);
}

static void say_outbox(struct loop *loop)
{
	struct core_stats stats;
	core_get_stats(loop->core, &stats);
	if (stats.outbox_nearly_full && !loop->said_outbox_near)
		log_warning("the outbox is nearly full: nothing new is started once it is", NULL);
	loop->said_outbox_near = stats.outbox_nearly_full;
	if (stats.outbox_full == loop->said_outbox_full)
		return;
	loop->said_outbox_full = stats.outbox_full;
	if (stats.outbox_full)
		log_warning("the outbox is full: nothing new is started until central has taken a part of it", NULL);
	else
		log_info("the outbox has room again: firing goes on", NULL);
}

static void take_news(struct loop *loop, const struct sync_news *news)
{
	loop->sync_news = *news;
	core_heard(loop->core, news->asked_at);
	core_stand_aside(loop->core, news->refused);
	if (news->refused == loop->said_aside)
		return;
	loop->said_aside = news->refused;
	if (news->refused)
		log_warning("central refuses this agent: nothing new is started", NULL);
	else
		log_info("central accepts this agent again: firing goes on", NULL);
}

/* Frees the message, or passes it on. */
static void take_message(struct loop *loop, struct message *message)
{
	switch (message->type) {
	case STORE_BATCH_DONE: {
		const struct store_batch_message *batch = (struct store_batch_message *)message;
		note_store(loop, &batch->stats);
		core_store_done(loop->core, batch->number, batch->result);
		say_outbox(loop);
		break;
	}
	case STORE_RECENT_DONE:
		take_recent((struct store_recent_message *)message);
		break;
	case STORE_STATS:
		note_store(loop, &((struct store_stats_message *)message)->stats);
		core_tick(loop->core);
		say_outbox(loop);
		break;
	case STORE_LOST:
		end(loop, LOOP_DATABASE_LOST);
		break;
	case LOOP_STATUS:
		fill_status(loop, (struct loop_status_message *)message);
		message_reply(message);
		return;
	case LOOP_APPLY_JOBS:
		apply_jobs(loop, (struct loop_apply_message *)message);
		return;
	case LOOP_SYNC_NEWS:
		take_news(loop, &((struct loop_sync_news_message *)message)->news);
		break;
	case LOOP_COMMANDS:
		take_commands(loop, (struct loop_commands_message *)message);
		break;
	default:
		g_assert_not_reached();
	}
	message_free(message);
}

static void on_queue(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct loop *loop = context;
	struct message *next;
	for (struct message *message = queue_take_all(loop->queue); message != NULL; message = next) {
		next = message->next;
		take_message(loop, message);
	}
}

/* Nothing to do but to empty it: each turn ticks the core. ECANCELED tells that the clock was set. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	struct loop *loop = context;
	uint64_t count;
	if (read(fd, &count, sizeof count) < 0 && errno == ECANCELED)
		log_info("the clock was set", NULL);
	if (fd == loop->wall_fd)
		loop->armed_wall = WALL_NONE;
	else
		loop->armed_mono.us = INT64_MIN;
}

static void on_drain_over(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct loop *loop = context;
	log_warning("stopping with attempts still running: the next start deals with them", "running",
		    log_number(loop->running), NULL);
	end(loop, LOOP_STOPPED);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	struct loop *loop = context;
	if (loop->phase != LOOP_RUNNING)
		return;
	log_info("stopping", "signal", g_strsignal((int)fd), "running", log_number(loop->running), NULL);
	notify_stopping();
	/* The moment that stands still: nothing comes due any more, but what has come due is not lost. */
	read_clock(loop);
	loop->phase = LOOP_DRAINING;
	core_hurry(loop->core);
	struct timeval limit = { LOOP_DRAIN_MS / 1000, LOOP_DRAIN_MS % 1000 * 1000 };
	evtimer_add(loop->drain_event, &limit);
}

static void reload_zones(struct loop *loop)
{
	tz_reload();
	job_forget_schedules();
	core_reload_zones(loop->core);
}

static void on_reload(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct loop *loop = context;
	reload_zones(loop);
	loop->reload(loop->reload_context);
}

static void on_zone_check(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct loop *loop = context;
	if (loop->phase != LOOP_RUNNING || !tz_files_changed())
		return;
	reload_zones(loop);
	log_info("the time zone files changed: all schedules were made anew", "tzdata", tz_database_version(), NULL);
}

static void on_watchdog(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	(void)context;
	notify_watchdog();
}

static void set_timer(int fd, int flags, int64_t us)
{
	us = CLAMP(us, 1, TIMER_FAR_SECONDS * US_PER_SECOND);
	struct itimerspec timer = { .it_value = { us / US_PER_SECOND, us % US_PER_SECOND * 1000 } };
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME | flags, &timer, NULL) != 0)
		log_error("timerfd_settime failed", "error", g_strerror(errno), NULL);
}

static void arm_timers(struct loop *loop)
{
	struct wall wall;
	struct mono mono;
	core_next_wake(loop->core, &wall, &mono);
	if (wall.us != loop->armed_wall.us)
		set_timer(loop->wall_fd, TFD_TIMER_CANCEL_ON_SET, wall.us);
	if (mono.us != loop->armed_mono.us)
		set_timer(loop->mono_fd, 0, mono.us);
	loop->armed_wall = wall;
	loop->armed_mono = mono;
}

static void end_turn(struct loop *loop)
{
	if (loop->phase == LOOP_RUNNING) {
		loop->clock_is_read = false;
		core_tick(loop->core);
		arm_timers(loop);
		host_urgency_adjust(&loop->urgency, loop->mono);
		loop->clock_is_read = false;
	} else if (loop->phase == LOOP_DRAINING && loop->running == 0) {
		struct core_stats stats;
		core_get_stats(loop->core, &stats);
		if (stats.batches_unsettled == 0)
			end(loop, LOOP_STOPPED);
	}
}

bool loop_make_realtime(struct loop *loop)
{
	bool granted = host_make_thread_realtime();
	loop->urgency = (struct host_urgency){ .wanted = granted, .realtime = granted };
	return granted;
}

void loop_set_core(struct loop *loop, struct core *core)
{
	loop->core = core;
}

enum loop_end loop_run(struct loop *loop, void (*reload)(void *context), void *context)
{
	loop->reload = reload;
	loop->reload_context = context;
	loop->phase = LOOP_RUNNING;
	loop->armed_wall = WALL_NONE;
	loop->armed_mono.us = INT64_MIN;
	end_turn(loop);
	while (loop->phase != LOOP_ENDED) {
		event_base_loop(loop->base, EVLOOP_ONCE);
		end_turn(loop);
	}
	evtimer_del(loop->drain_event);
	return loop->end;
}

static struct event *add(struct loop *loop, int fd, short what, event_callback_fn callback)
{
	struct event *event = event_new(loop->base, fd, what | EV_PERSIST, callback, loop);
	if (event != NULL)
		event_add(event, NULL);
	return event;
}

static struct event *add_every(struct loop *loop, int64_t us, event_callback_fn callback)
{
	struct event *event = event_new(loop->base, -1, EV_PERSIST, callback, loop);
	struct timeval interval = { us / US_PER_SECOND, us % US_PER_SECOND };
	if (event != NULL)
		event_add(event, &interval);
	return event;
}

static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *loop_new(GError **error)
{
	struct loop *loop = g_new0(struct loop, 1);
	loop->queue = queue_new();
	loop->wall_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->mono_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->sync_news.last_success_at = WALL_NONE;
	loop->base = make_base();
	if (loop->wall_fd < 0 || loop->mono_fd < 0 || loop->base == NULL) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "the event loop cannot be made: %s", g_strerror(errno));
		loop_free(loop);
		return NULL;
	}
	loop->queue_event = add(loop, queue_fd(loop->queue), EV_READ, on_queue);
	loop->wall_event = add(loop, loop->wall_fd, EV_READ, on_timer);
	loop->mono_event = add(loop, loop->mono_fd, EV_READ, on_timer);
	loop->stop_events[0] = add(loop, SIGTERM, EV_SIGNAL, on_stop);
	loop->stop_events[1] = add(loop, SIGINT, EV_SIGNAL, on_stop);
	loop->reload_event = add(loop, SIGHUP, EV_SIGNAL, on_reload);
	loop->zone_event = add_every(loop, ZONE_CHECK_SECONDS * US_PER_SECOND, on_zone_check);
	loop->drain_event = evtimer_new(loop->base, on_drain_over, loop);
	int64_t watchdog_us = notify_watchdog_us();
	if (watchdog_us > 0)
		loop->watchdog_event = add_every(loop, watchdog_us / 2, on_watchdog);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	struct event *events[] = { loop->queue_event,    loop->wall_event,   loop->mono_event,
				   loop->stop_events[0], loop->stop_events[1], loop->reload_event,
				   loop->zone_event,     loop->drain_event,  loop->watchdog_event };
	for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (loop->base != NULL)
		event_base_free(loop->base);
	if (loop->wall_fd >= 0)
		close(loop->wall_fd);
	if (loop->mono_fd >= 0)
		close(loop->mono_fd);
	queue_free(loop->queue);
	g_free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

struct queue *loop_queue(struct loop *loop)
{
	return loop->queue;
}

const struct store_stats *loop_store_stats(const struct loop *loop)
{
	return &loop->store_stats;
}

const struct sync_news *loop_sync_news(const struct loop *loop)
{
	return &loop->sync_news;
}
