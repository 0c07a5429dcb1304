#include "agent/sync_jobs.h"

void sync_jobs_init(struct sync_jobs *jobs)
{
	*jobs = (struct sync_jobs){ .keep_ids = NULL };
}

void sync_jobs_done(struct sync_jobs *jobs)
{
	g_clear_pointer(&jobs->keep_ids, g_hash_table_unref);
}

static void note_part(struct sync_jobs *jobs, const struct sync_reply *reply)
{
	for (guint i = 0; i < reply->upserts->len; i++)
		g_hash_table_add(jobs->keep_ids, g_strdup(g_array_index(reply->upserts, struct sync_upsert, i).job->id));
	for (guint i = 0; i < reply->deletes->len; i++)
		g_hash_table_remove(jobs->keep_ids, reply->deletes->pdata[i]);
}

struct job_change *sync_jobs_change(struct sync_jobs *jobs, const struct sync_reply *reply, guint refused)
{
	if (reply->jobs_mode == SYNC_JOBS_NONE)
		return NULL;
	if (reply->jobs_mode == SYNC_JOBS_SNAPSHOT) {
		sync_jobs_done(jobs);
		jobs->keep_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		jobs->want_snapshot = false;
		jobs->left_out = false;
	}
	jobs->left_out |= refused > 0;
	struct job_change *change = job_change_new();
	change->jobs_revision = reply->jobs_revision;
	for (guint i = 0; i < reply->upserts->len; i++) {
		const struct sync_upsert *upsert = &g_array_index(reply->upserts, struct sync_upsert, i);
		struct stored_job *stored = stored_job_new(job_ref(upsert->job));
		stored->target_key = g_intern_string(upsert->target_key);
		stored->since = upsert->since;
		g_ptr_array_add(change->upserts, stored);
	}
	for (guint i = 0; i < reply->deletes->len; i++)
		g_ptr_array_add(change->deletes, g_strdup(reply->deletes->pdata[i]));
	change->word_until = reply->lease_until;
	if (!reply->jobs_more)
		change->lease_until = reply->lease_until;
	change->moves = g_array_new(FALSE, FALSE, sizeof(struct job_move));
	for (guint i = 0; i < reply->moves->len; i++) {
		const struct sync_move *gone = &g_array_index(reply->moves, struct sync_move, i);
		struct job_move move = { g_intern_string(gone->job_id), gone->border, gone->ended };
		g_array_append_val(change->moves, move);
	}
	change->away = g_array_new(FALSE, FALSE, sizeof(struct job_away));
	for (guint i = 0; i < reply->away->len; i++) {
		const struct sync_away *was = &g_array_index(reply->away, struct sync_away, i);
		struct job_away away = { g_intern_string(was->job_id), was->after, was->until };
		g_array_append_val(change->away, away);
	}
	if (jobs->keep_ids != NULL) {
		note_part(jobs, reply);
		if (!reply->jobs_more)
			change->keep_ids = g_steal_pointer(&jobs->keep_ids);
	}
	return change;
}

bool sync_jobs_check(struct sync_jobs *jobs, const struct sync_reply *reply, int64_t revision, uint64_t digest, struct mono now)
{
	bool comparable = reply->jobs_mode == SYNC_JOBS_NONE && !reply->jobs_more && reply->jobs_revision == revision;
	if (!comparable || reply->jobs_digest == digest || jobs->left_out || jobs->want_snapshot)
		return false;
	if (jobs->asked_at.us != 0 && mono_diff_us(now, jobs->asked_at) < SYNC_SNAPSHOT_PAUSE_MS * US_PER_MS)
		return false;
	jobs->want_snapshot = true;
	jobs->asked_at = now;
	return true;
}
