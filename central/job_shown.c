#include "central/job_shown.h"

#include <stdlib.h>
#include <string.h>

#include "central/job_view.h"

struct job_shown {
	GMutex lock;
	GHashTable *texts; /* struct kept, key and value in one */
};

struct kept {
	char job_id[UUID_SIZE]; /* first: the key */
	int64_t revision;
	struct wall updated_at, until;
	size_t size;
	char text[];
};

struct job_shown *job_shown_new(void)
{
	struct job_shown *shown = g_new0(struct job_shown, 1);
	g_mutex_init(&shown->lock);
	shown->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return shown;
}

void job_shown_free(struct job_shown *shown)
{
	if (shown == NULL)
		return;
	g_hash_table_unref(shown->texts);
	g_mutex_clear(&shown->lock);
	g_free(shown);
}

/* ulfius frees what it sends with free(). */
static char *copy_text(const char *text, size_t size)
{
	char *copy = malloc(size + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return copy;
}

bool job_shown_find(struct job_shown *shown, const struct job_row *row, struct wall now, struct job_text *ret)
{
	g_mutex_lock(&shown->lock);
	const struct kept *kept = g_hash_table_lookup(shown->texts, row->job_id);
	char *text = NULL;
	if (kept != NULL && kept->revision == row->revision && kept->updated_at.us == row->updated_at.us &&
	    wall_before(now, kept->until) && (text = copy_text(kept->text, kept->size)) != NULL)
		*ret = (struct job_text){ row->revision, text, kept->size };
	g_mutex_unlock(&shown->lock);
	return text != NULL;
}

void job_shown_keep(struct job_shown *shown, const struct job_row *row, struct wall until, const struct job_text *text)
{
	if (text->size > JOB_SHOWN_TEXT_MAX)
		return;
	struct kept *kept = g_malloc(sizeof *kept + text->size);
	*kept = (struct kept){
		.revision = row->revision, .updated_at = row->updated_at, .until = until, .size = text->size
	};
	g_strlcpy(kept->job_id, row->job_id, sizeof kept->job_id);
	memcpy(kept->text, text->text, text->size);
	g_mutex_lock(&shown->lock);
	if (g_hash_table_size(shown->texts) >= JOB_SHOWN_MAX)
		g_hash_table_remove_all(shown->texts);
	g_hash_table_replace(shown->texts, kept, kept);
	g_mutex_unlock(&shown->lock);
}

/* False: out of memory. */
static bool make_text(struct job_shown *shown, struct job_record *record, struct wall now, struct job_text *ret)
{
	struct wall until = WALL_NEVER;
	job_record_parse(record);
	json_t *json = job_record_to_json(record, now);
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(json);
	if (text == NULL)
		return false;
	*ret = (struct job_text){ record->row.revision, text, strlen(text) };
	/* One that is not valid may become so again without an edit: its time zone comes back. */
	if (record->job != NULL) {
		job_next_fire(record->job, record->row.created_at, now, &until);
		job_shown_keep(shown, &record->row, until, ret);
	}
	return true;
}

enum db_status job_shown_get(struct job_shown *shown, struct db_pool *pool, const char *job_id, struct wall now,
			     struct job_text *ret)
{
	struct job_record record = { 0 };
	enum db_status status = job_read_row(pool, job_id, &record.row);
	if (status != DB_OK)
		return status;
	if (!job_shown_find(shown, &record.row, now, ret) && !make_text(shown, &record, now, ret))
		status = DB_FAILED;
	job_record_clear(&record);
	return status;
}
