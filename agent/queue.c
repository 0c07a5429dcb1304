#include "agent/queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
	GMutex lock;
	struct message *first, **end;
	int fd;
};

struct queue *queue_try_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return NULL;
	struct queue *queue = g_new0(struct queue, 1);
	g_mutex_init(&queue->lock);
	queue->end = &queue->first;
	queue->fd = fd;
	return queue;
}

struct queue *queue_new(void)
{
	struct queue *queue = queue_try_new();
	if (queue == NULL)
		g_error("eventfd: %s", g_strerror(errno));
	return queue;
}

void message_free(struct message *message)
{
	if (message->release != NULL)
		message->release(message);
	g_free(message);
}

void queue_free(struct queue *queue)
{
	if (queue == NULL)
		return;
	struct message *next;
	for (struct message *message = queue->first; message != NULL; message = next) {
		next = message->next;
		message_free(message);
	}
	close(queue->fd);
	g_mutex_clear(&queue->lock);
	g_free(queue);
}

void queue_push_chain(struct queue *queue, struct message *first, struct message *last)
{
	last->next = NULL;
	g_mutex_lock(&queue->lock);
	bool was_empty = queue->first == NULL;
	*queue->end = first;
	queue->end = &last->next;
	/* Within the lock: once it is released the taker may have taken all and freed the queue. */
	if (was_empty)
		eventfd_write(queue->fd, 1);
	g_mutex_unlock(&queue->lock);
}

void queue_push(struct queue *queue, struct message *message)
{
	queue_push_chain(queue, message, message);
}

bool message_reply(struct message *message)
{
	struct queue *to = message->reply_to;
	if (to == NULL)
		return false;
	message->type = message->reply_type;
	queue_push(to, message);
	return true;
}

struct message *queue_take_all(struct queue *queue)
{
	g_mutex_lock(&queue->lock);
	struct message *first = queue->first;
	queue->first = NULL;
	queue->end = &queue->first;
	if (first != NULL) {
		eventfd_t ignored;
		eventfd_read(queue->fd, &ignored);
	}
	g_mutex_unlock(&queue->lock);
	return first;
}

bool queue_wait(struct queue *queue, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = queue->fd, .events = POLLIN };
	return poll(&poll_fd, 1, timeout_ms) > 0;
}

int queue_fd(const struct queue *queue)
{
	return queue->fd;
}
