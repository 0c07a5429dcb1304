/*
 * libcurl's sockets and its timer, on libevent. libcurl says which sockets matter to it (SOCKETFUNCTION); libevent says
 * what happened to them (curl_multi_socket_action).
 *
 * libcurl takes its interest back at the end of each transfer and takes it up again at the next on the same connection;
 * told to the kernel that would be two system calls per request. A connection of ours therefore stays registered for
 * reading while it idles, and is taken out when something really happens on it (as a rule: the other side closed).
 * This is safe because we open and close these sockets ourselves: the registration dies before the descriptor.
 *
 * What has ended is collected once for all sockets that were ready together (runner->deliver runs after them), so that the
 * requests that follow leave in a row: one wake-up of the target and warm caches for many, 40 -> 33 us per execution.
 */
#include "agent/runner_internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct runner_socket {
	struct runner_http *runner;
	int fd;
	bool ours;   /* opened by runner_socket_open; else one of libcurl's own (a wake-up pair) */
	bool wanted; /* libcurl is interested */
	struct event *read, *write;
};

static void on_ready(evutil_socket_t fd, short what, void *context)
{
	struct runner_socket *socket = context;
	struct runner_http *runner = socket->runner;
	int running;
	if (!socket->wanted) {
		event_del(socket->read);
		return;
	}
	curl_multi_socket_action(runner->multi, fd,
				 (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0),
				 &running);
	event_active(runner->deliver, EV_TIMEOUT, 0);
}

static struct runner_socket *get_socket(struct runner_http *runner, int fd)
{
	if ((guint)fd >= runner->sockets->len)
		g_ptr_array_set_size(runner->sockets, fd + 64);
	struct runner_socket *socket = runner->sockets->pdata[fd];
	if (socket != NULL)
		return socket;
	socket = g_new0(struct runner_socket, 1);
	socket->runner = runner;
	socket->fd = fd;
	socket->read = event_new(runner->base, fd, EV_READ | EV_PERSIST, on_ready, socket);
	socket->write = event_new(runner->base, fd, EV_WRITE | EV_PERSIST, on_ready, socket);
	runner->sockets->pdata[fd] = socket;
	return socket;
}

static void socket_free(struct runner_socket *socket)
{
	event_free(socket->read);
	event_free(socket->write);
	g_free(socket);
}

static void drop_socket(struct runner_http *runner, int fd)
{
	if ((guint)fd >= runner->sockets->len || runner->sockets->pdata[fd] == NULL)
		return;
	socket_free(runner->sockets->pdata[fd]);
	runner->sockets->pdata[fd] = NULL;
}

static void set_event(struct event *event, short what, bool on)
{
	bool is_on = event_pending(event, what, NULL);
	if (on && !is_on)
		event_add(event, NULL);
	else if (!on && is_on)
		event_del(event);
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	(void)easy;
	(void)socket_context;
	struct runner_http *runner = context;
	struct runner_socket *socket = get_socket(runner, fd);
	socket->wanted = what != CURL_POLL_REMOVE;
	if (socket->wanted) {
		set_event(socket->read, EV_READ, what & CURL_POLL_IN);
		set_event(socket->write, EV_WRITE, what & CURL_POLL_OUT);
	} else if (socket->ours) {
		set_event(socket->write, EV_WRITE, false);
	} else {
		drop_socket(runner, fd);
	}
	return 0;
}

curl_socket_t runner_socket_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose;
	struct transfer *transfer = context;
	struct runner_http *runner = transfer->runner;
	const char *why = egress_check(runner->egress, &address->addr);
	if (why != NULL) {
		transfer->denied = why;
		return CURL_SOCKET_BAD;
	}
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
	if (fd < 0) {
		transfer->socket_errno = errno;
		return CURL_SOCKET_BAD;
	}
	drop_socket(runner, fd);
	get_socket(runner, fd)->ours = true;
	transfer->sockets_opened++;
	runner->stats.connections++;
	runner->stats.open_connections++;
	return fd;
}

int runner_socket_close(void *context, curl_socket_t fd)
{
	struct runner_http *runner = context;
	drop_socket(runner, fd);
	runner->stats.open_connections--;
	return close(fd);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct runner_http *runner = context;
	int running;
	curl_multi_socket_action(runner->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	event_active(runner->deliver, EV_TIMEOUT, 0);
}

/* libcurl asks for "now" whenever a transfer is added: many starts in one tick are one call of on_timer. */
static int on_timer_change(CURLM *multi, long timeout_ms, void *context)
{
	(void)multi;
	struct runner_http *runner = context;
	if (timeout_ms < 0) {
		evtimer_del(runner->timer);
	} else if (timeout_ms == 0) {
		event_active(runner->timer, EV_TIMEOUT, 0);
	} else {
		const struct timeval delay = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
		evtimer_add(runner->timer, &delay);
	}
	return 0;
}

bool runner_sockets_init(struct runner_http *runner)
{
	CURLM *multi = runner->multi;
	runner->timer = evtimer_new(runner->base, on_timer, runner);
	runner->sockets = g_ptr_array_new();
	return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_interest) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, runner) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_change) == CURLM_OK &&
	       curl_multi_setopt(multi, CURLMOPT_TIMERDATA, runner) == CURLM_OK;
}

/* After the multi is gone: it still closes sockets. */
void runner_sockets_done(struct runner_http *runner)
{
	for (guint i = 0; i < runner->sockets->len; i++)
		drop_socket(runner, (int)i);
	g_ptr_array_unref(runner->sockets);
	event_free(runner->timer);
}
