/*
 * How many executions a second the store's thread takes: for each the intent in, the intent out, the record in the outbox.
 *
 *	bench_store [FOLDER [EXECUTIONS [PER_BATCH]]]
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/store_sqlite.h"

#define IN_FLIGHT 2 /* as the core */

static void add_intent(struct store_batch *batch, int64_t number)
{
	struct intent intent = {
		.number = number,
		.job_id = "a-job-of-usual-length",
		.scheduled_at = wall_from_seconds(1795459400 + number / 1000),
		.not_before = WALL_NONE,
		.first_started_at = WALL_NONE,
		.cause = FIRE_SCHEDULE,
	};
	memcpy(intent.id.bytes, &number, sizeof number);
	g_array_append_val(batch->intents, intent);
}

static void add_decision(struct store_batch *batch, int64_t number)
{
	struct decision *decision = g_new0(struct decision, 1);
	struct wall due = wall_from_seconds(1795459400 + number / 1000);
	decision->intent_number = number;
	decision->execution = (struct execution){
		.job_id = g_strdup("a-job-of-usual-length"),
		.job_revision = 7,
		.cause = FIRE_SCHEDULE,
		.status = EXECUTION_SUCCESS,
		.scheduled_at = due,
		.last_scheduled_at = due,
		.count = 1,
		.armed_at = wall_add_us(due, -400000),
		.started_at = wall_add_us(due, 300),
		.finished_at = wall_add_us(due, 1500),
		.duration_us = 1200,
		.lateness_us = 300,
		.attempts = 1,
		.http_status = 200,
		.response_body = g_strdup("{\"ok\":true}"),
		.response_digest = g_strdup("4062edaf750fb8074e7e83e0c9028c94e32468a8b6f1614774328ef045150f93"),
		.timing = { -1, -1, -1, 900, 1200 },
	};
	memcpy(decision->execution.id.bytes, &number, sizeof number);
	g_ptr_array_add(batch->decisions, decision);
}

static struct store_batch *make_batch(uint64_t number, int64_t per_batch, int64_t total)
{
	struct store_batch *batch = store_batch_new(number);
	int64_t from = ((int64_t)number - 1) * per_batch;
	for (int64_t i = from; i < from + per_batch && i < total; i++)
		add_intent(batch, i + 1);
	for (int64_t i = from - per_batch; i < from && i < total; i++)
		if (i >= 0)
			add_decision(batch, i + 1);
	return batch;
}

static void await_batch(struct queue *queue)
{
	static struct message *rest;
	while (rest == NULL) {
		queue_wait(queue, -1);
		rest = queue_take_all(queue);
	}
	struct message *message = rest;
	rest = message->next;
	if (message->type == STORE_BATCH_DONE && ((struct store_batch_message *)message)->result != STORE_OK)
		g_error("a batch failed");
	message_free(message);
}

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

static void run(struct store_sqlite *store, struct queue *queue, GPtrArray *batches)
{
	struct store facade = store_sqlite_interface(store);
	for (guint i = 0; i < batches->len; i++) {
		if (i >= IN_FLIGHT)
			await_batch(queue);
		facade.submit(facade.context, batches->pdata[i]);
	}
	for (guint i = 0; i < MIN(batches->len, IN_FLIGHT); i++)
		await_batch(queue);
}

int main(int argc, char **argv)
{
	g_autofree char *made = argc > 1 ? g_strdup(argv[1]) : g_dir_make_tmp("belfry-bench-XXXXXX", NULL);
	int64_t total = argc > 2 ? g_ascii_strtoll(argv[2], NULL, 10) : 300000;
	int64_t per_batch = argc > 3 ? g_ascii_strtoll(argv[3], NULL, 10) : 2000;
	struct store_config config = { .state_dir = made, .keep_all = true, .history_rows = 10000, .history_ms = STORE_HISTORY_MS };
	g_autofree char *lost = NULL;
	GError *error = NULL;
	struct store_sqlite *store = store_sqlite_open(&config, &lost, &error);
	if (store == NULL)
		g_error("%s", error->message);
	struct queue *queue = queue_new();
	GPtrArray *batches = g_ptr_array_new_with_free_func((GDestroyNotify)store_batch_free);
	for (int64_t n = 1; n <= total / per_batch + 1; n++)
		g_ptr_array_add(batches, make_batch((uint64_t)n, per_batch, total));
	store_sqlite_start(store, queue, NULL);
	double cpu = cpu_seconds();
	struct mono begun = mono_now();
	run(store, queue, batches);
	double seconds = (double)mono_diff_us(mono_now(), begun) / 1e6;
	printf("%.0f executions/s (%" G_GINT64_FORMAT " in %.2f s, %.2f s of CPU, %" G_GINT64_FORMAT " to a batch)\n",
	       (double)total / seconds, total, seconds, cpu_seconds() - cpu, per_batch);
	store_sqlite_stop(store);
	store_sqlite_free(store);
	queue_free(queue);
	g_ptr_array_unref(batches);
	return 0;
}
