/*
 * Which orders and which lease of central's answer reach the loop.
 */
#include <check.h>
#include <stdlib.h>

#include "agent/sync_orders.h"
#include "tests/unit/suite.h"

static struct loop_status_message status;
static struct sync_reply reply;
static struct loop_commands_message *message;

static void setup(void)
{
	status = (struct loop_status_message){ .n_done_commands = 0 };
	sync_reply_init(&reply);
	reply.jobs_mode = SYNC_JOBS_NONE;
	reply.lease_until = WALL_NONE;
}

static void teardown(void)
{
	sync_reply_clear(&reply);
	if (message != NULL)
		message_free(&message->message);
	message = NULL;
}

static void order(int64_t id, enum sync_command_type type)
{
	struct sync_command command = { .id = id, .type = type };
	g_array_append_val(reply.commands, command);
}

static void done(int64_t id)
{
	status.done_commands[status.n_done_commands++] = id;
}

static void hear(bool want_snapshot)
{
	message = sync_orders(&status, &reply, want_snapshot);
	ck_assert_ptr_nonnull(message);
}

START_TEST(test_an_answer_without_orders_is_no_news)
{
	ck_assert_ptr_null(sync_orders(&status, &reply, false));
}
END_TEST

START_TEST(test_what_central_orders_again_it_has_not_heard_to_be_done)
{
	done(7);
	done(8);
	order(8, SYNC_COMMAND_RUN);
	hear(false);
	ck_assert_uint_eq(message->known->len, 1);
	ck_assert_int_eq(g_array_index(message->known, int64_t, 0), 7);
	ck_assert_uint_eq(message->commands->len, 1);
	ck_assert_int_eq(g_array_index(message->commands, struct sync_command, 0).id, 8);
}
END_TEST

START_TEST(test_orders_wait_for_the_last_part_of_the_job_set)
{
	reply.jobs_mode = SYNC_JOBS_DELTA;
	reply.jobs_more = true;
	order(9, SYNC_COMMAND_RUN);
	hear(false);
	ck_assert_uint_eq(message->commands->len, 0);
}
END_TEST

START_TEST(test_a_new_key_is_not_the_loop_s_matter)
{
	ck_assert(!sync_orders_rotation(&reply));
	order(9, SYNC_COMMAND_RUN);
	ck_assert(!sync_orders_rotation(&reply));
	order(10, SYNC_COMMAND_ROTATE);
	ck_assert(sync_orders_rotation(&reply));
	hear(false);
	ck_assert_uint_eq(message->commands->len, 1);
	ck_assert_int_eq(g_array_index(message->commands, struct sync_command, 0).id, 9);
}
END_TEST

START_TEST(test_a_lease_counts_only_for_a_job_set_that_both_sides_agree_on)
{
	reply.lease_until = (struct wall){ 77 };
	hear(false);
	ck_assert_int_eq(message->lease_until.us, 77);
	ck_assert_ptr_null(sync_orders(&status, &reply, true));
	reply.jobs_mode = SYNC_JOBS_DELTA;
	ck_assert_ptr_null(sync_orders(&status, &reply, false));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("sync_orders");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_an_answer_without_orders_is_no_news);
	tcase_add_test(tests, test_what_central_orders_again_it_has_not_heard_to_be_done);
	tcase_add_test(tests, test_orders_wait_for_the_last_part_of_the_job_set);
	tcase_add_test(tests, test_a_new_key_is_not_the_loop_s_matter);
	tcase_add_test(tests, test_a_lease_counts_only_for_a_job_set_that_both_sides_agree_on);
	Suite *suite = suite_create("sync_orders");
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
