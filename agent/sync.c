#include "config.h"

#include "agent/sync.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/central_client.h"
#include "agent/loop.h"
#include "agent/rotation.h"
#include "agent/sync_jobs.h"
#include "common/log.h"

#define HURRY_MS 200          /* between two rounds that failures ask for */
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 30000
#define PACE_MIN_MS 50        /* central's wish is taken within these bounds */
#define PACE_MAX_MS 600000
#define FOREIGN_PAUSE_MS 200  /* after a reply to another request; the network is in order, so no backoff */
#define JITTER 0.1
/* A backlog leaves this machine, the link and central to live work most of the time: rest that long for each round. */
#define BACKLOG_REST 3
#define BACKLOG_REST_MAX_MS 1000

/* Answers that this thread waits for; beside enum store_news. */
enum sync_answer { SYNC_STATUS = STORE_NEWS_MAX_, SYNC_APPLIED, SYNC_STOP };

struct sync {
	struct queue *queue, *loop;
	struct store_sqlite *store;
	struct central_client *client;
	char *boot_id;
	char life[SYNC_LIFE_MAX + 1]; /* of this process */
	int64_t lives;                /* of this agent, as central told last */
	GThread *thread;
	int stop_fd; /* ends a POST under way */
	bool stopping, hurry;

	struct message *waiting, **waiting_end; /* taken from the queue, not looked at yet */
	struct sync_jobs jobs;
	struct rotation rotation;
	struct mono next_at, last_round_at;
	int64_t backoff_ms; /* 0 = the last round was good */
	int max_records;
	int64_t last_depth;   /* of the outbox, at the round before */
	int64_t highest_sent; /* seq, in this life: a reply may have been lost after central took the records */
	struct sync_news news;
};

/* One round's material. */
struct round {
	struct store_unsent_message *unsent;
	struct loop_status_message *status;
	char id[SYNC_ID_MAX + 1];
	GString *body;
	struct central_answer answer;
};

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

/* Looks at what came; keeps answers for await(). */
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

/* The answer that was asked for; NULL when the agent stops. Never more than one is under way. */
static struct message *await(struct sync *sync, int type)
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

static void tell_news(struct sync *sync)
{
	struct loop_sync_news_message *message = g_new0(struct loop_sync_news_message, 1);
	message->message.type = LOOP_SYNC_NEWS;
	message->news = sync->news;
	queue_push(sync->loop, &message->message);
}

static void wait_ms(struct sync *sync, int64_t ms)
{
	sync->next_at = mono_add_us(mono_now(), ms * US_PER_MS);
}

/* Full jitter: a fleet that lost its central together does not come back together. */
static void back_off(struct sync *sync, int64_t at_least_ms)
{
	sync->backoff_ms = sync->backoff_ms == 0 ? BACKOFF_FIRST_MS : MIN(sync->backoff_ms * 2, BACKOFF_MAX_MS);
	int64_t pause = (int64_t)g_random_double_range(0.1 * (double)sync->backoff_ms, (double)sync->backoff_ms);
	if (at_least_ms > 0)
		pause = at_least_ms + (int64_t)g_random_double_range(0, 0.2 * (double)at_least_ms + 1);
	wait_ms(sync, pause);
}

static void round_failed(struct sync *sync, const char *error, int64_t retry_after_ms)
{
	if (sync->backoff_ms == 0 || g_strcmp0(error, sync->news.error) != 0)
		log_warning(sync->news.refused ? "sync with central failed" : "sync with central failed; jobs go on running",
			    "error", error, NULL);
	g_strlcpy(sync->news.error, error, sizeof sync->news.error);
	sync->news.connected = false;
	sync->news.failures++;
	back_off(sync, MIN(retry_after_ms, PACE_MAX_MS));
	tell_news(sync);
}

static void round_succeeded(struct sync *sync, int64_t pause_ms)
{
	if (!sync->news.connected)
		log_info("in touch with central", NULL);
	sync->news.connected = true;
	sync->news.refused = false;
	sync->news.last_success_at = wall_now();
	sync->news.error[0] = '\0';
	sync->backoff_ms = 0;
	sync->max_records = SYNC_RECORDS_MAX;
	wait_ms(sync, pause_ms);
	tell_news(sync);
}

static bool gather(struct sync *sync, struct round *round)
{
	store_sqlite_unsent(sync->store, sync->max_records, SYNC_BYTES_MAX, sync->queue);
	round->unsent = (struct store_unsent_message *)await(sync, STORE_UNSENT_DONE);
	if (round->unsent == NULL)
		return false;
	queue_push(sync->loop, &loop_status_message_new(sync->queue, SYNC_STATUS)->message);
	round->status = (struct loop_status_message *)await(sync, SYNC_STATUS);
	return round->status != NULL;
}

static GString *encode(struct sync *sync, const struct round *round)
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

static int64_t last_sent(const struct round *round)
{
	return round->unsent->first_seq + round->unsent->records->len - 1;
}

static bool orders(const struct sync_reply *reply, int64_t id)
{
	for (guint i = 0; i < reply->commands->len; i++)
		if (g_array_index(reply->commands, struct sync_command, i).id == id)
			return true;
	return false;
}

/*
 * After the jobs, since an order may be about one of them; while parts of the set are still to come, orders wait: central
 * repeats them. What central orders again it has not heard to be done, whatever was sent.
 */
static void pass_commands(struct sync *sync, const struct round *round, const struct sync_reply *reply)
{
	const struct loop_status_message *status = round->status;
	bool lease = reply->jobs_mode == SYNC_JOBS_NONE && wall_is_set(reply->lease_until) && !sync->jobs.want_snapshot;
	if (reply->commands->len == 0 && status->n_done_commands == 0 && !lease)
		return;
	struct loop_commands_message *message = loop_commands_message_new();
	message->lease_until = lease ? reply->lease_until : WALL_NONE;
	for (int i = 0; i < status->n_done_commands; i++)
		if (!orders(reply, status->done_commands[i]))
			g_array_append_val(message->known, status->done_commands[i]);
	for (guint i = 0; i < reply->commands->len && !reply->jobs_more; i++)
		if (g_array_index(reply->commands, struct sync_command, i).type != SYNC_COMMAND_ROTATE)
			g_array_append_val(message->commands, g_array_index(reply->commands, struct sync_command, i));
	queue_push(sync->loop, &message->message);
}

/* False when the agent stops before the change is durable, or when another answer is wanted at once. */
static bool pass_jobs(struct sync *sync, const struct sync_reply *reply, guint refused)
{
	bool of_snapshot = reply->jobs_mode == SYNC_JOBS_SNAPSHOT || sync->jobs.keep_ids != NULL;
	struct job_change *change = sync_jobs_change(&sync->jobs, reply, refused);
	if (change == NULL)
		return true;
	change->asked = sync->last_round_at;
	log_info("the job set changes", "mode", reply->jobs_mode == SYNC_JOBS_SNAPSHOT ? "snapshot" : "delta", "revision",
		 log_number(reply->jobs_revision), "upserts", log_number(reply->upserts->len), "deletes",
		 log_number(reply->deletes->len), "more", reply->jobs_more ? "true" : NULL, NULL);
	queue_push(sync->loop, &loop_apply_message_new(change, sync->queue, SYNC_APPLIED)->message);
	struct message *answer = await(sync, SYNC_APPLIED);
	bool ok = answer != NULL && ((struct loop_apply_message *)answer)->ok;
	if (answer != NULL)
		message_free(answer);
	if (!ok && !sync->stopping) {
		log_info("the answer is older than an absence of this agent: asking again", NULL);
		sync->jobs.want_snapshot |= of_snapshot;
	}
	return ok;
}

/* None while the backlog grows all the same. */
static int64_t backlog_rest_ms(struct sync *sync, const struct round *round)
{
	bool shrinks = round->unsent->depth < sync->last_depth;
	int64_t took_ms = mono_diff_us(mono_now(), sync->last_round_at) / US_PER_MS;
	return shrinks ? MIN(BACKLOG_REST * took_ms, BACKLOG_REST_MAX_MS) : 0;
}

static int64_t pause_after(struct sync *sync, const struct round *round, const struct sync_reply *reply)
{
	if (reply->jobs_more || sync->jobs.want_snapshot)
		return 0;
	if (round->unsent->more && reply->acked_seq >= round->unsent->first_seq)
		return backlog_rest_ms(sync, round);
	int64_t pace = CLAMP(reply->next_sync_ms, PACE_MIN_MS, PACE_MAX_MS);
	return (int64_t)((double)pace * g_random_double_range(1 - JITTER, 1 + JITTER));
}

static bool orders_rotation(const struct sync_reply *reply)
{
	for (guint i = 0; i < reply->commands->len; i++)
		if (g_array_index(reply->commands, struct sync_command, i).type == SYNC_COMMAND_ROTATE)
			return true;
	return false;
}

/* Of the agent itself and not of its jobs, so the loop has no part in it; central sees by itself when it is done. */
static void use_key_news(struct sync *sync, const struct sync_reply *reply)
{
	rotation_accepted(&sync->rotation);
	if (!orders_rotation(reply))
		return;
	switch (rotation_carry_out(&sync->rotation)) {
	case ROTATION_TOLD:
		wait_ms(sync, 0);
		break;
	case ROTATION_STOPPED:
		sync->stopping = true;
		break;
	case ROTATION_LATER:
		break;
	}
}

/* True when central has heard of more of them: it may know us for the elder of two once it hears from us again. */
static bool learn_lives(struct sync *sync, int64_t lives)
{
	bool more = lives > sync->lives;
	sync->lives = MAX(sync->lives, lives);
	return more;
}

static void use_reply(struct sync *sync, const struct round *round, const struct sync_reply *reply, guint refused)
{
	learn_lives(sync, reply->lives);
	/* A copy of this agent sent them, or a life whose records are lost; when it is a copy, central soon knows which of us. */
	if (reply->acked_seq > sync->highest_sent) {
		log_error("central acknowledges records that were not sent: the reply is not used", "acked",
			  log_number(reply->acked_seq), "lastSent", log_number(sync->highest_sent), NULL);
		round_failed(sync, "central acknowledges records that were not sent", 0);
		return;
	}
	if (reply->acked_seq > round->unsent->acked_seq)
		store_sqlite_ack(sync->store, round->unsent->epoch, reply->acked_seq);
	if (!pass_jobs(sync, reply, refused))
		return;
	pass_commands(sync, round, reply);
	if (sync_jobs_check(&sync->jobs, reply, round->status->jobs_revision, round->status->jobs_digest, mono_now()))
		log_warning("the job set differs from central's: asking for all of it", NULL);
	if (!reply->jobs_more && !sync->jobs.want_snapshot)
		sync->news.asked_at = sync->last_round_at;
	round_succeeded(sync, pause_after(sync, round, reply));
	sync->last_depth = round->unsent->depth;
	use_key_news(sync, reply);
}

/*
 * A reply that was kept back, or repeated, by somebody on the way would bring an old job set back. Central of an older
 * version tells no id: its replies are taken as they come.
 */
static bool is_foreign(struct sync *sync, const struct round *round, const struct sync_reply *reply)
{
	if (reply->sync_id[0] == '\0' || strcmp(reply->sync_id, round->id) == 0)
		return false;
	log_warning("a reply to another sync arrived, and is not used", "asked", round->id, "answered", reply->sync_id, NULL);
	g_strlcpy(sync->news.error, "a reply to another sync arrived", sizeof sync->news.error);
	sync->news.failures++;
	wait_ms(sync, FOREIGN_PAUSE_MS);
	tell_news(sync);
	return true;
}

static void decode_reply(struct sync *sync, const struct round *round)
{
	struct sync_reply reply;
	GPtrArray *refused = NULL;
	g_autoptr(GError) error = NULL;
	if (!sync_reply_decode(round->answer.body->str, round->answer.body->len, &reply, &refused, &error)) {
		round_failed(sync, error->message, 0);
		return;
	}
	if (!is_foreign(sync, round, &reply)) {
		for (guint i = 0; i < refused->len; i++)
			log_error("a job from central cannot be used by this agent and is left out", "job", refused->pdata[i], NULL);
		use_reply(sync, round, &reply, refused->len);
	}
	g_ptr_array_unref(refused);
	sync_reply_clear(&reply);
}

/* A record whose text was damaged on disk must not hold up all others: its place is taken by an event. */
static bool replace_damaged(struct sync *sync, const struct round *round)
{
	bool found = false;
	for (guint i = 0; i < round->unsent->records->len; i++) {
		json_t *json = json_loads(round->unsent->records->pdata[i], 0, NULL);
		bool good = json_is_object(json);
		json_decref(json);
		if (good)
			continue;
		found = true;
		int64_t seq = round->unsent->first_seq + i;
		g_autoptr(GString) text = g_string_new(NULL);
		g_autofree char *detail = g_strdup_printf("record %" G_GINT64_FORMAT " was damaged on disk and is lost", seq);
		wire_append_event(text, &(struct agent_event){ .kind = "storeFailed", .at = wall_now(), .detail = detail });
		store_sqlite_replace(sync->store, seq, text->str);
		log_error("a damaged record is replaced by an event", "seq", log_number(seq), NULL);
	}
	return found;
}

/*
 * Another agent has this identity, or had the records that this one has lost. What it would start the other one may start as
 * well, so nothing new is started until central accepts it again.
 */
static void use_refusal(struct sync *sync, const struct central_answer *answer)
{
	json_t *problem = json_loadb(answer->body->str, answer->body->len, 0, NULL);
	bool news_of_lives = learn_lives(sync, json_integer_value(json_object_get(problem, "lives")));
	json_decref(problem);
	log_error("central refuses this agent's records; was the state folder copied or restored? Of two agents with one "
		  "state folder one must be enrolled anew", "error", answer->error, NULL);
	sync->news.refused = true;
	round_failed(sync, answer->error, news_of_lives ? 0 : MAX(answer->retry_after_ms, BACKOFF_MAX_MS));
}

/* Nothing new is started either when the key was revoked: the jobs were given to others. A key that central never knew is
 * another matter, since it may have been restored from a backup. */
static void use_unknown_key(struct sync *sync, const struct central_answer *answer)
{
	json_t *problem = json_loadb(answer->body->str, answer->body->len, 0, NULL);
	bool revoked = json_is_true(json_object_get(problem, "revoked"));
	json_decref(problem);
	sync->news.refused |= revoked;
	log_error(revoked ? "this agent was revoked: enrol again (belfry-agent enroll --force ...)"
			  : "central does not accept this agent's key: enrol again (belfry-agent enroll --force ...)",
		  "error", answer->error, NULL);
	round_failed(sync, "key not accepted, enrol again", MAX(answer->retry_after_ms, BACKOFF_MAX_MS));
}

static void use_error(struct sync *sync, const struct round *round)
{
	const struct central_answer *answer = &round->answer;
	switch (answer->status) {
	case 401:
		if (rotation_refused(&sync->rotation)) {
			log_info("central does not accept this key any more: showing the other one", NULL);
			wait_ms(sync, 0);
			return;
		}
		use_unknown_key(sync, answer);
		return;
	case 409:
		use_refusal(sync, answer);
		return;
	case 400:
		if (replace_damaged(sync, round))
			wait_ms(sync, 0);
		else
			round_failed(sync, answer->error, 0);
		return;
	case 413:
		sync->max_records = MAX(sync->max_records / 2, 1);
		round_failed(sync, answer->error, 0);
		return;
	default:
		round_failed(sync, answer->error, answer->retry_after_ms);
	}
}

static void run_round(struct sync *sync)
{
	struct round round = { .unsent = NULL };
	sync->hurry = false;
	sync->last_round_at = mono_now();
	if (gather(sync, &round)) {
		g_snprintf(round.id, sizeof round.id, "%08x%08x-%" G_GINT64_FORMAT, g_random_int(), g_random_int(),
			   sync->news.rounds);
		round.body = encode(sync, &round);
		sync->news.rounds++;
		sync->highest_sent = MAX(sync->highest_sent, last_sent(&round));
		central_client_post(sync->client, "/api/agent/sync", round.body->str, round.body->len, SYNC_REPLY_MAX,
				    &round.answer);
		if (round.answer.interrupted)
			sync->stopping = true;
		else if (round.answer.status >= 200 && round.answer.status <= 299)
			decode_reply(sync, &round);
		else
			use_error(sync, &round);
		central_answer_clear(&round.answer);
		g_string_free(round.body, TRUE);
	}
	if (round.unsent != NULL)
		message_free(&round.unsent->message);
	if (round.status != NULL)
		message_free(&round.status->message);
}

static void wait_for_next(struct sync *sync)
{
	while (!sync->stopping) {
		struct mono next = sync->next_at;
		if (sync->hurry && sync->backoff_ms == 0)
			next.us = MIN(next.us, mono_add_us(sync->last_round_at, HURRY_MS * US_PER_MS).us);
		int64_t wait_us = mono_diff_us(next, mono_now());
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
