/*
 * Queues of typed messages between the agent's threads: the only thing threads share. Owns: the list, its lock, the
 * wake-up. Does not own: what the messages mean (each is a struct that begins with struct message, and one side's header
 * says which types it takes).
 *
 * Any thread pushes; exactly one thread takes. A message belongs to whoever holds it: pushing gives it away. A request
 * names the queue it goes back to when it is answered; the answer stands in the same struct.
 */
#ifndef BELFRY_AGENT_QUEUE_H
#define BELFRY_AGENT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

struct queue;

struct message {
	struct message *next;
	int type;               /* of the taker's own enum */
	struct queue *reply_to; /* where it goes back when it was answered; NULL = nobody waits */
	int reply_type;         /* the type it then carries, of the asker's enum */
	void (*release)(struct message *message); /* frees what it points to; NULL = nothing */
};
void message_free(struct message *message);

struct queue *queue_new(void); /* ends the process when there is no descriptor left: for start-up */
struct queue *queue_try_new(void); /* NULL then, with errno */
/* After all threads that push are gone. Messages still inside are freed. */
void queue_free(struct queue *queue);

void queue_push(struct queue *queue, struct message *message);
/* Many at once, linked by `next` from first to last: one lock, at most one wake-up. */
void queue_push_chain(struct queue *queue, struct message *first, struct message *last);
/* Answers a request: back to where it came from. False when nobody waits for it: the caller frees it. */
bool message_reply(struct message *message);

/* Everything that is there, first pushed first; NULL when empty. The wake-up is taken back. */
struct message *queue_take_all(struct queue *queue);
/* Sleeps until something is there (true) or the time has passed (false); timeout_ms -1 = no limit. */
bool queue_wait(struct queue *queue, int timeout_ms);
/* Readable while something is there: an eventfd for poll, epoll, libevent. */
int queue_fd(const struct queue *queue);

#endif
