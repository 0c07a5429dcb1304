/* The table of routes: its invariants, and how paths find their row. */
#include <check.h>
#include <string.h>

#include "central/db_internal.h"
#include "central/routes.h"
#include "common/sql.h"
#include "tests/unit/suite.h"

static void clear(char *params[ROUTE_PARAMS_MAX])
{
	for (int i = 0; i < ROUTE_PARAMS_MAX; i++)
		g_clear_pointer(&params[i], g_free);
}

START_TEST(test_every_route_has_a_method_a_path_a_role_and_a_handler)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", NULL };
	for (const struct route *route = routes; route->method != NULL; route++) {
		ck_assert_msg(g_strv_contains(methods, route->method), "%s", route->method);
		ck_assert_int_eq(route->path[0], '/');
		ck_assert_ptr_nonnull(route->handler);
		ck_assert_int_lt(route->role, ROLE_MAX_);
		ck_assert(route->listeners != 0 &&
			  (route->listeners & ~(unsigned)(LISTENER_API | LISTENER_AGENT)) == 0);
	}
}
END_TEST

START_TEST(test_no_two_routes_are_the_same)
{
	for (const struct route *a = routes; a->method != NULL; a++)
		for (const struct route *b = a + 1; b->method != NULL; b++)
			ck_assert_msg(strcmp(a->method, b->method) != 0 || strcmp(a->path, b->path) != 0, "%s %s",
				      a->method, a->path);
}
END_TEST

START_TEST(test_only_health_metrics_and_enrolment_are_open)
{
	static const char *const open[] = { "/healthz", "/readyz", "/metrics", "/api/agent/enroll", "/api/session", ROUTE_REST, NULL };
	for (const struct route *route = routes; route->method != NULL; route++)
		if (route->role == ROLE_OPEN)
			ck_assert_msg(g_strv_contains(open, route->path), "%s", route->path);
}
END_TEST

START_TEST(test_people_and_agents_have_routes_of_their_own_listener)
{
	for (const struct route *route = routes; route->method != NULL; route++) {
		if (route->role == ROLE_AGENT)
			ck_assert_uint_eq(route->listeners, LISTENER_AGENT);
		if (route->role >= ROLE_VIEWER)
			ck_assert_uint_eq(route->listeners, LISTENER_API);
	}
}
END_TEST

START_TEST(test_reading_takes_no_body_and_changing_takes_more_than_a_viewer)
{
	static const char *const harmless[] = { "/api/session", "/api/session/password", "/api/session/links",
						"/api/schedules/preview", NULL };
	for (const struct route *route = routes; route->method != NULL; route++) {
		if (strcmp(route->method, "GET") == 0)
			ck_assert_msg(route->body_max == 0, "%s", route->path);
		else
			ck_assert_msg(route->role != ROLE_VIEWER || g_strv_contains(harmless, route->path), "%s %s",
				      route->method, route->path);
	}
}
END_TEST

START_TEST(test_a_path_finds_its_route_and_gives_its_values_decoded)
{
	char *params[ROUTE_PARAMS_MAX] = { NULL };
	char *allow = NULL;
	const struct route *route = route_find(LISTENER_API, "GET", "/api/jobs/a%2Fb%20c", params, &allow);
	ck_assert_ptr_nonnull(route);
	ck_assert_str_eq(route->path, "/api/jobs/:jobId");
	ck_assert_str_eq(params[0], "a/b c");
	ck_assert_int_eq(route_param_index(route, "jobId"), 0);
	ck_assert_int_eq(route_param_index(route, "job"), -1);
	clear(params);
	route = route_find(LISTENER_API, "HEAD", "/api/jobs", params, &allow);
	ck_assert_ptr_nonnull(route);
	ck_assert_str_eq(route->method, "GET");
}
END_TEST

START_TEST(test_what_is_no_path_finds_nothing)
{
	static const char *const paths[] = { "/api",
					     "/api/",
					     "/api/jobs/",
					     "/api/jobs//",
					     "/api/jobs/x/",
					     "/api/jobs/x/y",
					     "/api/jobs/%",
					     "/api/jobs/%zz",
					     "/api/jobs/%00",
					     "/api/jobs/%ff",
					     "/API/jobs",
					     "/api/jobs/x/actions/explode",
					     "/healthz/x" };
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		char *params[ROUTE_PARAMS_MAX] = { NULL };
		char *allow = NULL;
		ck_assert_msg(route_find(LISTENER_API, "GET", paths[i], params, &allow) == NULL, "%s", paths[i]);
		ck_assert_msg(allow == NULL, "%s", paths[i]);
		for (int p = 0; p < ROUTE_PARAMS_MAX; p++)
			ck_assert_ptr_null(params[p]);
	}
}
END_TEST

START_TEST(test_another_method_is_told_which_ones_there_are)
{
	char *params[ROUTE_PARAMS_MAX] = { NULL };
	g_autofree char *allow = NULL;
	ck_assert_ptr_null(route_find(LISTENER_API, "BREW", "/api/jobs", params, &allow));
	ck_assert_str_eq(allow, "GET, HEAD, POST");
}
END_TEST

START_TEST(test_a_route_of_the_other_listener_is_not_there)
{
	char *params[ROUTE_PARAMS_MAX] = { NULL };
	char *allow = NULL;
	ck_assert_ptr_null(route_find(LISTENER_AGENT, "GET", "/api/jobs", params, &allow));
	ck_assert_ptr_null(allow);
	ck_assert_ptr_null(route_find(LISTENER_API, "POST", "/api/agent/sync", params, &allow));
	ck_assert_ptr_null(allow);
}
END_TEST

START_TEST(test_every_sql_statement_has_a_name_of_its_own)
{
	for (const struct sql_query *a = sql_central_queries; a->name != NULL; a++)
		for (const struct sql_query *b = a + 1; b->name != NULL; b++)
			ck_assert_msg(strcmp(a->name, b->name) != 0, "%s", a->name);
}
END_TEST

/* Gaps are fine: numbers are given out before the work is done, and some were not used. Only the order counts. */
START_TEST(test_definitions_only_create_or_replace)
{
	static const char only[] = "CREATE OR REPLACE ";
	g_auto(GStrv) lines = g_strsplit(sql_central_definitions, "\n", -1);
	int found = 0;
	for (char **line = lines; *line != NULL; line++) {
		found += g_str_has_prefix(*line, only);
		ck_assert_msg(!g_regex_match_simple("^ *(CREATE|DROP|ALTER|DO|INSERT|UPDATE|DELETE|GRANT|REVOKE)\\b", *line, 0, 0) ||
				      g_str_has_prefix(*line, only),
			      "%s", *line);
	}
	ck_assert_int_gt(found, 10);
}
END_TEST

/* What a migration made would be there for a moment only: the definitions come after it. */
START_TEST(test_no_migration_since_0036_makes_what_is_defined)
{
	g_auto(GStrv) lines = g_strsplit(sql_central_definitions, "\n", -1);
	int found = 0;
	for (char **line = lines; *line != NULL; line++) {
		char name[64];
		if (sscanf(*line, "CREATE OR REPLACE %*[A-Z] %63[a-z_0-9]", name) != 1)
			continue;
		g_autofree char *made = g_strdup_printf("^CREATE .*(FUNCTION|VIEW) %s\\b", name);
		for (const struct sql_migration *migration = sql_central_migrations; migration->name != NULL; migration++) {
			bool makes = g_regex_match_simple(made, migration->text, G_REGEX_MULTILINE, 0);
			found += makes;
			ck_assert_msg(migration->version <= 36 || !makes, "%s makes %s", migration->name, name);
		}
	}
	ck_assert_int_gt(found, 20); /* those before: the pattern finds something */
}
END_TEST

START_TEST(test_migrations_are_numbered_and_in_order)
{
	int version = 0;
	for (const struct sql_migration *migration = sql_central_migrations; migration->name != NULL; migration++) {
		ck_assert_int_gt(migration->version, version);
		version = migration->version;
	}
	ck_assert_int_gt(version, 0);
}
END_TEST

START_TEST(test_parameters_are_written_as_postgresql_reads_them)
{
	struct db_params params = { 0 };
	db_param_int(&params, INT64_MIN);
	db_param_wall(&params, (struct wall){ 1795435200123456 });
	db_param_wall(&params, WALL_NONE);
	db_param_wall(&params, WALL_NEVER);
	db_param_wall(&params, (struct wall){ -1 });
	db_param_bool(&params, true);
	db_param_text(&params, NULL);
	db_param_double(&params, 0.1);
	ck_assert_int_eq(params.n, 8);
	ck_assert_str_eq(params.values[0], "-9223372036854775808");
	ck_assert_str_eq(params.values[1], "2026-11-23T12:00:00.123456Z");
	ck_assert_ptr_null(params.values[2]);
	ck_assert_str_eq(params.values[3], "infinity");
	ck_assert_str_eq(params.values[4], "1969-12-31T23:59:59.999999Z");
	ck_assert_str_eq(params.values[5], "t");
	ck_assert_ptr_null(params.values[6]);
	ck_assert_double_eq(g_ascii_strtod(params.values[7], NULL), 0.1);
}
END_TEST

START_TEST(test_array_parameters_quote_what_would_end_an_element)
{
	g_autoptr(GString) array = g_string_new(NULL), none = g_string_new(NULL);
	db_array_append(array, "a\"b\\c,{}");
	db_array_append(array, NULL);
	db_array_append(array, "");
	db_array_append_int(array, -5);
	db_array_append_wall(array, WALL_NONE);
	ck_assert_str_eq(db_array_close(array), "{\"a\\\"b\\\\c,{}\",NULL,\"\",-5,NULL}");
	ck_assert_str_eq(db_array_close(none), "{}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("central routes and statements");
	TCase *all = tcase_create("all");
	tcase_add_test(all, test_every_route_has_a_method_a_path_a_role_and_a_handler);
	tcase_add_test(all, test_no_two_routes_are_the_same);
	tcase_add_test(all, test_only_health_metrics_and_enrolment_are_open);
	tcase_add_test(all, test_people_and_agents_have_routes_of_their_own_listener);
	tcase_add_test(all, test_reading_takes_no_body_and_changing_takes_more_than_a_viewer);
	tcase_add_test(all, test_a_path_finds_its_route_and_gives_its_values_decoded);
	tcase_add_test(all, test_what_is_no_path_finds_nothing);
	tcase_add_test(all, test_another_method_is_told_which_ones_there_are);
	tcase_add_test(all, test_a_route_of_the_other_listener_is_not_there);
	tcase_add_test(all, test_every_sql_statement_has_a_name_of_its_own);
	tcase_add_test(all, test_migrations_are_numbered_and_in_order);
	tcase_add_test(all, test_definitions_only_create_or_replace);
	tcase_add_test(all, test_no_migration_since_0036_makes_what_is_defined);
	tcase_add_test(all, test_parameters_are_written_as_postgresql_reads_them);
	tcase_add_test(all, test_array_parameters_quote_what_would_end_an_element);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
