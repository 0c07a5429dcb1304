#include "agent/sync_internal.h"

#include <string.h>

#include "agent/sync_orders.h"
#include "common/log.h"

#define FOREIGN_PAUSE_MS 200 /* after a reply to another request; the network is in order, so no backoff */

static void tell_news(struct sync *sync)
{
	queue_push(sync->loop, &loop_sync_news_message_new(&sync->news)->message);
}

static void again_at_once(struct sync *sync)
{
	sync_pace_at(&sync->pace, 0, mono_now());
}

static void round_failed(struct sync *sync, const char *error, int64_t retry_after_ms)
{
	if (sync->pace.backoff_ms == 0 || g_strcmp0(error, sync->news.error) != 0)
		log_warning(sync->news.refused ? "sync with central failed" : "sync with central failed; jobs go on running",
			    "error", error, NULL);
	g_strlcpy(sync->news.error, error, sizeof sync->news.error);
	sync->news.connected = false;
	sync->news.failures++;
	sync_pace_failed(&sync->pace, retry_after_ms, g_random_double(), mono_now());
	tell_news(sync);
}

static void round_succeeded(struct sync *sync, enum sync_left left, int64_t wish_ms, int64_t backlog)
{
	if (!sync->news.connected)
		log_info("in touch with central", NULL);
	sync->news.connected = true;
	sync->news.refused = false;
	sync->news.last_success_at = wall_now();
	sync->news.error[0] = '\0';
	sync->max_records = SYNC_RECORDS_MAX;
	sync_pace_succeeded(&sync->pace, left, wish_ms, backlog, g_random_double(), mono_now());
	tell_news(sync);
}

/* False when the agent stops before the change is durable, or when another answer is wanted at once. */
static bool pass_jobs(struct sync *sync, const struct sync_reply *reply, guint refused)
{
	bool of_snapshot = reply->jobs_mode == SYNC_JOBS_SNAPSHOT || sync->jobs.keep_ids != NULL;
	struct job_change *change = sync_jobs_change(&sync->jobs, reply, refused);
	if (change == NULL)
		return true;
	change->asked = sync->pace.began_at;
	log_info("the job set changes", "mode", reply->jobs_mode == SYNC_JOBS_SNAPSHOT ? "snapshot" : "delta", "revision",
		 log_number(reply->jobs_revision), "upserts", log_number(reply->upserts->len), "deletes",
		 log_number(reply->deletes->len), "more", reply->jobs_more ? "true" : NULL, NULL);
	queue_push(sync->loop, &loop_apply_message_new(change, sync->queue, SYNC_APPLIED)->message);
	struct message *answer = sync_await(sync, SYNC_APPLIED);
	bool ok = answer != NULL && ((struct loop_apply_message *)answer)->ok;
	if (answer != NULL)
		message_free(answer);
	if (!ok && !sync->stopping) {
		log_info("the answer is older than an absence of this agent: asking again", NULL);
		sync->jobs.want_snapshot |= of_snapshot;
	}
	return ok;
}

static enum sync_left left_after(const struct sync *sync, const struct sync_round *round, const struct sync_reply *reply)
{
	if (reply->jobs_more || sync->jobs.want_snapshot)
		return SYNC_LEFT_JOBS;
	if (round->unsent->more && reply->acked_seq >= round->unsent->first_seq)
		return SYNC_LEFT_RECORDS;
	return SYNC_LEFT_NOTHING;
}

static void use_key_news(struct sync *sync, const struct sync_reply *reply)
{
	rotation_accepted(&sync->rotation);
	if (!sync_orders_rotation(reply))
		return;
	switch (rotation_carry_out(&sync->rotation)) {
	case ROTATION_TOLD:
		again_at_once(sync);
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

static void use_reply(struct sync *sync, const struct sync_round *round, const struct sync_reply *reply, guint refused)
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
	if (!pass_jobs(sync, reply, refused)) {
		again_at_once(sync);
		return;
	}
	struct loop_commands_message *orders = sync_orders(round->status, reply, sync->jobs.want_snapshot);
	if (orders != NULL)
		queue_push(sync->loop, &orders->message);
	if (sync_jobs_check(&sync->jobs, reply, round->status->jobs_revision, round->status->jobs_digest, mono_now()))
		log_warning("the job set differs from central's: asking for all of it", NULL);
	if (!reply->jobs_more && !sync->jobs.want_snapshot)
		sync->news.asked_at = sync->pace.began_at;
	round_succeeded(sync, left_after(sync, round, reply), reply->next_sync_ms, round->unsent->depth);
	use_key_news(sync, reply);
}

/*
 * A reply that was kept back, or repeated, by somebody on the way would bring an old job set back. Central of an older
 * version tells no id: its replies are taken as they come.
 */
static bool is_foreign(struct sync *sync, const struct sync_round *round, const struct sync_reply *reply)
{
	if (reply->sync_id[0] == '\0' || strcmp(reply->sync_id, round->id) == 0)
		return false;
	log_warning("a reply to another sync arrived, and is not used", "asked", round->id, "answered", reply->sync_id, NULL);
	g_strlcpy(sync->news.error, "a reply to another sync arrived", sizeof sync->news.error);
	sync->news.failures++;
	sync_pace_at(&sync->pace, FOREIGN_PAUSE_MS, mono_now());
	tell_news(sync);
	return true;
}

static void use_good_answer(struct sync *sync, const struct sync_round *round)
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
static bool replace_damaged(struct sync *sync, const struct sync_round *round)
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
	round_failed(sync, answer->error, news_of_lives ? 0 : MAX(answer->retry_after_ms, SYNC_BACKOFF_MAX_MS));
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
	round_failed(sync, "key not accepted, enrol again", MAX(answer->retry_after_ms, SYNC_BACKOFF_MAX_MS));
}

static void use_error(struct sync *sync, const struct sync_round *round)
{
	const struct central_answer *answer = &round->answer;
	switch (answer->status) {
	case 401:
		if (rotation_refused(&sync->rotation)) {
			log_info("central does not accept this key any more: showing the other one", NULL);
			again_at_once(sync);
			return;
		}
		use_unknown_key(sync, answer);
		return;
	case 409:
		use_refusal(sync, answer);
		return;
	case 400:
		if (replace_damaged(sync, round))
			again_at_once(sync);
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

void sync_use_answer(struct sync *sync, const struct sync_round *round)
{
	if (round->answer.status >= 200 && round->answer.status <= 299)
		use_good_answer(sync, round);
	else
		use_error(sync, round);
}
