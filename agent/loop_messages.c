#include "agent/loop_messages.h"

#include "agent/loop_internal.h"
#include "common/log.h"
#include "common/tz.h"

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

struct loop_sync_news_message *loop_sync_news_message_new(const struct sync_news *news)
{
	struct loop_sync_news_message *message = g_new0(struct loop_sync_news_message, 1);
	message->message.type = LOOP_SYNC_NEWS;
	message->news = *news;
	return message;
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

void loop_take_message(struct loop *loop, struct message *message)
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
		loop_leave(loop, LOOP_DATABASE_LOST);
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
