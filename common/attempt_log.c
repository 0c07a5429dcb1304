#include "common/attempt_log.h"

#include <string.h>

#define FIRST_ROOM 2

static const char *const end_names[ATTEMPT_END_MAX_] = {
	[ATTEMPT_END_SUCCESS] = "success",   [ATTEMPT_END_STATUS] = "status",	    [ATTEMPT_END_BODY] = "body",
	[ATTEMPT_END_CONNECT] = "connect",   [ATTEMPT_END_TIMEOUT] = "timeout",	    [ATTEMPT_END_BROKEN] = "broken",
	[ATTEMPT_END_REFUSED] = "refused",   [ATTEMPT_END_RESOURCE] = "resource", [ATTEMPT_END_CANCELLED] = "cancelled",
	[ATTEMPT_END_UNKNOWN] = "unknown",
};

const char *attempt_end_name(enum attempt_end end)
{
	return end >= ATTEMPT_END_SUCCESS && end < ATTEMPT_END_MAX_ ? end_names[end] : "unknown";
}

bool attempt_end_parse(const char *name, enum attempt_end *ret)
{
	for (int i = ATTEMPT_END_SUCCESS; i < ATTEMPT_END_MAX_; i++)
		if (strcmp(end_names[i], name) == 0) {
			*ret = (enum attempt_end)i;
			return true;
		}
	return false;
}

static size_t log_size(int room)
{
	return sizeof(struct attempt_log) + (size_t)room * sizeof(struct attempt_entry);
}

/* An entry of unknown end does not count as an attempt: the next one has its number. */
static int last_ended(const struct attempt_log *log)
{
	const struct attempt_entry *last = log->n > 0 ? &log->entries[log->n - 1] : NULL;
	return last == NULL ? 0 : last->number - (last->end == ATTEMPT_END_UNKNOWN);
}

static void make_room(struct attempt_log **log)
{
	struct attempt_log *old = *log;
	if (old != NULL && old->n < old->room)
		return;
	if (old != NULL && old->n >= ATTEMPT_LOG_MAX) {
		old->omitted += old->entries[ATTEMPT_LOG_FIRST].end != ATTEMPT_END_UNKNOWN;
		memmove(&old->entries[ATTEMPT_LOG_FIRST], &old->entries[ATTEMPT_LOG_FIRST + 1],
			(size_t)(old->n - ATTEMPT_LOG_FIRST - 1) * sizeof(struct attempt_entry));
		old->n--;
		return;
	}
	int room = old == NULL ? FIRST_ROOM : MIN(2 * old->n, ATTEMPT_LOG_MAX);
	*log = g_realloc(old, log_size(room));
	if (old == NULL)
		(*log)->omitted = (*log)->n = 0;
	(*log)->room = room;
}

void attempt_log_note(struct attempt_log **log, const struct attempt_entry *entry)
{
	int skipped = entry->number - 1 - (*log == NULL ? 0 : last_ended(*log));
	make_room(log);
	(*log)->omitted += MAX(skipped, 0);
	(*log)->entries[(*log)->n++] = *entry;
}

struct attempt_log *attempt_log_copy(const struct attempt_log *log)
{
	if (log == NULL)
		return NULL;
	struct attempt_log *copy = g_memdup2(log, log_size(log->n));
	copy->room = copy->n;
	return copy;
}
