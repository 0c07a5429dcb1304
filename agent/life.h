/*
 * One life of the agent: from opening the database to the stop, or to the moment the database is lost; then main begins
 * another. Owns: making the parts, tying them together, taking them apart in the right order; the reload. Does not own: what
 * the parts do, the keys (they outlive a life).
 *
 * The order: the store and its snapshot, loop, runner, the store's thread, core, sync's thread, local API. At the end whoever
 * sends messages goes before whoever gets them. From main's thread, which is the loop's.
 */
#ifndef BELFRY_AGENT_LIFE_H
#define BELFRY_AGENT_LIFE_H

#include "agent/agent_config.h"
#include "agent/key_ring.h"

enum life_end {
	LIFE_STOPPED,       /* by signal: all is durable */
	LIFE_DATABASE_LOST, /* begin again with `again` */
	LIFE_FAILED         /* could not begin; the reason was logged */
};

struct life_setup {
	const struct agent_config *config;
	const char *config_file;     /* for the reload; NULL = none */
	struct key_ring *keys;       /* NULL = standalone; its keys may change, so it outlives each life */
	bool again;                  /* after a loss: check the whole file */
};
/* Returns at the end of the life; all threads are gone then. Logs why. */
enum life_end life_run(const struct life_setup *setup);

#endif
