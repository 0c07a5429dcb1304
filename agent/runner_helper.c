/*
 * A helper: one thread, one event base, one runner. Orders come in by its inbox; what has ended in one turn of its base
 * goes back together, so that many results wake the loop once.
 */
#include "agent/runner_pool_internal.h"

struct helper {
	struct event_base *base;
	struct runner_http *http;
	struct runner runner;
	struct queue *inbox, *results;
	struct event *on_orders, *flush;
	struct chain ended;
	struct message stop;
	GThread *thread;

	GMutex lock; /* guards: */
	struct runner_http_stats stats;
};

static void publish(struct helper *helper)
{
	g_mutex_lock(&helper->lock);
	runner_http_get_stats(helper->http, &helper->stats);
	g_mutex_unlock(&helper->lock);
}

static void on_flush(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct helper *helper = context;
	publish(helper);
	chain_push(&helper->ended, helper->results);
}

static void answer(struct helper *helper, struct message *message, int type)
{
	message->type = type;
	chain_add(&helper->ended, message);
	event_active(helper->flush, EV_TIMEOUT, 0);
}

static void keep_body(struct held *held, const struct attempt_result *result)
{
	char *room = held->body;
	if (result->body_size > sizeof held->body)
		room = held->long_body = g_malloc(result->body_size);
	memcpy(room, result->body, result->body_size);
	held->result.body = room;
}

static void on_done(void *context, struct attempt *attempt, const struct attempt_result *result)
{
	struct held *held = (struct held *)((char *)attempt - offsetof(struct held, copy));
	held->result = *result;
	if (result->error != NULL) {
		g_strlcpy(held->error, result->error, sizeof held->error);
		held->result.error = held->error;
	}
	if (result->body != NULL)
		keep_body(held, result);
	if (result->body_digest != NULL) {
		g_strlcpy(held->digest, result->body_digest, sizeof held->digest);
		held->result.body_digest = held->digest;
	}
	answer(context, &held->message, POOL_RESULT);
}

/* A cancel for what has ended already finds no transfer, and nothing happens. */
static void take_order(struct helper *helper, struct message *message)
{
	struct held *held = message->type == POOL_CANCEL ?
				    (struct held *)((char *)message - offsetof(struct held, cancel)) :
				    (struct held *)message;
	if (message->type == POOL_STOP) {
		event_base_loopbreak(helper->base);
	} else if (message->type == POOL_START) {
		helper->runner.start(helper->runner.context, &held->copy);
	} else {
		helper->runner.cancel(helper->runner.context, &held->copy);
		answer(helper, message, POOL_CANCEL_SEEN);
	}
}

static void on_orders(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct helper *helper = context;
	struct message *next;
	for (struct message *message = queue_take_all(helper->inbox); message != NULL; message = next) {
		next = message->next;
		take_order(helper, message);
	}
}

static gpointer helper_main(gpointer context)
{
	struct helper *helper = context;
	event_base_dispatch(helper->base);
	return NULL;
}

static bool open_helper(struct helper *helper, const struct runner_http_config *config)
{
	struct event_config *flags = event_config_new();
	event_config_set_flag(flags, EVENT_BASE_FLAG_NOLOCK);
	helper->base = event_base_new_with_config(flags);
	event_config_free(flags);
	if (helper->base == NULL || (helper->http = runner_http_new(helper->base, config, on_done, helper, NULL)) == NULL)
		return false;
	helper->runner = runner_http_interface(helper->http);
	helper->flush = evtimer_new(helper->base, on_flush, helper);
	helper->on_orders = event_new(helper->base, queue_fd(helper->inbox), EV_READ | EV_PERSIST, on_orders, helper);
	if (helper->flush == NULL || helper->on_orders == NULL || event_add(helper->on_orders, NULL) != 0)
		return false;
	helper->thread = g_thread_try_new("runner", helper_main, helper, NULL);
	return helper->thread != NULL;
}

struct helper *helper_new(const struct runner_http_config *config, struct queue *results)
{
	struct helper *helper = g_new0(struct helper, 1);
	g_mutex_init(&helper->lock);
	helper->inbox = queue_try_new();
	helper->results = results;
	helper->stop.type = POOL_STOP;
	if (helper->inbox != NULL && open_helper(helper, config))
		return helper;
	helper_free(helper);
	return NULL;
}

void helper_push(struct helper *helper, struct chain *orders)
{
	chain_push(orders, helper->inbox);
}

void helper_get_stats(struct helper *helper, struct runner_http_stats *ret)
{
	g_mutex_lock(&helper->lock);
	*ret = helper->stats;
	g_mutex_unlock(&helper->lock);
}

void helper_free(struct helper *helper)
{
	if (helper->thread != NULL) {
		queue_push(helper->inbox, &helper->stop);
		g_thread_join(helper->thread);
	}
	runner_http_free(helper->http);
	if (helper->flush != NULL)
		event_free(helper->flush);
	if (helper->on_orders != NULL)
		event_free(helper->on_orders);
	if (helper->base != NULL)
		event_base_free(helper->base);
	/* Orders that came behind the stop are parts of what the pool holds. */
	if (helper->inbox != NULL)
		queue_take_all(helper->inbox);
	queue_free(helper->inbox);
	g_mutex_clear(&helper->lock);
	g_free(helper);
}
