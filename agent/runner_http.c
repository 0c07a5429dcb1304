/*
 * Transfers: where they come from, what becomes of them.
 *
 *            take                 libcurl, or no libcurl at all            report
 *   idle ----------> (name ->) running -----------------------> finished ----------> idle
 *
 * Idle transfers stand in two lists: of the job they served last, and by age. A job gets one that knows it; else a new
 * one while few are idle; else the one that has been idle longest, which forgets what it knew.
 */
#include "agent/runner_internal.h"

#include <string.h>

#define SPARE_TRANSFERS 32 /* idle ones; with more than that the oldest is used again rather than a new one made */

/* An end that does not come from libcurl. */
static void finish(struct transfer *transfer, enum attempt_outcome outcome, const char *error)
{
	struct runner_http *runner = transfer->runner;
	response_end(transfer, outcome, error);
	TAILQ_REMOVE(&runner->busy, transfer, state_entry);
	TAILQ_INSERT_TAIL(&runner->finished, transfer, state_entry);
	transfer->state = TRANSFER_FINISHED;
	event_active(runner->deliver, EV_TIMEOUT, 0);
}

static void transfer_free(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	if (transfer->name_timer != NULL)
		event_free(transfer->name_timer);
	g_free(transfer->headers);
	g_free(transfer->resolve.data);
	g_ptr_array_unref(transfer->rendered);
	g_string_free(transfer->url, TRUE);
	g_string_free(transfer->body, TRUE);
	g_free(transfer->kept);
	g_free(transfer);
}

static void free_line(void *line)
{
	g_string_free(line, TRUE);
}

/* libcurl without memory ends the process, as GLib does. */
static struct transfer *transfer_new(struct runner_http *runner)
{
	struct transfer *transfer = g_new0(struct transfer, 1);
	transfer->runner = runner;
	transfer->rendered = g_ptr_array_new_with_free_func(free_line);
	transfer->url = g_string_new(NULL);
	transfer->body = g_string_new(NULL);
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL || !transfer_set_common(transfer))
		g_error("libcurl has no memory for a transfer");
	return transfer;
}

static void release_call(struct runner_http *runner, struct call *call)
{
	if (--call->n_transfers == 0)
		g_hash_table_remove(runner->calls, call->job);
}

static void leave_idle(struct transfer *transfer)
{
	TAILQ_REMOVE(&transfer->runner->idle, transfer, state_entry);
	TAILQ_REMOVE(&transfer->call->idle, transfer, call_entry);
	transfer->runner->n_idle--;
}

/* The transfer that has been idle longest, empty of what it knew. */
static struct transfer *recycle(struct runner_http *runner)
{
	struct transfer *transfer = TAILQ_LAST(&runner->idle, transfer_list);
	struct call *call = transfer->call;
	leave_idle(transfer);
	transfer_forget(transfer);
	release_call(runner, call);
	return transfer;
}

static struct call *get_call(struct runner_http *runner, struct job *job)
{
	struct call *call = g_hash_table_lookup(runner->calls, job);
	if (call == NULL) {
		call = call_new(runner, job);
		g_hash_table_insert(runner->calls, call->job, call);
	}
	return call;
}

static struct transfer *take_transfer(struct runner_http *runner, struct job *job)
{
	struct call *call = get_call(runner, job);
	struct transfer *transfer = TAILQ_FIRST(&call->idle);
	if (transfer != NULL) {
		leave_idle(transfer);
		return transfer;
	}
	call->n_transfers++;
	transfer = runner->n_idle >= SPARE_TRANSFERS ? recycle(runner) : transfer_new(runner);
	transfer_adopt(transfer, call);
	return transfer;
}

static void make_idle(struct transfer *transfer)
{
	struct runner_http *runner = transfer->runner;
	transfer->state = TRANSFER_IDLE;
	transfer->attempt = NULL;
	TAILQ_INSERT_HEAD(&runner->idle, transfer, state_entry);
	TAILQ_INSERT_HEAD(&transfer->call->idle, transfer, call_entry);
	runner->n_idle++;
}

static void add_to_libcurl(struct transfer *transfer)
{
	const struct job_policy *policy = transfer->call->job->policy;
	int64_t waited_ms = transfer->name_us / US_PER_MS;
	transfer_set_timeouts(transfer, MAX(attempt_timeout_ms(transfer->attempt) - waited_ms, 1),
			      MAX(policy->connect_timeout_ms - waited_ms, 1));
	if (curl_multi_add_handle(transfer->runner->multi, transfer->easy) != CURLM_OK) {
		finish(transfer, ATTEMPT_RESOURCE, "libcurl has no memory for another transfer");
		return;
	}
	transfer->state = TRANSFER_RUNNING;
}

/* libcurl keeps what it was told under host and port until told anew. */
static void set_addresses(struct transfer *transfer, const struct resolver_answer *answer)
{
	const struct call *call = transfer->call;
	if (transfer->resolve_generation == answer->generation)
		return;
	g_free(transfer->resolve.data);
	transfer->resolve.data = g_strdup_printf("+%s:%d:%s", call->host, call->port, answer->addresses);
	transfer->resolve_generation = answer->generation;
	curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, &transfer->resolve);
}

static void on_address(struct resolver_wait *wait, const struct resolver_answer *answer)
{
	struct transfer *transfer = (struct transfer *)((char *)wait - offsetof(struct transfer, wait));
	transfer->runner->stats.waiting_for_names--;
	event_del(transfer->name_timer);
	transfer->name_us = mono_diff_us(mono_now(), transfer->started);
	if (answer->addresses == NULL) {
		finish(transfer, ATTEMPT_CONNECT, answer->error);
		return;
	}
	set_addresses(transfer, answer);
	add_to_libcurl(transfer);
}

static void stop_waiting(struct transfer *transfer)
{
	resolver_cancel(&transfer->wait);
	event_del(transfer->name_timer);
	transfer->runner->stats.waiting_for_names--;
}

static void on_name_timeout(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct transfer *transfer = context;
	stop_waiting(transfer);
	transfer->name_us = mono_diff_us(mono_now(), transfer->started);
	finish(transfer, ATTEMPT_CONNECT, "the host name was not resolved in time");
}

static void wait_for_address(struct transfer *transfer)
{
	struct runner_http *runner = transfer->runner;
	const struct job_policy *policy = transfer->call->job->policy;
	int64_t limit_ms = MIN(attempt_timeout_ms(transfer->attempt), policy->connect_timeout_ms);
	const struct timeval limit = { .tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000 };
	if (transfer->name_timer == NULL)
		transfer->name_timer = evtimer_new(runner->base, on_name_timeout, transfer);
	evtimer_add(transfer->name_timer, &limit);
	transfer->state = TRANSFER_NAME;
	runner->stats.waiting_for_names++;
	transfer->wait.done = on_address;
	resolver_wait(runner->resolver, transfer->call->host, &transfer->wait);
}

static void start(void *context, struct attempt *attempt)
{
	struct runner_http *runner = context;
	struct transfer *transfer = take_transfer(runner, attempt->job);
	const struct call *call = transfer->call;
	struct resolver_answer answer;
	attempt->runner_data = transfer;
	transfer->attempt = attempt;
	transfer->name_us = 0;
	response_begin(transfer);
	transfer->result.started_at = wall_now();
	transfer->started = mono_now();
	TAILQ_INSERT_TAIL(&runner->busy, transfer, state_entry);
	runner->stats.started++;
	runner->stats.running++;
	if (call->refusal != NULL) {
		finish(transfer, ATTEMPT_REFUSED, call->refusal);
		return;
	}
	transfer_fill(transfer);
	if (call->host == NULL) {
		add_to_libcurl(transfer);
	} else if (resolver_get(runner->resolver, call->host, &answer)) {
		set_addresses(transfer, &answer);
		add_to_libcurl(transfer);
	} else {
		wait_for_address(transfer);
	}
}

/* Takes over what libcurl has finished. */
static void collect(struct runner_http *runner)
{
	const CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(runner->multi, &left)) != NULL) {
		struct transfer *transfer;
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
		curl_multi_remove_handle(runner->multi, easy);
		response_judge(transfer, code);
		TAILQ_REMOVE(&runner->busy, transfer, state_entry);
		TAILQ_INSERT_TAIL(&runner->finished, transfer, state_entry);
		transfer->state = TRANSFER_FINISHED;
	}
}

static void cancel(void *context, struct attempt *attempt)
{
	struct runner_http *runner = context;
	struct transfer *transfer = attempt->runner_data;
	collect(runner); /* an answer that is there is not thrown away */
	if (transfer == NULL || transfer->state == TRANSFER_FINISHED)
		return;
	if (transfer->state == TRANSFER_NAME)
		stop_waiting(transfer);
	else
		curl_multi_remove_handle(runner->multi, transfer->easy);
	finish(transfer, ATTEMPT_CANCELLED, "cancelled");
}

/*
 * The transfer is idle again before the core hears of it, so that an attempt started from there finds it. What the result
 * points to is therefore moved out first.
 */
static void report(struct transfer *transfer)
{
	struct runner_http *runner = transfer->runner;
	struct attempt *attempt = transfer->attempt;
	struct attempt_result result = transfer->result;
	char error[CURL_ERROR_SIZE], digest[crypto_hash_sha256_BYTES * 2 + 1];
	if (result.error != NULL) {
		g_strlcpy(error, result.error, sizeof(error));
		result.error = error;
	}
	if (transfer->body_bytes > 0) {
		unsigned char hash[crypto_hash_sha256_BYTES];
		crypto_hash_sha256_final(&transfer->digest, hash);
		result.body_digest = sodium_bin2hex(digest, sizeof(digest), hash, sizeof(hash));
		result.body = transfer->kept;
		result.body_size = transfer->kept_size;
		transfer->kept = g_steal_pointer(&runner->report_body);
		runner->stats.body_bytes += (int64_t)transfer->body_bytes;
	}
	runner->stats.finished[result.outcome]++;
	runner->stats.running--;
	TAILQ_REMOVE(&runner->finished, transfer, state_entry);
	make_idle(transfer);
	attempt->runner_data = NULL;
	runner->done(runner->context, attempt, &result);
	if (result.body != NULL) {
		g_free(runner->report_body);
		runner->report_body = (char *)result.body;
	}
}

/* After all that was ready in this turn of the loop. */
static void on_deliver(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct runner_http *runner = context;
	struct transfer *transfer;
	collect(runner);
	while ((transfer = TAILQ_FIRST(&runner->finished)) != NULL)
		report(transfer);
}

struct runner runner_http_interface(struct runner_http *runner)
{
	return (struct runner){ .context = runner, .start = start, .cancel = cancel };
}

static void free_call(void *call)
{
	call_free(call);
}

struct runner_http *runner_http_new(struct event_base *base, const struct runner_http_config *config,
				    runner_http_done *done, void *context, GError **error)
{
	struct runner_http *runner = g_new0(struct runner_http, 1);
	runner->base = base;
	runner->egress = config->egress;
	runner->agent_id = g_strdup(config->agent_id);
	runner->done = done;
	runner->context = context;
	runner->calls = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_call);
	runner->places = places_new();
	TAILQ_INIT(&runner->idle);
	TAILQ_INIT(&runner->busy);
	TAILQ_INIT(&runner->finished);
	if (sodium_init() >= 0 && (runner->multi = curl_multi_init()) != NULL && runner_sockets_init(runner) &&
	    curl_multi_setopt(runner->multi, CURLMOPT_MAXCONNECTS, (long)config->max_open_transfers) == CURLM_OK &&
	    (runner->resolver = resolver_new(base, config->lookup, config->name_ttl_ms)) != NULL &&
	    (runner->deliver = evtimer_new(base, on_deliver, runner)) != NULL)
		return runner;
	g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
			    "libcurl could not be set up: no memory or no descriptors left");
	runner_http_free(runner);
	return NULL;
}

static void free_list(struct transfer_list *list)
{
	struct transfer *transfer;
	while ((transfer = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, transfer, state_entry);
		if (transfer->state == TRANSFER_NAME)
			stop_waiting(transfer);
		else if (transfer->state == TRANSFER_RUNNING)
			curl_multi_remove_handle(transfer->runner->multi, transfer->easy);
		transfer_free(transfer);
	}
}

void runner_http_free(struct runner_http *runner)
{
	if (runner == NULL)
		return;
	free_list(&runner->busy);
	free_list(&runner->finished);
	free_list(&runner->idle);
	if (runner->multi != NULL)
		curl_multi_cleanup(runner->multi);
	if (runner->sockets != NULL)
		runner_sockets_done(runner);
	resolver_free(runner->resolver);
	if (runner->deliver != NULL)
		event_free(runner->deliver);
	g_hash_table_unref(runner->calls);
	g_hash_table_unref(runner->places);
	g_free(runner->report_body);
	g_free(runner->agent_id);
	g_free(runner);
}

void runner_http_get_stats(const struct runner_http *runner, struct runner_http_stats *ret)
{
	*ret = runner->stats;
}
