#include "agent/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/loop_internal.h"
#include "agent/notify.h"
#include "common/log.h"
#include "common/tz.h"

#define ZONE_CHECK_SECONDS 60
#define TIMER_FAR_SECONDS INT64_C(4102444800) /* 2100: a timer that is only there to notice that the clock was set */

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

void loop_leave(struct loop *loop, enum loop_end how)
{
	loop->phase = LOOP_ENDED;
	loop->end = how;
}

static void on_queue(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct loop *loop = context;
	struct message *next;
	for (struct message *message = queue_take_all(loop->queue); message != NULL; message = next) {
		next = message->next;
		loop_take_message(loop, message);
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
	loop_leave(loop, LOOP_STOPPED);
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
			loop_leave(loop, LOOP_STOPPED);
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
