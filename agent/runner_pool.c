/*
 * The loop's side of the pool: who gets an attempt, and what comes back.
 *
 * A runner is as crowded as it has attempts that began in this or the last epoch of 8 ms: a count of work, where a count
 * of attempts under way would take a thousand that hang for a thousand that keep a thread busy. With few targets all
 * attempts come back to the runner that is quicker, so the threads share the work as the processors allow.
 */
#include "agent/runner_pool_internal.h"

#define EPOCH_SHIFT 13 /* an epoch is 2^13 us */
#define SPARES_MAX 256
#define HELPER_AGAIN_US (10 * US_PER_SECOND) /* when the host had nothing for a helper */

struct runner_pool {
	struct runner_http_config config; /* of a helper */
	char *agent_id;
	struct runner_http *http;
	struct runner runner;
	struct queue *results;
	struct event *on_results, *flush;
	runner_http_done *done;
	void *context;

	struct pool_member members[1 + RUNNER_POOL_HELPERS_MAX];
	int n_members, members_max;
	bool helpers_only;
	struct mono no_helper_before;
	uint64_t epoch;
	struct held_list held, spare;
	int n_spare;
};

int runner_pool_helpers_of_host(void)
{
	return CLAMP((int)g_get_num_processors() - 1, 0, RUNNER_POOL_HELPERS_MAX);
}

static int share_of_helper(int max_open_transfers, int helpers)
{
	return MAX(max_open_transfers / (helpers + 1), 1);
}

int runner_pool_connections_max(int max_open_transfers, int helpers)
{
	return max_open_transfers + helpers * share_of_helper(max_open_transfers, helpers);
}

static int count_young(const struct pool_member *member)
{
	return member->young[0] + member->young[1];
}

static void advance_epoch(struct runner_pool *pool, struct mono now)
{
	uint64_t epoch = (uint64_t)now.us >> EPOCH_SHIFT, passed = epoch - pool->epoch;
	if (passed == 0)
		return;
	pool->epoch = epoch;
	for (int i = 0; i < pool->n_members; i++) {
		pool->members[i].young[epoch & 1] = 0;
		if (passed > 1)
			pool->members[i].young[~epoch & 1] = 0;
	}
}

static struct pool_member *add_helper(struct runner_pool *pool, struct mono now)
{
	if (pool->n_members == pool->members_max || mono_diff_us(pool->no_helper_before, now) > 0)
		return NULL;
	struct helper *helper = helper_new(&pool->config, pool->results);
	if (helper == NULL) {
		pool->no_helper_before = mono_add_us(now, HELPER_AGAIN_US);
		return NULL;
	}
	struct pool_member *member = &pool->members[pool->n_members++];
	member->helper = helper;
	return member;
}

static struct pool_member *choose(struct runner_pool *pool, struct mono now)
{
	struct pool_member *best = &pool->members[0];
	if (pool->helpers_only)
		return pool->n_members > 1 || add_helper(pool, now) != NULL ? &pool->members[1] : best;
	if (count_young(best) < RUNNER_POOL_CROWD)
		return best;
	for (int i = 1; i < pool->n_members; i++) {
		struct pool_member *member = &pool->members[i];
		if (member->running < pool->config.max_open_transfers && count_young(member) < count_young(best))
			best = member;
	}
	struct pool_member *added = count_young(best) >= RUNNER_POOL_CROWD ? add_helper(pool, now) : NULL;
	return added != NULL ? added : best;
}

static struct held *hold(struct runner_pool *pool, struct attempt *attempt)
{
	struct held *held = LIST_FIRST(&pool->spare);
	if (held != NULL) {
		LIST_REMOVE(held, entry);
		pool->n_spare--;
	} else {
		held = g_new(struct held, 1);
	}
	memset(held, 0, offsetof(struct held, error));
	held->long_body = NULL;
	held->message.type = POOL_START;
	held->cancel.type = POOL_CANCEL;
	held->attempt = attempt;
	held->copy = *attempt;
	LIST_INSERT_HEAD(&pool->held, held, entry);
	return held;
}

static void held_free(struct held *held)
{
	g_free(held->long_body);
	g_free(held);
}

/* When it was reported and no cancel of it is under way. */
static void let_go(struct runner_pool *pool, struct held *held)
{
	if (held->attempt != NULL || held->cancel_out)
		return;
	LIST_REMOVE(held, entry);
	if (pool->n_spare == SPARES_MAX) {
		held_free(held);
		return;
	}
	g_clear_pointer(&held->long_body, g_free);
	LIST_INSERT_HEAD(&pool->spare, held, entry);
	pool->n_spare++;
}

static void order(struct runner_pool *pool, struct pool_member *member, struct message *message)
{
	chain_add(&member->orders, message);
	event_active(pool->flush, EV_TIMEOUT, 0);
}

/* At the end of a turn: what was decided in it goes out together. */
static void on_flush(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct runner_pool *pool = context;
	for (int i = 1; i < pool->n_members; i++)
		helper_push(pool->members[i].helper, &pool->members[i].orders);
}

static void start(void *context, struct attempt *attempt)
{
	struct runner_pool *pool = context;
	struct mono now = mono_now();
	struct held *held = hold(pool, attempt);
	advance_epoch(pool, now);
	struct pool_member *member = choose(pool, now);
	attempt->runner_data = held;
	held->member = member;
	held->epoch = pool->epoch;
	member->running++;
	member->young[pool->epoch & 1]++;
	if (member->helper == NULL)
		pool->runner.start(pool->runner.context, &held->copy);
	else
		order(pool, member, &held->message);
}

static void cancel(void *context, struct attempt *attempt)
{
	struct runner_pool *pool = context;
	struct held *held = attempt->runner_data;
	if (held == NULL || held->cancel_out)
		return;
	if (held->member->helper == NULL) {
		pool->runner.cancel(pool->runner.context, &held->copy);
		return;
	}
	held->cancel_out = true;
	order(pool, held->member, &held->cancel);
}

static void report(struct runner_pool *pool, struct held *held, const struct attempt_result *result)
{
	struct pool_member *member = held->member;
	struct attempt *attempt = g_steal_pointer(&held->attempt);
	advance_epoch(pool, mono_now());
	if (pool->epoch - held->epoch <= 1)
		member->young[held->epoch & 1]--;
	member->running--;
	attempt->runner_data = NULL;
	pool->done(pool->context, attempt, result);
}

static void on_done(void *context, struct attempt *copy, const struct attempt_result *result)
{
	struct runner_pool *pool = context;
	struct held *held = (struct held *)((char *)copy - offsetof(struct held, copy));
	report(pool, held, result);
	let_go(pool, held);
}

static void on_results(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct runner_pool *pool = context;
	struct message *next;
	for (struct message *message = queue_take_all(pool->results); message != NULL; message = next) {
		struct held *held = (struct held *)message;
		next = message->next;
		if (message->type == POOL_RESULT) {
			report(pool, held, &held->result);
		} else {
			held = (struct held *)((char *)message - offsetof(struct held, cancel));
			held->cancel_out = false;
		}
		let_go(pool, held);
	}
}

struct runner runner_pool_interface(struct runner_pool *pool)
{
	return (struct runner){ .context = pool, .start = start, .cancel = cancel };
}

struct runner_pool *runner_pool_new(struct event_base *base, const struct runner_pool_config *config, runner_http_done *done,
				    void *context, GError **error)
{
	struct runner_pool *pool = g_new0(struct runner_pool, 1);
	int helpers = MIN(config->helpers, RUNNER_POOL_HELPERS_MAX);
	LIST_INIT(&pool->held);
	LIST_INIT(&pool->spare);
	pool->agent_id = g_strdup(config->http.agent_id);
	pool->config = config->http;
	pool->config.agent_id = pool->agent_id;
	pool->config.max_open_transfers = share_of_helper(config->http.max_open_transfers, helpers);
	pool->n_members = 1;
	pool->members_max = 1 + helpers;
	pool->helpers_only = config->helpers_only;
	pool->no_helper_before.us = 0; /* the clock's beginning: always past */
	pool->done = done;
	pool->context = context;
	pool->results = queue_new();
	pool->on_results = event_new(base, queue_fd(pool->results), EV_READ | EV_PERSIST, on_results, pool);
	pool->flush = evtimer_new(base, on_flush, pool);
	pool->http = runner_http_new(base, &config->http, on_done, pool, error);
	if (pool->http == NULL) {
		runner_pool_free(pool);
		return NULL;
	}
	pool->runner = runner_http_interface(pool->http);
	event_add(pool->on_results, NULL);
	return pool;
}

static void free_held(struct held_list *list)
{
	for (struct held *held; (held = LIST_FIRST(list)) != NULL;) {
		LIST_REMOVE(held, entry);
		held_free(held);
	}
}

void runner_pool_free(struct runner_pool *pool)
{
	if (pool == NULL)
		return;
	for (int i = 1; i < pool->n_members; i++)
		helper_free(pool->members[i].helper);
	runner_http_free(pool->http);
	event_free(pool->on_results);
	event_free(pool->flush);
	/* The messages in it are parts of what is held. */
	queue_take_all(pool->results);
	queue_free(pool->results);
	free_held(&pool->held);
	free_held(&pool->spare);
	g_free(pool->agent_id);
	g_free(pool);
}

static void add_stats(struct runner_http_stats *sum, const struct runner_http_stats *part)
{
	sum->started += part->started;
	for (int i = 0; i < ATTEMPT_OUTCOME_MAX_; i++)
		sum->finished[i] += part->finished[i];
	sum->connections += part->connections;
	sum->open_connections += part->open_connections;
	sum->running += part->running;
	sum->waiting_for_names += part->waiting_for_names;
	sum->body_bytes += part->body_bytes;
}

void runner_pool_get_stats(struct runner_pool *pool, struct runner_http_stats *ret)
{
	runner_http_get_stats(pool->http, ret);
	for (int i = 1; i < pool->n_members; i++) {
		struct runner_http_stats part;
		helper_get_stats(pool->members[i].helper, &part);
		add_stats(ret, &part);
	}
}

int runner_pool_helpers(const struct runner_pool *pool)
{
	return pool->n_members - 1;
}
