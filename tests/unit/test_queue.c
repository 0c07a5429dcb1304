/*
 * Messages between threads: order, wake-ups, answers, nothing lost.
 */
#include <check.h>
#include <poll.h>
#include <stdlib.h>

#include "agent/queue.h"
#include "tests/unit/suite.h"

struct numbered { struct message message; int producer, number; };

static struct message *numbered(int producer, int number)
{
	struct numbered *message = g_new0(struct numbered, 1);
	message->producer = producer;
	message->number = number;
	return &message->message;
}

static bool is_readable(struct queue *queue)
{
	struct pollfd fd = { .fd = queue_fd(queue), .events = POLLIN };
	return poll(&fd, 1, 0) == 1;
}

START_TEST(test_a_chain_comes_in_its_order_behind_what_was_there)
{
	struct queue *queue = queue_new();
	queue_push(queue, numbered(0, 0));
	struct message *first = numbered(0, 1), *last = first;
	for (int i = 2; i < 5; i++)
		last = last->next = numbered(0, i);
	queue_push_chain(queue, first, last);
	queue_push(queue, numbered(0, 5));
	struct message *next, *message = queue_take_all(queue);
	for (int i = 0; i < 6; i++, message = next) {
		next = message->next;
		ck_assert_int_eq(((struct numbered *)message)->number, i);
		message_free(message);
	}
	ck_assert_ptr_null(message);
	ck_assert(!is_readable(queue));
	queue_free(queue);
}
END_TEST

START_TEST(test_messages_come_in_the_order_they_were_pushed)
{
	struct queue *queue = queue_new();
	for (int i = 0; i < 10; i++)
		queue_push(queue, numbered(0, i));
	struct message *next, *message = queue_take_all(queue);
	for (int i = 0; i < 10; i++, message = next) {
		next = message->next;
		ck_assert_int_eq(((struct numbered *)message)->number, i);
		message_free(message);
	}
	ck_assert_ptr_null(message);
	queue_free(queue);
}
END_TEST

START_TEST(test_the_descriptor_is_readable_exactly_while_something_is_there)
{
	struct queue *queue = queue_new();
	ck_assert(!is_readable(queue));
	ck_assert(!queue_wait(queue, 0));
	queue_push(queue, numbered(0, 0));
	queue_push(queue, numbered(0, 1));
	ck_assert(is_readable(queue));
	ck_assert(queue_wait(queue, 0));
	struct message *first = queue_take_all(queue);
	message_free(first->next);
	message_free(first);
	ck_assert(!is_readable(queue));
	ck_assert_ptr_null(queue_take_all(queue));
	queue_push(queue, numbered(0, 2));
	ck_assert(is_readable(queue));
	queue_free(queue);
}
END_TEST

START_TEST(test_an_answer_goes_back_to_where_the_question_came_from)
{
	struct queue *asker = queue_new();
	struct message *message = numbered(0, 0);
	message->reply_to = asker;
	message->reply_type = 42;
	ck_assert(message_reply(message));
	ck_assert_ptr_eq(queue_take_all(asker), message);
	ck_assert_int_eq(message->type, 42);
	message->reply_to = NULL;
	ck_assert(!message_reply(message));
	message_free(message);
	queue_free(asker);
}
END_TEST

static int released;

static void count_release(struct message *message)
{
	(void)message;
	released++;
}

START_TEST(test_what_is_left_in_a_queue_is_freed_with_it)
{
	struct queue *queue = queue_new();
	for (int i = 0; i < 3; i++) {
		struct message *message = numbered(0, i);
		message->release = count_release;
		queue_push(queue, message);
	}
	queue_free(queue);
	ck_assert_int_eq(released, 3);
}
END_TEST

#define PRODUCERS 4
#define EACH 50000

struct producer { struct queue *queue; int number; };

static void *produce(void *data)
{
	const struct producer *producer = data;
	for (int i = 0; i < EACH; i++)
		queue_push(producer->queue, numbered(producer->number, i));
	return NULL;
}

START_TEST(test_many_threads_push_and_each_ones_order_is_kept)
{
	struct queue *queue = queue_new();
	struct producer producers[PRODUCERS];
	GThread *threads[PRODUCERS];
	int next[PRODUCERS] = { 0 };
	for (int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ queue, i };
		threads[i] = g_thread_new("producer", produce, &producers[i]);
	}
	for (int n = 0; n < PRODUCERS * EACH;) {
		ck_assert(queue_wait(queue, 10000));
		struct message *after;
		for (struct message *message = queue_take_all(queue); message != NULL; message = after, n++) {
			after = message->next;
			const struct numbered *one = (struct numbered *)message;
			ck_assert_int_eq(one->number, next[one->producer]);
			next[one->producer]++;
			message_free(message);
		}
	}
	for (int i = 0; i < PRODUCERS; i++)
		g_thread_join(threads[i]);
	queue_free(queue);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("queue");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, test_a_chain_comes_in_its_order_behind_what_was_there);
	tcase_add_test(tests, test_messages_come_in_the_order_they_were_pushed);
	tcase_add_test(tests, test_the_descriptor_is_readable_exactly_while_something_is_there);
	tcase_add_test(tests, test_an_answer_goes_back_to_where_the_question_came_from);
	tcase_add_test(tests, test_what_is_left_in_a_queue_is_freed_with_it);
	tcase_add_test(tests, test_many_threads_push_and_each_ones_order_is_kept);
	Suite *suite = suite_create("queue");
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
