/*
 * agent/resolver.h through the runner: names that are looked up off the loop, bounded, shared, kept, and judged by the address
 * that is connected to.
 */
#include <check.h>
#include <string.h>

#include "agent/resolver.h"
#include "tests/unit/runner_world.h"
#include "tests/unit/suite.h"

static struct world *world;

static gint lookups, in_lookup, most_in_lookup, name_service_is_slow, name_service_fails, name_service_is_held;
#define SLOW_LOOKUP_US 10000000 /* nothing waits for it, however long a busy machine lets everybody stand still */
#define NAME_TTL_MS 1000

static char *look_up(const char *host)
{
	gint now = g_atomic_int_add(&in_lookup, 1) + 1;
	g_atomic_int_inc(&lookups);
	for (gint most; now > (most = g_atomic_int_get(&most_in_lookup));)
		g_atomic_int_compare_and_exchange(&most_in_lookup, most, now);
	while (g_atomic_int_get(&name_service_is_held))
		g_usleep(1000);
	g_usleep(g_atomic_int_get(&name_service_is_slow) ? SLOW_LOOKUP_US : 20000);
	g_atomic_int_add(&in_lookup, -1);
	return g_atomic_int_get(&name_service_fails) || g_str_has_prefix(host, "unknown") ? NULL : g_strdup("127.0.0.1");
}

static void set_up_names(void)
{
	world = world_new_with_names(NULL, NULL, look_up, NAME_TTL_MS);
}

START_TEST(test_one_lookup_serves_all_who_wait_for_a_name)
{
	world_free(world);
	world = world_new_with_names(NULL, NULL, look_up, 0); /* whose answers are good until the end of the test */
	struct job *job = world_job(world, "{\"api\":\"http://some.test:PORT/\"}");
	struct ended *all[50];
	g_atomic_int_set(&name_service_is_held, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		all[i] = world_start(world, job);
	g_atomic_int_set(&name_service_is_held, 0);
	world_wait(world);
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		ck_assert_int_eq(all[i]->result.outcome, ATTEMPT_RESPONSE);
		ck_assert_int_ge(all[i]->result.timing.dns_us, 1000);
		ended_free(all[i]);
	}
	ck_assert_ptr_nonnull(strstr(world->received->str, "\r\nHost: some.test:"));
	struct ended *later = world_start(world, job);
	world_wait(world);
	ck_assert_int_eq(later->result.timing.dns_us, 0);
	ck_assert_int_eq(g_atomic_int_get(&lookups), 1);
	ended_free(later);
	job_unref(job);
}
END_TEST

static gint rebound;

static char *rebind(const char *host)
{
	(void)host;
	static const char *const answers[] = { "127.0.0.1", "127.0.0.2", "127.0.0.2,127.0.0.1" };
	int n = g_atomic_int_add(&rebound, 1);
	return g_strdup(answers[MIN(n, 2)]);
}

/* A name that leads to a good address first and to a forbidden one later: the address that is connected to is judged. */
START_TEST(test_a_name_that_is_bound_anew_to_a_forbidden_address_is_refused)
{
	static const enum attempt_outcome expected[] = { ATTEMPT_RESPONSE, ATTEMPT_REFUSED, ATTEMPT_RESPONSE };
	static const int connections[] = { 1, 1, 2 };
	world_free(world);
	world = world_new_with_names("127.0.0.2", NULL, rebind, NAME_TTL_MS);
	world->closes = true;
	world->answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
	struct job *job = world_job(world, "{\"api\":\"http://rebinding.test:PORT/\"}");
	for (int i = 0; i < 3; i++) {
		struct ended *ended = world_start(world, job);
		world_wait(world);
		int n = g_atomic_int_get(&rebound);
		ck_assert_int_eq(n, i + 1);
		ck_assert_msg(ended->result.outcome == expected[i], "%d: outcome %d, %s", i, ended->result.outcome, ended->result.error);
		ck_assert_int_eq(world->connections, connections[i]);
		ended_free(ended);
		g_usleep(NAME_TTL_MS * 2000);
	}
	job_unref(job);
}
END_TEST

START_TEST(test_lookups_are_bounded_and_an_unknown_name_is_no_connection)
{
	struct ended *all[60];
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *definition = g_strdup_printf("{\"api\":\"http://%s%zu.test:PORT/\"}", i % 2 ? "unknown" : "host", i);
		struct job *job = world_job(world, definition);
		all[i] = world_start(world, job);
		job_unref(job);
	}
	world_wait(world);
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		ck_assert_int_eq(all[i]->result.outcome, i % 2 ? ATTEMPT_CONNECT : ATTEMPT_RESPONSE);
		ended_free(all[i]);
	}
	ck_assert_int_eq(g_atomic_int_get(&lookups), 60);
	ck_assert_int_le(g_atomic_int_get(&most_in_lookup), RESOLVER_THREADS);
}
END_TEST

START_TEST(test_a_slow_name_service_costs_the_attempt_its_time_and_nobody_else)
{
	g_atomic_int_set(&name_service_is_slow, 1);
	struct job *slow = world_job(world, "{\"api\":\"http://slow.test:PORT/\",\"timeoutMs\":300}");
	struct job *quick = world_job(world, "{\"api\":\"http://127.0.0.1:PORT/x\"}");
	struct ended *first = world_start(world, slow), *second = world_start(world, slow), *other = world_start(world, quick);
	world->interface.cancel(world->interface.context, &second->attempt);
	world_wait(world);
	ck_assert_int_eq(first->result.outcome, ATTEMPT_CONNECT);
	ck_assert_str_eq(first->result.error, "the host name was not resolved in time");
	ck_assert_int_lt(first->result.duration_us, SLOW_LOOKUP_US - 500000);
	ck_assert_int_eq(second->result.outcome, ATTEMPT_CANCELLED);
	ck_assert_int_eq(other->result.outcome, ATTEMPT_RESPONSE);
	ck_assert_int_lt(other->result.duration_us, SLOW_LOOKUP_US - 500000);
	ended_free(first);
	ended_free(second);
	ended_free(other);
	job_unref(slow);
	job_unref(quick);
}
END_TEST

/* A schedule goes on ringing without DNS: _i is whether the name service fails or is slow. */
START_TEST(test_an_old_address_serves_while_the_name_service_is_away)
{
	struct job *job = world_job(world, "{\"api\":\"http://some.test:PORT/\"}");
	struct ended *first = world_start(world, job);
	world_wait(world);
	ended_free(first);
	g_usleep(NAME_TTL_MS * 2000);
	g_atomic_int_set(_i == 0 ? &name_service_fails : &name_service_is_slow, 1);
	for (int i = 0; i < 3; i++) {
		struct ended *ended = world_start(world, job);
		world_wait(world);
		ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESPONSE);
		ck_assert_int_lt(ended->result.timing.dns_us, i == 0 ? SLOW_LOOKUP_US - 500000 : 1);
		ended_free(ended);
	}
	ck_assert_int_eq(g_atomic_int_get(&lookups), 2);
	job_unref(job);
}
END_TEST

START_TEST(test_an_address_is_looked_up_again_when_it_is_old)
{
	struct job *job = world_job(world, "{\"api\":\"http://some.test:PORT/\"}");
	for (int i = 1; i < 4; i++) {
		struct ended *ended = world_start(world, job);
		world_wait(world);
		ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESPONSE);
		ck_assert_int_eq(g_atomic_int_get(&lookups), i);
		ended_free(ended);
		g_usleep(NAME_TTL_MS * 2000);
	}
	job_unref(job);
}
END_TEST

static void tear_down(void)
{
	world_free(world);
}

int main(void)
{
	Suite *suite = suite_create("runner_names");
	TCase *tests = tcase_create("names");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up_names, tear_down);
	tcase_add_test(tests, test_a_name_that_is_bound_anew_to_a_forbidden_address_is_refused);
	tcase_add_test(tests, test_one_lookup_serves_all_who_wait_for_a_name);
	tcase_add_test(tests, test_lookups_are_bounded_and_an_unknown_name_is_no_connection);
	tcase_add_test(tests, test_a_slow_name_service_costs_the_attempt_its_time_and_nobody_else);
	tcase_add_loop_test(tests, test_an_old_address_serves_while_the_name_service_is_away, 0, 2);
	tcase_add_test(tests, test_an_address_is_looked_up_again_when_it_is_old);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
