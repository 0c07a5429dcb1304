/*
 * Promises 1 to 3 on a disk that forgets what was not synced: the real store lives many lives, each of which ends with a
 * power loss at a random operation. What was answered OK is there in full and in order after each, and nothing is there by
 * half. BELFRY_POWER_LOSSES=n for more; BELFRY_VERBOSE=1 shows the store's log.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store_sqlite.h"
#include "tests/unit/folder.h"
#include "tests/unit/power_loss_vfs.h"
#include "tests/unit/suite.h"

#define FOLDERS 70
#define LIVES 12 /* per folder */

/* What the batches up to some number add up to. */
struct model {
	GHashTable *intents;  /* &number -> attempts */
	GHashTable *jobs;     /* id -> revision */
	GHashTable *backlogs; /* &until -> cursor */
	GHashTable *commands;
	GPtrArray *records;   /* char *, the mark of each outbox row */
};

static char *folder;
static struct store_config config;
static struct store_sqlite *store;
static struct queue *loop;
static GPtrArray *batches; /* batches->pdata[n - 1] has number n */
static struct model model;
static GRand *dice;
static uint64_t answered; /* all up to here were answered OK */
static int64_t acked, next_intent;
static guint64 seed;
static bool loss_told;    /* the first opening was cut short: the first record says that the database was missing */

static int roll(int n)
{
	return g_rand_int_range(dice, 0, n);
}

static int64_t *box(int64_t n)
{
	return g_memdup2(&n, sizeof n);
}

static void model_init(void)
{
	model.intents = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	model.jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	model.backlogs = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	model.commands = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	model.records = g_ptr_array_new_with_free_func(g_free);
}

static void model_done(void)
{
	g_hash_table_unref(model.intents);
	g_hash_table_unref(model.jobs);
	g_hash_table_unref(model.backlogs);
	g_hash_table_unref(model.commands);
	g_ptr_array_unref(model.records);
}

static void model_apply(const struct store_batch *batch)
{
	for (guint i = 0; i < batch->job_deletes->len; i++)
		g_hash_table_remove(model.jobs, batch->job_deletes->pdata[i]);
	for (guint i = 0; i < batch->job_upserts->len; i++) {
		const struct job *job = ((struct stored_job *)batch->job_upserts->pdata[i])->job;
		g_hash_table_replace(model.jobs, g_strdup(job->id), GINT_TO_POINTER((int)job->revision));
	}
	for (guint i = 0; i < batch->cancels->len; i++)
		g_hash_table_remove(model.intents, &g_array_index(batch->cancels, int64_t, i));
	for (guint i = 0; i < batch->intents->len; i++)
		g_hash_table_insert(model.intents, box(g_array_index(batch->intents, struct intent, i).number), NULL);
	for (guint i = 0; i < batch->updates->len; i++) {
		const struct intent_update *update = &g_array_index(batch->updates, struct intent_update, i);
		g_hash_table_insert(model.intents, box(update->number), GINT_TO_POINTER(update->attempts));
	}
	for (guint i = 0; i < batch->decisions->len; i++) {
		const struct decision *decision = batch->decisions->pdata[i];
		g_hash_table_remove(model.intents, &decision->intent_number);
		g_ptr_array_add(model.records, g_strdup(decision->execution.reason));
	}
	for (guint i = 0; i < batch->backlogs->len; i++) {
		const struct backlog *backlog = &g_array_index(batch->backlogs, struct backlog, i);
		g_hash_table_replace(model.backlogs, box(backlog->until.us), GINT_TO_POINTER((int)backlog->cursor.us));
	}
	for (guint i = 0; i < batch->events->len; i++)
		g_ptr_array_add(model.records, g_strdup(((struct agent_event *)batch->events->pdata[i])->detail));
	for (guint i = 0; i < batch->done_commands->len; i++)
		g_hash_table_add(model.commands, box(g_array_index(batch->done_commands, int64_t, i)));
}

static int64_t some_intent(void)
{
	GHashTableIter iter;
	gpointer number = NULL;
	guint n = g_hash_table_size(model.intents);
	g_hash_table_iter_init(&iter, model.intents);
	for (int i = n == 0 ? -1 : roll((int)n); i >= 0; i--)
		g_hash_table_iter_next(&iter, &number, NULL);
	return number == NULL ? 0 : *(int64_t *)number;
}

static void add_intents(struct store_batch *batch)
{
	for (int i = roll(6); i >= 0; i--) {
		struct intent intent = { .number = next_intent++, .job_id = "job", .scheduled_at = { 7000000 }, .not_before = WALL_NONE,
					 .first_started_at = WALL_NONE, .cause = FIRE_SCHEDULE };
		memset(intent.id.bytes, (int)(intent.number & 0xff), sizeof intent.id.bytes);
		g_array_append_val(batch->intents, intent);
	}
}

static void add_decisions(struct store_batch *batch, bool big)
{
	for (int i = roll(big ? 40 : 4); i > 0; i--) {
		struct decision *decision = g_new0(struct decision, 1);
		decision->intent_number = some_intent();
		g_hash_table_remove(model.intents, &decision->intent_number);
		decision->execution = (struct execution){ .job_id = g_strdup("job"), .cause = FIRE_SCHEDULE, .status = EXECUTION_FAILED,
							  .scheduled_at = { 7000000 }, .last_scheduled_at = { 7000000 }, .count = 1,
							  .started_at = { 7000500 }, .finished_at = { 7000900 }, .attempts = 1,
							  .timing = { -1, -1, -1, -1, 900 } };
		decision->execution.reason = g_strdup_printf("batch %" G_GUINT64_FORMAT " decision %d", batch->number, i);
		decision->execution.response_body = g_strnfill(big ? 3000 : 50, 'r');
		g_ptr_array_add(batch->decisions, decision);
	}
}

static void add_others(struct store_batch *batch)
{
	int64_t touched = some_intent(), command = (int64_t)batch->number;
	if (touched != 0) {
		struct intent_update update = { touched, (int)(batch->number % 1000), { 9 }, { 8 }, NULL };
		g_array_append_val(batch->updates, update);
	}
	if (roll(5) == 0) {
		struct agent_event *event = g_new0(struct agent_event, 1);
		g_strlcpy(event->kind, "clockStep", sizeof event->kind);
		event->detail = g_strdup_printf("batch %" G_GUINT64_FORMAT " event", batch->number);
		g_ptr_array_add(batch->events, event);
	}
	if (roll(10) == 0)
		g_array_append_val(batch->done_commands, command);
	if (roll(5) == 0) {
		struct backlog backlog = { "job", { (int64_t)batch->number }, { 1000000 + roll(20) }, 0, BACKLOG_OPEN };
		g_array_append_val(batch->backlogs, backlog);
	}
}

static void add_jobs(struct store_batch *batch)
{
	struct job_problem problem = { 0 };
	g_autofree char *id = g_strdup_printf("job-%d", roll(20));
	if (roll(6) == 0)
		g_ptr_array_add(batch->job_deletes, g_strdup(id));
	if (roll(4) != 0)
		return;
	json_t *json = json_pack("{s:s, s:s}", "schedule", "* * * * *", "api", "http://a.test/");
	g_ptr_array_add(batch->job_upserts, stored_job_new(job_parse(json, id, (int64_t)batch->number, false, &problem)));
	json_decref(json);
}

static void submit_next(bool big)
{
	struct store facade = store_sqlite_interface(store);
	struct store_batch *batch = store_batch_new(batches->len + 1);
	add_jobs(batch);
	add_intents(batch);
	add_others(batch);
	for (guint i = 0; i < batch->updates->len; i++) /* what is updated is not decided in the same batch */
		g_hash_table_remove(model.intents, &g_array_index(batch->updates, struct intent_update, i).number);
	add_decisions(batch, big);
	batch->state.planned_until = (struct wall){ (int64_t)batch->number * 1000 };
	batch->state.fixed_until = batch->state.latest = WALL_NONE;
	batch->state.next_intent_number = next_intent;
	g_ptr_array_add(batches, batch);
	model_apply(batch);
	facade.submit(facade.context, batch);
}

/* Takes the answers that are there. */
static void take_answers(void)
{
	struct message *next;
	for (struct message *message = queue_take_all(loop); message != NULL; message = next) {
		next = message->next;
		if (message->type == STORE_BATCH_DONE) {
			const struct store_batch_message *answer = (struct store_batch_message *)message;
			if (answer->result == STORE_OK) {
				ck_assert_uint_eq(answer->number, answered + 1);
				answered++;
			}
		}
		ck_assert_int_ne(message->type, STORE_LOST);
		message_free(message);
	}
}

static void wait_for_answers(void)
{
	while (answered < batches->len && !power_loss_is_dark()) {
		queue_wait(loop, 10);
		take_answers();
	}
}

static void rebuild_model(void)
{
	model_done();
	model_init();
	if (loss_told)
		g_ptr_array_add(model.records, g_strdup("databaseLost"));
	for (guint i = 0; i < batches->len; i++)
		model_apply(batches->pdata[i]);
}

static void check_snapshot(const struct store_snapshot *snapshot)
{
	ck_assert_uint_eq(snapshot->intents->len, g_hash_table_size(model.intents));
	for (guint i = 0; i < snapshot->intents->len; i++) {
		const struct intent *intent = &g_array_index(snapshot->intents, struct intent, i);
		gpointer attempts;
		ck_assert(g_hash_table_lookup_extended(model.intents, &intent->number, NULL, &attempts));
		ck_assert_int_eq(intent->attempts, GPOINTER_TO_INT(attempts));
	}
	ck_assert_uint_eq(snapshot->jobs->len, g_hash_table_size(model.jobs));
	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct job *job = g_array_index(snapshot->jobs, struct stored_job, i).job;
		ck_assert_int_eq(job->revision, GPOINTER_TO_INT(g_hash_table_lookup(model.jobs, job->id)));
	}
	ck_assert_uint_eq(snapshot->backlogs->len, g_hash_table_size(model.backlogs));
	for (guint i = 0; i < snapshot->backlogs->len; i++) {
		const struct backlog *backlog = &g_array_index(snapshot->backlogs, struct backlog, i);
		ck_assert_int_eq(backlog->cursor.us, GPOINTER_TO_INT(g_hash_table_lookup(model.backlogs, &backlog->until.us)));
	}
	ck_assert_uint_eq(snapshot->done_commands->len, g_hash_table_size(model.commands));
	ck_assert_int_eq(snapshot->state.planned_until.us,
			 snapshot->last_batch == 0 ? WALL_NONE.us : (int64_t)snapshot->last_batch * 1000);
}

/* Every record after the last ack is there, once, in order. */
static void check_outbox(void)
{
	store_sqlite_unsent(store, 1000000, INT64_C(1) << 40, loop);
	struct store_unsent_message *message = NULL;
	while (message == NULL) {
		ck_assert(queue_wait(loop, 10000));
		struct message *next;
		for (struct message *one = queue_take_all(loop); one != NULL; one = next) {
			next = one->next;
			if (one->type == STORE_UNSENT_DONE)
				message = (struct store_unsent_message *)one;
			else
				message_free(one);
		}
	}
	ck_assert(message->ok);
	ck_assert_int_le(message->acked_seq, acked);
	ck_assert_int_eq(message->first_seq, message->acked_seq + 1);
	ck_assert_int_eq(message->acked_seq + message->records->len, model.records->len);
	for (guint i = 0; i < message->records->len; i++)
		ck_assert(strstr(message->records->pdata[i], model.records->pdata[message->acked_seq + i]) != NULL);
	acked = message->acked_seq;
	message_free(&message->message);
}

static void look_at_what_is_left(void)
{
	GError *error = NULL;
	struct store_snapshot *snapshot = store_sqlite_load(store, &error);
	ck_assert_msg(snapshot != NULL, "seed %" G_GUINT64_FORMAT ": %s", seed, error == NULL ? "" : error->message);
	ck_assert_msg(snapshot->last_batch >= answered, "seed %" G_GUINT64_FORMAT ": batch %" G_GUINT64_FORMAT " was answered OK, "
		      "but only %" G_GUINT64_FORMAT " are there after the power loss", seed, answered, snapshot->last_batch);
	ck_assert_uint_le(snapshot->last_batch, batches->len);
	g_ptr_array_set_size(batches, (gint)snapshot->last_batch);
	answered = snapshot->last_batch;
	rebuild_model();
	check_snapshot(snapshot);
	store_snapshot_free(snapshot);
}

/* False when the power went while it was opened. */
static bool open_store(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *lost = NULL;
	store = store_sqlite_open(&config, &lost, &error);
	if (store == NULL) {
		ck_assert_msg(power_loss_is_dark(), "seed %" G_GUINT64_FORMAT ": the database cannot be opened: %s", seed,
			      error->message);
		return false;
	}
	/* Nothing can be lost before the first batch: the first opening was cut short. */
	ck_assert_msg(lost == NULL || (batches->len == 0 && answered == 0), "seed %" G_GUINT64_FORMAT ": %s", seed, lost);
	loss_told |= lost != NULL;
	return true;
}

static void write_batches(void)
{
	bool big = roll(2) == 0;
	for (int i = 5 + roll(60); i > 0 && !power_loss_is_dark(); i--) {
		submit_next(big);
		if (roll(3) != 0)
			wait_for_answers();
		take_answers();
		if (roll(8) == 0 && answered == batches->len && model.records->len > acked) {
			acked += 1 + roll((int)(model.records->len - acked));
			store_sqlite_ack(store, store_sqlite_epoch(store), acked);
		}
	}
	if (roll(3) != 0)
		wait_for_answers();
}

/* One life: from one power loss (or a clean stop) to the next. */
static void live(void)
{
	static const int spans[] = { 4, 20, 60, 300 };
	bool moving_the_log = batches->len > 0 && roll(4) == 0;
	power_loss_in(1 + roll(moving_the_log ? 300 : spans[roll(G_N_ELEMENTS(spans))]), moving_the_log);
	loop = queue_new();
	if (open_store()) {
		if (!power_loss_is_dark())
			look_at_what_is_left();
		store_sqlite_start(store, loop, NULL);
		write_batches();
		if (roll(4) != 0)
			power_loss_now();
		store_sqlite_stop(store);
		take_answers();
		store_sqlite_free(store);
	}
	queue_free(loop);
	if (!power_loss_is_dark() && roll(2) == 0)
		return; /* a clean stop, and the next life begins with power */
	power_loss_return();
}

static void look_again(void)
{
	power_loss_in(0, FALSE);
	loop = queue_new();
	ck_assert(open_store());
	look_at_what_is_left();
	store_sqlite_start(store, loop, NULL);
	if (batches->len > 0)
		check_outbox();
	store_sqlite_stop(store);
	store_sqlite_free(store);
	queue_free(loop);
}

static void setup(void)
{
	folder = g_dir_make_tmp("belfry-power-XXXXXX", NULL);
	config = (struct store_config){ .state_dir = folder, .history_rows = 50, .history_ms = STORE_HISTORY_MS };
	batches = g_ptr_array_new_with_free_func((GDestroyNotify)store_batch_free);
	answered = 0;
	acked = 0;
	loss_told = false;
	next_intent = 1;
	model_init();
	power_loss_reset(seed);
	g_rand_set_seed(dice, (guint32)seed);
}

static void teardown(void)
{
	model_done();
	g_ptr_array_unref(batches);
	folder_remove(folder);
}

START_TEST(test_what_was_answered_ok_survives_hundreds_of_power_losses_and_nothing_is_there_by_half)
{
	const char *wanted = g_getenv("BELFRY_POWER_LOSSES"), *first = g_getenv("BELFRY_SEED");
	int folders = wanted != NULL ? 1 + atoi(wanted) / LIVES : FOLDERS;
	uint64_t batches_ok = 0;
	dice = g_rand_new();
	seed = first != NULL ? g_ascii_strtoull(first, NULL, 10) : 1;
	for (int i = 0; i < folders; i++, seed++) {
		setup();
		for (int life = 0; life < LIVES; life++) {
			live();
			if (roll(2) == 0)
				look_again();
		}
		look_again();
		batches_ok += answered;
		teardown();
	}
	g_rand_free(dice);
	const struct power_loss_tally *t = &power_loss_tally;
	printf("%d power losses, %d of them changed something, %d during a sync; %d writes dropped, %d torn, %d garbled, %d kept; "
	       "%d files gone, %d back; %d batches survived\n", (int)t->losses, (int)t->losses_that_changed,
	       (int)t->losses_during_sync, (int)t->dropped, (int)t->torn, (int)t->garbled, (int)t->kept, (int)t->files_gone,
	       (int)t->files_back, (int)batches_ok);
	/* Losses that dropped nothing prove nothing. */
	ck_assert_int_gt(t->losses_that_changed, folders * LIVES / 4);
	if (folders >= FOLDERS) {
		ck_assert_int_gt(t->losses_with_open_log, 100);
		ck_assert_int_gt(t->losses_with_open_database, 10);
		ck_assert_int_gt(t->losses_during_sync, 20);
		ck_assert_int_gt(t->torn, 0);
		ck_assert_int_gt(t->garbled, 0);
		ck_assert_int_gt(t->files_gone, 0);
		ck_assert_int_gt(t->files_back, 0);
	}
}
END_TEST

int main(void)
{
	if (g_getenv("BELFRY_VERBOSE") == NULL) /* the store rightly complains at each loss */
		(void)!freopen("/dev/null", "w", stderr);
	power_loss_install();
	TCase *losses = tcase_create("power loss");
	tcase_set_timeout(losses, 300);
	tcase_add_test(losses, test_what_was_answered_ok_survives_hundreds_of_power_losses_and_nothing_is_there_by_half);
	Suite *suite = suite_create("power loss");
	suite_add_tcase(suite, losses);
	return suite_run(suite);
}
