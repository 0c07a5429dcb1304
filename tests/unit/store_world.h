/*
 * What the store's tests share: a state folder that lives for one test, lives of the store in it, batches, and the answers
 * in the order they come. On the disk of faulty_vfs.h. Call world_setup and world_teardown around each test:
 *
 *	begin_life(); start(); submit(new_batch(1)); ck_assert_int_eq(settle(1), STORE_OK); stop();
 */
#ifndef BELFRY_TEST_STORE_WORLD_H
#define BELFRY_TEST_STORE_WORLD_H

#include <glib.h>

#include "agent/store_sqlite.h"

struct store_world {
	char *folder;
	struct store_config config; /* of the next life */
	struct store_sqlite *store;
	struct queue *loop;
	GPtrArray *batches; /* all that new_batch() made: the store may look at them until it answered */
	char *lost;         /* what opening told to be lost, NULL = nothing */
};
extern struct store_world world;

void world_setup(void);
void world_teardown(void);

/* Opens the store; start() then starts its thread, stop() ends both, end_life() is for a life without a thread. */
void begin_life(void);
void start(void);
void stop(void);
void end_life(void);

/* An empty batch that belongs to the world, and things to put into it. */
struct store_batch *new_batch(uint64_t number);
void add_intent(struct store_batch *batch, int64_t number);
void add_decision(struct store_batch *batch, int64_t intent_number);
void submit(struct store_batch *batch);

/* The next message of that type (others are dropped); the caller frees it. Fails the test when none comes. */
struct message *expect(int type);
/* The next answer to a batch, which must be this one. */
enum store_result settle(uint64_t number);
/* What the life began with; the caller frees. */
struct store_snapshot *load(void);
struct store_unsent_message *unsent(int max_records, int64_t max_bytes);
guint count_unsent(void);

#endif
