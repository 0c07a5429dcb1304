#include "config.h"

#include "agent/sync.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/sync_internal.h"

struct sync *sync_new(const struct sync_config *config, struct queue *loop)
{
	struct sync *sync = g_new0(struct sync, 1);
	sync->queue = queue_new();
	sync->loop = loop;
	sync->boot_id = g_strdup(config->boot_id);
	sync->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sync->client = central_client_new(config->central_url, key_ring_key(config->keys), &config->tls, sync->stop_fd);
	sync->rotation = (struct rotation){ .ring = config->keys, .client = sync->client };
	sync->waiting_end = &sync->waiting;
	sync->max_records = SYNC_RECORDS_MAX;
	sync->news.enabled = true;
	g_snprintf(sync->life, sizeof sync->life, "%08x%08x%08x%08x", g_random_int(), g_random_int(), g_random_int(),
		   g_random_int());
	sync->news.last_success_at = WALL_NONE;
	sync->news.asked_at.us = INT64_MIN;
	sync_jobs_init(&sync->jobs);
	return sync;
}

struct queue *sync_queue(struct sync *sync)
{
	return sync->queue;
}

void sync_free(struct sync *sync)
{
	if (sync == NULL)
		return;
	for (struct message *next, *message = sync->waiting; message != NULL; message = next) {
		next = message->next;
		message_free(message);
	}
	central_client_free(sync->client);
	sync_jobs_done(&sync->jobs);
	close(sync->stop_fd);
	queue_free(sync->queue);
	g_free(sync->boot_id);
	g_free(sync);
}

/* Looks at what came; keeps answers for sync_await(). */
static void take_messages(struct sync *sync)
{
	struct message *next;
	for (struct message *message = queue_take_all(sync->queue); message != NULL; message = next) {
		next = message->next;
		if (message->type == STORE_HURRY || message->type == SYNC_STOP) {
			sync->hurry |= message->type == STORE_HURRY;
			sync->stopping |= message->type == SYNC_STOP;
			message_free(message);
			continue;
		}
		message->next = NULL;
		*sync->waiting_end = message;
		sync->waiting_end = &message->next;
	}
}

struct message *sync_await(struct sync *sync, int type)
{
	while (!sync->stopping) {
		struct message *message = sync->waiting;
		if (message != NULL) {
			g_assert(message->type == type);
			sync->waiting = NULL;
			sync->waiting_end = &sync->waiting;
			return message;
		}
		queue_wait(sync->queue, -1);
		take_messages(sync);
	}
	return NULL;
}

static bool gather(struct sync *sync, struct sync_round *round)
{
	store_sqlite_unsent(sync->store, sync->max_records, SYNC_BYTES_MAX, sync->queue);
	round->unsent = (struct store_unsent_message *)sync_await(sync, STORE_UNSENT_DONE);
	if (round->unsent == NULL)
		return false;
	queue_push(sync->loop, &loop_status_message_new(sync->queue, SYNC_STATUS)->message);
	round->status = (struct loop_status_message *)sync_await(sync, SYNC_STATUS);
	return round->status != NULL;
}

static GString *encode(struct sync *sync, const struct sync_round *round)
{
	const struct store_unsent_message *unsent = round->unsent;
	const struct loop_status_message *status = round->status;
	struct sync_request request = {
		.epoch = unsent->epoch,
		.sent_at = wall_now(),
		.jobs_revision = sync->jobs.want_snapshot ? 0 : status->jobs_revision,
		.jobs_digest = status->jobs_digest,
		.first_seq = unsent->first_seq,
		.acked_seq = unsent->acked_seq,
		.records = unsent->records,
		.n_done_commands = status->n_done_commands,
		.status = status->status,
	};
	g_strlcpy(request.agent_version, PACKAGE_VERSION, sizeof request.agent_version);
	g_strlcpy(request.boot_id, sync->boot_id, sizeof request.boot_id);
	g_strlcpy(request.sync_id, round->id, sizeof request.sync_id);
	g_strlcpy(request.life, sync->life, sizeof request.life);
	request.lives = sync->lives;
	memcpy(request.done_commands, status->done_commands, sizeof request.done_commands);
	request.status.outbox_depth = unsent->depth;
	request.status.oldest_unsent_at = unsent->oldest_at;
	return sync_request_encode(&request);
}

static void post(struct sync *sync, struct sync_round *round)
{
	g_snprintf(round->id, sizeof round->id, "%08x%08x-%" G_GINT64_FORMAT, g_random_int(), g_random_int(), sync->news.rounds);
	g_autoptr(GString) body = encode(sync, round);
	sync->news.rounds++;
	sync->highest_sent = MAX(sync->highest_sent, round->unsent->first_seq + round->unsent->records->len - 1);
	central_client_post(sync->client, "/api/agent/sync", body->str, body->len, SYNC_REPLY_MAX, &round->answer);
	if (round->answer.interrupted)
		sync->stopping = true;
	else
		sync_use_answer(sync, round);
	central_answer_clear(&round->answer);
}

static void run_round(struct sync *sync)
{
	struct sync_round round = { .unsent = NULL };
	sync->hurry = false;
	sync_pace_begin(&sync->pace, mono_now());
	if (gather(sync, &round))
		post(sync, &round);
	if (round.unsent != NULL)
		message_free(&round.unsent->message);
	if (round.status != NULL)
		message_free(&round.status->message);
}

static void wait_for_next(struct sync *sync)
{
	while (!sync->stopping) {
		int64_t wait_us = sync_pace_due(&sync->pace, sync->hurry, mono_now());
		if (wait_us <= 0)
			return;
		queue_wait(sync->queue, (int)((wait_us + US_PER_MS - 1) / US_PER_MS));
		take_messages(sync);
	}
}

static void *sync_main(void *data)
{
	struct sync *sync = data;
	while (!sync->stopping) {
		run_round(sync);
		wait_for_next(sync);
	}
	return NULL;
}

void sync_start(struct sync *sync, struct store_sqlite *store)
{
	sync->store = store;
	sync->thread = g_thread_new("sync", sync_main, sync);
}

void sync_stop(struct sync *sync)
{
	if (sync == NULL || sync->thread == NULL)
		return;
	struct message *message = g_new0(struct message, 1);
	message->type = SYNC_STOP;
	queue_push(sync->queue, message);
	eventfd_write(sync->stop_fd, 1);
	g_thread_join(sync->thread);
	sync->thread = NULL;
}
