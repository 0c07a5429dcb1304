#include "agent/sync_orders.h"

static bool repeats(const struct sync_reply *reply, int64_t id)
{
	for (guint i = 0; i < reply->commands->len; i++)
		if (g_array_index(reply->commands, struct sync_command, i).id == id)
			return true;
	return false;
}

struct loop_commands_message *sync_orders(const struct loop_status_message *status, const struct sync_reply *reply,
					  bool want_snapshot)
{
	bool lease = reply->jobs_mode == SYNC_JOBS_NONE && wall_is_set(reply->lease_until) && !want_snapshot;
	if (reply->commands->len == 0 && status->n_done_commands == 0 && !lease)
		return NULL;
	struct loop_commands_message *message = loop_commands_message_new();
	message->lease_until = lease ? reply->lease_until : WALL_NONE;
	for (int i = 0; i < status->n_done_commands; i++)
		if (!repeats(reply, status->done_commands[i]))
			g_array_append_val(message->known, status->done_commands[i]);
	for (guint i = 0; i < reply->commands->len && !reply->jobs_more; i++)
		if (g_array_index(reply->commands, struct sync_command, i).type != SYNC_COMMAND_ROTATE)
			g_array_append_val(message->commands, g_array_index(reply->commands, struct sync_command, i));
	return message;
}

bool sync_orders_rotation(const struct sync_reply *reply)
{
	for (guint i = 0; i < reply->commands->len; i++)
		if (g_array_index(reply->commands, struct sync_command, i).type == SYNC_COMMAND_ROTATE)
			return true;
	return false;
}
