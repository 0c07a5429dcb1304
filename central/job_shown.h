/*
 * One job as GET /api/jobs/:id shows it, as text. Owns a cache of such texts: a dashboard asks for the same few jobs again
 * and again, and making the text takes longer than all else. Does not own what is in the text (job_view).
 *
 * The row is read each time, so that every edit shows at once, whichever central took it. A text is used again while the row
 * is of the same revision and instant of change, and the next fire that the text names is still to come.
 */
#ifndef BELFRY_JOB_SHOWN_H
#define BELFRY_JOB_SHOWN_H

#include "central/svc_jobs.h"

#define JOB_SHOWN_MAX 1024	       /* texts; the cache is emptied when it is full */
#define JOB_SHOWN_TEXT_MAX (16 * 1024) /* bytes; longer ones are made each time */

struct job_shown;
struct job_shown *job_shown_new(void);
void job_shown_free(struct job_shown *shown);

struct job_text {
	int64_t revision;
	char *text; /* JSON, to be freed with free() */
	size_t size;
};
/* Any thread. A job_id that is no UUID is DB_NOT_FOUND. */
enum db_status job_shown_get(struct job_shown *shown, struct db_pool *pool, const char *job_id, struct wall now,
			     struct job_text *ret);

/* The cache alone. Takes the text of this row that still holds at `now`; false = none. */
bool job_shown_find(struct job_shown *shown, const struct job_row *row, struct wall now, struct job_text *ret);
/* Keeps a copy of `text`, which holds before `until`. */
void job_shown_keep(struct job_shown *shown, const struct job_row *row, struct wall until, const struct job_text *text);

#endif
