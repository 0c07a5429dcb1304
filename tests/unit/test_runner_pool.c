/*
 * agent/runner_pool.h: who gets an attempt, and that each is reported once, whatever crosses on the way. What a helper says
 * on the wire is in test_runner.c, which runs all its cases on a helper as well.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/runner_world.h"
#include "tests/unit/suite.h"

#define API "{\"api\":\"http://127.0.0.1:PORT/x\"}"
#define MANY 200

static struct world *world;
static struct ended *all[MANY];

static void set_up(void)
{
	world = world_new_with_helpers(3, false);
}

static void tear_down(void)
{
	world_free(world);
}

static void start(int n)
{
	struct job *job = world_job(world, API);
	for (int i = 0; i < n; i++)
		all[i] = world_start(world, job);
	job_unref(job);
}

static void end(int n)
{
	world_wait(world);
	for (int i = 0; i < n; i++)
		g_clear_pointer(&all[i], ended_free);
}

static void turn_until_requests(int n)
{
	const struct timeval patience = { .tv_sec = 20 };
	event_base_loopexit(world->base, &patience);
	while (world->requests < n && !event_base_got_exit(world->base))
		event_base_loop(world->base, EVLOOP_ONCE);
	ck_assert_int_ge(world->requests, n);
}

START_TEST(test_a_calm_agent_has_no_helper)
{
	for (int round = 0; round < 20; round++) {
		start(RUNNER_POOL_CROWD / 4);
		end(RUNNER_POOL_CROWD / 4);
	}
	ck_assert_int_eq(runner_pool_helpers(world->runner), 0);
}
END_TEST

START_TEST(test_what_hangs_is_no_crowd)
{
	world->answer = NULL;
	struct ended *hanging[60];
	for (int i = 0; i < 60; i += 20) {
		start(20);
		memcpy(&hanging[i], all, 20 * sizeof all[0]);
		turn_until_requests(i + 20);
		g_usleep(20000);
	}
	world->answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct job *job = world_job(world, API);
	struct ended *ended = world_start(world, job);
	turn_until_requests(61);
	ck_assert_int_eq(runner_pool_helpers(world->runner), 0);
	for (int i = 0; i < 60; i++)
		world->interface.cancel(world->interface.context, &hanging[i]->attempt);
	world_wait(world);
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESPONSE);
	for (int i = 0; i < 60; i++) {
		ck_assert_int_eq(hanging[i]->result.outcome, ATTEMPT_CANCELLED);
		ended_free(hanging[i]);
	}
	ended_free(ended);
	job_unref(job);
}
END_TEST

/* _i: the answer's body is empty, short or longer than what a message has room for. */
START_TEST(test_a_crowd_is_shared_and_each_gets_its_own_result)
{
	const int sizes[] = { 0, 2, 3000 };
	g_autofree char *body = g_strnfill(sizes[_i], 'b');
	g_autofree char *answer = g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", sizes[_i], body);
	world->answer = answer;
	for (int round = 0; round < 5; round++) {
		start(MANY);
		world_wait(world);
		for (int i = 0; i < MANY; i++) {
			const struct attempt_result *result = &all[i]->result;
			ck_assert_int_eq(result->outcome, ATTEMPT_RESPONSE);
			ck_assert_int_eq(result->body_size, sizes[_i]);
			ck_assert(sizes[_i] == 0 || memcmp(result->body, body, sizes[_i]) == 0);
			ck_assert_int_eq(result->body_digest != NULL, sizes[_i] > 0);
			ck_assert_ptr_null(all[i]->attempt.runner_data);
		}
		end(MANY);
	}
	struct runner_http_stats stats;
	runner_pool_get_stats(world->runner, &stats);
	ck_assert_int_ge(runner_pool_helpers(world->runner), 1);
	ck_assert_int_eq(stats.started, 5 * MANY);
	ck_assert_int_eq(stats.finished[ATTEMPT_RESPONSE], 5 * MANY);
	ck_assert_int_eq(stats.running, 0);
	ck_assert_int_eq(stats.connections, world->connections);
}
END_TEST

START_TEST(test_the_words_of_a_failure_come_back_from_a_helper)
{
	struct job *job = world_job(world, "{\"api\":\"http://127.0.0.1:1/\"}");
	for (int i = 0; i < MANY; i++)
		all[i] = world_start(world, job);
	world_wait(world);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(all[i]->result.outcome, ATTEMPT_CONNECT);
		ck_assert_ptr_nonnull(strstr(all[i]->result.error, "connect"));
	}
	ck_assert_int_ge(runner_pool_helpers(world->runner), 1);
	end(MANY);
	job_unref(job);
}
END_TEST

/* Together they keep no more connections than the limit of open files was made for. */
START_TEST(test_connections_stay_within_what_was_reckoned)
{
	int most = runner_pool_connections_max(64, 3);
	for (int round = 0; round < 20; round++) {
		start(64);
		end(64);
	}
	struct runner_http_stats stats;
	runner_pool_get_stats(world->runner, &stats);
	ck_assert_int_le(stats.open_connections, most);
	ck_assert_int_eq(most, 64 + 3 * 16);
	ck_assert_int_eq(runner_pool_connections_max(64, 0), 64);
	ck_assert_int_eq(runner_pool_connections_max(1, 1), 2);
}
END_TEST

/* _i turns of the loop lie between start and cancel: it meets orders not yet sent, requests under way, results on their way. */
START_TEST(test_a_cancel_that_crosses_the_result_is_reported_once)
{
	for (int round = 0; round < 20; round++) {
		start(MANY);
		for (int turn = 0; turn < _i; turn++)
			event_base_loop(world->base, EVLOOP_NONBLOCK);
		for (int i = round % 3; i < MANY; i += 2) {
			if (all[i]->done)
				continue;
			world->interface.cancel(world->interface.context, &all[i]->attempt);
			world->interface.cancel(world->interface.context, &all[i]->attempt);
		}
		world_wait(world);
		for (int i = 0; i < MANY; i++)
			ck_assert(all[i]->result.outcome == ATTEMPT_RESPONSE || all[i]->result.outcome == ATTEMPT_CANCELLED);
		end(MANY);
	}
	ck_assert_int_ge(runner_pool_helpers(world->runner), 1);
}
END_TEST

/* _i: with cancels under way as well. */
START_TEST(test_what_runs_at_the_end_is_dropped_without_a_report)
{
	world->answer = NULL;
	start(MANY);
	if (_i == 1)
		turn_until_requests(MANY / 2);
	for (int i = 0; i < MANY; i += 3)
		if (!all[i]->done)
			world->interface.cancel(world->interface.context, &all[i]->attempt);
	if (_i == 2)
		event_base_loop(world->base, EVLOOP_NONBLOCK);
	ck_assert_int_ge(runner_pool_helpers(world->runner), 1);
	runner_pool_free(g_steal_pointer(&world->runner));
	for (int i = 0; i < MANY; i++)
		ended_free(all[i]);
}
END_TEST

START_TEST(test_without_descriptors_for_a_helper_the_loop_does_the_work)
{
	struct rlimit limit;
	start(RUNNER_POOL_CROWD - 1);
	end(RUNNER_POOL_CROWD - 1);
	int next = dup(0);
	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = next;
	setrlimit(RLIMIT_NOFILE, &limit);
	g_usleep(20000);
	start(MANY);
	world_wait(world);
	int good = 0;
	for (int i = 0; i < MANY; i++) {
		ck_assert(all[i]->result.outcome == ATTEMPT_RESPONSE || all[i]->result.outcome == ATTEMPT_RESOURCE);
		good += all[i]->result.outcome == ATTEMPT_RESPONSE;
	}
	ck_assert_int_ge(good, RUNNER_POOL_CROWD - 1);
	ck_assert_int_eq(runner_pool_helpers(world->runner), 0);
	end(MANY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("runner_pool");
	TCase *tests = tcase_create("pool");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, test_a_calm_agent_has_no_helper);
	tcase_add_test(tests, test_what_hangs_is_no_crowd);
	tcase_add_loop_test(tests, test_a_crowd_is_shared_and_each_gets_its_own_result, 0, 3);
	tcase_add_test(tests, test_the_words_of_a_failure_come_back_from_a_helper);
	tcase_add_test(tests, test_connections_stay_within_what_was_reckoned);
	tcase_add_loop_test(tests, test_a_cancel_that_crosses_the_result_is_reported_once, 0, 6);
	tcase_add_loop_test(tests, test_what_runs_at_the_end_is_dropped_without_a_report, 0, 3);
	tcase_add_test(tests, test_without_descriptors_for_a_helper_the_loop_does_the_work);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
