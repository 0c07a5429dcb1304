/*
 * The order "rotate": a new key for this agent. Owns: the steps with central, POST /api/agent/rotate, and what a refused key
 * means while there are two. Does not own: the keys (key_ring.h), when rounds take place (sync.c).
 *
 *     agent                                        central
 *     hears the order
 *     makes K2, durable beside K1
 *     "SHA-256 of K2" with K1 ------------------>  keeps it beside K1's; both open
 *     a sync with K2 --------------------------->  first use: K2 is the key, K1 opens nothing, the order is done
 *     replaces K1 on disk
 *
 * The agent proves itself by the hash only: the new key is told to nobody but in the Authorization of its own requests. An
 * order is repeated until it is done, and its repeats use the same K2, so a lost answer or a crash costs a round. A refusal
 * of the key that is shown brings the other one; K1 is given up for nothing less than a served sync with K2.
 *
 * For the sync thread.
 */
#ifndef BELFRY_AGENT_ROTATION_H
#define BELFRY_AGENT_ROTATION_H

#include "agent/central_client.h"
#include "agent/key_ring.h"

struct rotation {
	struct key_ring *ring;         /* borrowed */
	struct central_client *client; /* borrowed; the key it shows is kept equal to the ring's */
	int refused;                   /* refusals since an answer */
	char problem[256];             /* the last one logged */
};

enum rotation_step {
	ROTATION_LATER,  /* it did not work out: the order will come again */
	ROTATION_TOLD,   /* the new key is shown from now on, and is best used at once */
	ROTATION_STOPPED /* the agent stops */
};
enum rotation_step rotation_carry_out(struct rotation *rotation);
/* Central served a sync with the key that was shown. */
void rotation_accepted(struct rotation *rotation);
/* Central does not accept the key that was shown. True: there is another one, it was not refused yet, and is shown now. */
bool rotation_refused(struct rotation *rotation);

#endif
