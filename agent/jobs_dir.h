/*
 * The standalone agent's jobs: a folder of JSON files, "backup.json" defines the job "backup". Owns: reading, what changed,
 * what is wrong. Does not own: the job set (core), when to look (life.c).
 *
 * The revision of a job is taken from its text, so every edit changes it and a restart does not. A file that is no valid
 * job changes nothing: the last good version of that job stays in force. A file that is gone deletes its job.
 *
 * One thread at a time.
 */
#ifndef BELFRY_AGENT_JOBS_DIR_H
#define BELFRY_AGENT_JOBS_DIR_H

#include "agent/core.h"

#define JOBS_DIR_FILES_MAX 100000

struct jobs_dir;

struct jobs_dir *jobs_dir_new(const char *path, GError **error);
void jobs_dir_free(struct jobs_dir *dir);

/* Readable when something in the folder changed (inotify); -1 when the folder cannot be watched. */
int jobs_dir_fd(const struct jobs_dir *dir);
/* Empties that descriptor; and watches again when the folder itself was replaced. */
void jobs_dir_drain(struct jobs_dir *dir);

/* The revision the agent holds of that job; -1 = none. */
typedef int64_t (*jobs_dir_revision)(void *context, const char *job_id);

/*
 * Reads what is new in the folder. Appends one sentence per new problem ("FILE: /schedule: reason") to `problems`. Returns
 * what to apply, always with the ids to keep; NULL when the folder cannot be read. `ret_changed` tells how many jobs differ
 * from what the agent holds (deletions aside).
 */
struct job_change *jobs_dir_read(struct jobs_dir *dir, jobs_dir_revision revision, void *context, GPtrArray *problems,
				 guint *ret_changed);

#endif
