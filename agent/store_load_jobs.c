/*
 * The jobs of a snapshot. A definition is JSON, and a million of them are seconds of a processor: the thread that steps
 * through the rows copies them in chunks, others parse, and the chunks come back in the order of the rows. The chunks are a
 * ring, so that what was read and not parsed yet stays small. A small set is parsed where it is read: no thread is made.
 */
#include "agent/store_internal.h"

#include <string.h>

#include "common/log.h"

#define CHUNK_ROWS 512
#define RING_CHUNKS 32
#define FEW_JOBS 20000 /* 0.1 s */
#define PARSERS_MAX 4

/* A row: what is a number is in `stored` already, the texts are offsets in the chunk's. */
struct row {
	struct stored_job stored; /* .job and .target_key come last; .job stays NULL when it cannot be read */
	int64_t revision;
	size_t id, definition, size, target_key;
};

struct chunk {
	struct row rows[CHUNK_ROWS];
	guint n;
	GString *text;
	bool busy; /* under the lock: a parser has it */
};

struct ring {
	struct store_snapshot *snapshot;
	GThreadPool *parsers; /* NULL while there are few */
	GMutex lock;
	GCond parsed;
	struct chunk *chunks;
	guint filling;
};

static size_t keep_column(GString *text, sqlite3_stmt *statement, int column)
{
	const char *bytes = (const char *)sqlite3_column_text(statement, column);
	size_t offset = text->len;
	g_string_append_len(text, bytes != NULL ? bytes : "", sqlite3_column_bytes(statement, column));
	g_string_append_c(text, '\0');
	return offset;
}

static void read_row(sqlite3_stmt *statement, struct chunk *chunk)
{
	struct row *row = &chunk->rows[chunk->n++];
	*row = (struct row){
		.revision = sqlite3_column_int64(statement, 1),
		.id = keep_column(chunk->text, statement, 0),
		.definition = keep_column(chunk->text, statement, 2),
		.size = (size_t)sqlite3_column_bytes(statement, 2),
		.target_key = keep_column(chunk->text, statement, 3),
		.stored.since = store_column_wall(statement, 4),
		.stored.since_epoch = (uint64_t)sqlite3_column_int64(statement, 5),
		.stored.anchor = store_column_wall(statement, 6),
		.stored.handed_over = sqlite3_column_int(statement, 7) != 0,
	};
}

static void parse_row(struct row *row, const char *text)
{
	const char *id = text + row->id;
	struct job_problem problem = { 0 };
	json_error_t json_error;
	json_t *json = json_loadb(text + row->definition, row->size, JSON_REJECT_DUPLICATES, &json_error);
	row->stored.job = json == NULL ? NULL : job_parse(json, id, row->revision, true, &problem);
	row->stored.target_key = g_intern_string(text + row->target_key);
	json_decref(json);
	if (row->stored.job == NULL)
		log_error("a stored job cannot be read any more and is left out", "job", id, "pointer", problem.pointer, "reason",
			  problem.detail != NULL ? problem.detail : json_error.text, NULL);
	job_problem_clear(&problem);
}

static void parse_chunk(struct chunk *chunk)
{
	for (guint i = 0; i < chunk->n; i++)
		parse_row(&chunk->rows[i], chunk->text->str);
}

static void parser(gpointer data, gpointer context)
{
	struct chunk *chunk = data;
	struct ring *ring = context;
	parse_chunk(chunk);
	g_mutex_lock(&ring->lock);
	chunk->busy = false;
	g_cond_signal(&ring->parsed);
	g_mutex_unlock(&ring->lock);
}

/* Waits for a chunk, moves what it has into the snapshot, and empties it. */
static void collect(struct ring *ring, struct chunk *chunk)
{
	g_mutex_lock(&ring->lock);
	while (chunk->busy)
		g_cond_wait(&ring->parsed, &ring->lock);
	g_mutex_unlock(&ring->lock);
	for (guint i = 0; i < chunk->n; i++)
		if (chunk->rows[i].stored.job != NULL)
			g_array_append_val(ring->snapshot->jobs, chunk->rows[i].stored);
	chunk->n = 0;
	g_string_truncate(chunk->text, 0);
}

static void hand_on(struct ring *ring)
{
	struct chunk *chunk = &ring->chunks[ring->filling];
	if (ring->snapshot->jobs->len < FEW_JOBS) {
		parse_chunk(chunk);
		collect(ring, chunk);
		return;
	}
	if (ring->parsers == NULL)
		ring->parsers = g_thread_pool_new(parser, ring, (gint)MIN(g_get_num_processors(), PARSERS_MAX), FALSE, NULL);
	chunk->busy = true;
	g_thread_pool_push(ring->parsers, chunk, NULL);
	ring->filling = (ring->filling + 1) % RING_CHUNKS;
	collect(ring, &ring->chunks[ring->filling]);
}

int store_load_jobs(sqlite3_stmt *statement, struct store_snapshot *snapshot)
{
	struct ring ring = { .snapshot = snapshot, .chunks = g_new0(struct chunk, RING_CHUNKS) };
	for (guint i = 0; i < RING_CHUNKS; i++)
		ring.chunks[i].text = g_string_new(NULL);
	int code;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct chunk *chunk = &ring.chunks[ring.filling];
		read_row(statement, chunk);
		if (chunk->n == CHUNK_ROWS)
			hand_on(&ring);
	}
	sqlite3_reset(statement);
	parse_chunk(&ring.chunks[ring.filling]);
	for (guint i = 1; i <= RING_CHUNKS; i++)
		collect(&ring, &ring.chunks[(ring.filling + i) % RING_CHUNKS]);
	if (ring.parsers != NULL)
		g_thread_pool_free(ring.parsers, FALSE, TRUE);
	for (guint i = 0; i < RING_CHUNKS; i++)
		g_string_free(ring.chunks[i].text, TRUE);
	g_free(ring.chunks);
	return code;
}
