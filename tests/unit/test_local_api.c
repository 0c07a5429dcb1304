/* agent/local_api.h: every route against a real core with a store and a runner that do nothing. */
#include <check.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/agent_metrics.h"
#include "agent/local_api.h"
#include "agent/local_http.h"
#include "tests/unit/suite.h"

#define JOBS 250

static struct {
	struct event_base *base;
	struct core *core;
	struct egress_policy *egress;
	struct local_api *api;
	char *folder, *socket;
	struct store_stats store_stats;
	struct sync_news sync_news;
	GPtrArray *records; /* the store's, oldest first; record i has seq i + 1 */
	bool store_is_broken, store_is_silent;
	int asked;
} world;

static void submit(void *context, const struct store_batch *batch)
{
	(void)context, (void)batch;
}

static void start_attempt(void *context, struct attempt *attempt)
{
	(void)context, (void)attempt;
}

static struct wall clock_wall(void *context)
{
	(void)context;
	return wall_now();
}

static struct mono clock_mono(void *context)
{
	(void)context;
	return mono_now();
}

static const struct store_stats *get_store_stats(void *context)
{
	(void)context;
	return &world.store_stats;
}

static const struct sync_news *get_sync_news(void *context)
{
	(void)context;
	return &world.sync_news;
}

static void recent(void *context, int limit, int64_t before, void (*done)(void *, GPtrArray *, const int64_t *), void *done_context)
{
	(void)context;
	g_autoptr(GPtrArray) records = g_ptr_array_new();
	g_autoptr(GArray) seqs = g_array_new(FALSE, FALSE, sizeof(int64_t));
	world.asked++;
	if (world.store_is_silent)
		return;
	for (int64_t seq = MIN(before - 1, (int64_t)world.records->len); seq > 0 && (int)records->len < limit; seq--) {
		g_ptr_array_add(records, world.records->pdata[seq - 1]);
		g_array_append_val(seqs, seq);
	}
	done(done_context, world.store_is_broken ? NULL : records, (int64_t *)(void *)seqs->data);
}

static void add_job(struct store_snapshot *snapshot, const char *id, const char *definition)
{
	struct job_problem problem = { 0 };
	json_t *json = json_loads(definition, 0, NULL);
	struct stored_job stored = { .job = job_parse(json, id, 3, false, &problem), .target_key = "" };
	ck_assert_msg(stored.job != NULL, "%s: %s", problem.pointer, problem.detail);
	stored.since = stored.anchor = wall_now();
	g_array_append_val(snapshot->jobs, stored);
	json_decref(json);
}

static void start_core(void)
{
	struct core_config config;
	core_config_defaults(&config);
	config.agent_id = "agent-1";
	config.boot_id = "boot";
	config.booted_at = wall_now();
	struct store_snapshot *snapshot = store_snapshot_new();
	snapshot->state.planned_until = snapshot->state.fixed_until = wall_now();
	snapshot->state.jobs_revision = 7;
	for (int i = 0; i < JOBS; i++) {
		g_autofree char *id = g_strdup_printf("j%03d", i);
		add_job(snapshot, id, "{\"schedule\":\"0 0 1 1 *\",\"startAt\":\"2100-01-01T00:00:00Z\",\"api\":\"http://a.test/\"}");
	}
	add_job(snapshot, "secret", "{\"schedule\":\"@every 1h\",\"api\":\"http://a.test/\",\"headers\":{\"Authorization\":\"Bearer hidden\"}}");
	world.core = core_new(&config, (struct core_clock){ NULL, clock_wall, clock_mono }, (struct store){ NULL, submit },
			      (struct runner){ NULL, start_attempt, start_attempt });
	core_start(world.core, snapshot);
	store_snapshot_free(snapshot);
}

static void open_api(const char *central_url)
{
	GError *error = NULL;
	const struct local_api_config config = {
		.socket_path = world.socket, .name = "host-1", .agent_id = "agent-1", .central_url = central_url,
		.egress = world.egress, .core = world.core,
		.source = { NULL, get_store_stats, get_sync_news, recent },
	};
	local_api_free(world.api);
	world.api = local_api_new(world.base, &config, &error);
	g_assert_no_error(error);
}

static void set_up(void)
{
	memset(&world, 0, sizeof world);
	world.base = event_base_new();
	world.folder = g_dir_make_tmp("belfry-XXXXXX", NULL);
	world.socket = g_build_filename(world.folder, "agent.sock", NULL);
	world.egress = egress_policy_new(NULL, NULL, NULL);
	world.records = g_ptr_array_new_with_free_func(g_free);
	world.store_stats = (struct store_stats){ .epoch = 5, .next_seq = 11, .acked_seq = 7, .first_seq = 1, .healthy = true };
	world.sync_news = (struct sync_news){ .enabled = true, .last_success_at = WALL_NONE, .error = "refused" };
	start_core();
	open_api("http://127.0.0.1:3002");
}

static void tear_down(void)
{
	local_api_free(world.api);
	ck_assert(!g_file_test(world.socket, G_FILE_TEST_EXISTS));
	core_free(world.core);
	egress_policy_free(world.egress);
	event_base_free(world.base);
	g_ptr_array_unref(world.records);
	rmdir(world.folder);
	g_free(world.folder);
	g_free(world.socket);
}

static int dial(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	g_strlcpy(name.sun_path, world.socket, sizeof name.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
	return fd;
}

struct client { struct bufferevent *buffers; bool ended; };

static void on_end(struct bufferevent *buffers, short what, void *context)
{
	(void)buffers, (void)what;
	((struct client *)context)->ended = true;
}

/* Sends the bytes, returns all that comes until the other side closes. */
static char *exchange(const char *bytes, size_t size)
{
	struct client client = { .buffers = bufferevent_socket_new(world.base, dial(), BEV_OPT_CLOSE_ON_FREE) };
	bufferevent_setcb(client.buffers, NULL, NULL, on_end, &client);
	bufferevent_enable(client.buffers, EV_READ | EV_WRITE);
	bufferevent_write(client.buffers, bytes, size);
	while (!client.ended)
		event_base_loop(world.base, EVLOOP_ONCE);
	struct evbuffer *input = bufferevent_get_input(client.buffers);
	size_t length = evbuffer_get_length(input);
	char *reply = g_strndup(length == 0 ? "" : (char *)evbuffer_pullup(input, -1), length);
	bufferevent_free(client.buffers);
	return reply;
}

static char *call(const char *method, const char *path, int expected_status)
{
	g_autofree char *request =
		g_strdup_printf("%s %s HTTP/1.1\r\nHost: agent\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method, path);
	g_autofree char *status = g_strdup_printf("HTTP/1.1 %d ", expected_status);
	g_autofree char *reply = exchange(request, strlen(request));
	ck_assert_msg(g_str_has_prefix(reply, status), "%s %s: %s", method, path, reply);
	const char *type = strcasestr(reply, "Content-Type: ");
	if (expected_status >= 400)
		ck_assert_msg(g_str_has_prefix(type + 14, "application/problem+json"), "%s", reply);
	const char *body = strstr(reply, "\r\n\r\n");
	return g_strdup(body + 4);
}

static json_t *call_json(const char *method, const char *path, int expected_status)
{
	g_autofree char *body = call(method, path, expected_status);
	json_t *json = json_loads(body, 0, NULL);
	ck_assert_msg(json != NULL, "%s", body);
	return json;
}

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));
	ck_assert_msg(text != NULL, "no %s", name);
	return text;
}

static json_int_t number_of(const json_t *json, const char *name)
{
	ck_assert_msg(json_is_integer(json_object_get(json, name)), "no %s", name);
	return json_integer_value(json_object_get(json, name));
}

START_TEST(test_only_the_owner_can_open_the_socket)
{
	struct stat found;
	ck_assert_int_eq(stat(world.socket, &found), 0);
	ck_assert_int_eq(found.st_mode & 0777, 0600);
}
END_TEST

START_TEST(test_status_tells_who_with_whom_and_how)
{
	json_t *status = call_json("GET", "/status", 200);
	ck_assert_str_eq(text_of(status, "name"), "host-1");
	ck_assert_str_eq(text_of(status, "agentId"), "agent-1");
	ck_assert(json_is_false(json_object_get(status, "standalone")));
	ck_assert_str_eq(text_of(json_object_get(status, "central"), "error"), "refused");
	ck_assert(json_is_null(json_object_get(json_object_get(status, "central"), "lastSyncAt")));
	ck_assert_int_eq(number_of(json_object_get(status, "jobSet"), "revision"), 7);
	ck_assert_int_eq(number_of(json_object_get(status, "jobSet"), "count"), JOBS + 1);
	ck_assert_int_eq(number_of(json_object_get(status, "counts"), "jobs"), JOBS + 1);
	ck_assert_int_eq(number_of(json_object_get(status, "store"), "outboxDepth"), 3);
	ck_assert(json_is_string(json_object_get(status, "nextFireAt")));
	json_decref(status);
}
END_TEST

START_TEST(test_jobs_come_in_pages_that_join_without_gap)
{
	g_autofree char *cursor = g_strdup("");
	int n = 0;
	for (int page = 0; cursor != NULL; page++) {
		g_autofree char *path = g_strdup_printf("/jobs?limit=100&after=%s", cursor);
		json_t *json = call_json("GET", path, 200), *job;
		size_t i;
		json_array_foreach(json_object_get(json, "jobs"), i, job) {
			g_autofree char *id = n < JOBS ? g_strdup_printf("j%03d", n) : g_strdup("secret");
			ck_assert_str_eq(text_of(job, "jobId"), id);
			n++;
		}
		g_free(cursor);
		cursor = g_strdup(json_string_value(json_object_get(json, "nextCursor")));
		json_decref(json);
		ck_assert_int_le(page, 3);
	}
	ck_assert_int_eq(n, JOBS + 1);
}
END_TEST

START_TEST(test_a_job_is_shown_without_its_secrets)
{
	g_autofree char *body = call("GET", "/jobs/secret", 200);
	ck_assert_ptr_null(strstr(body, "hidden"));
	ck_assert_ptr_nonnull(strstr(body, JOB_SECRET_MASK));
	ck_assert_ptr_nonnull(strstr(body, "\"nextAt\":\""));
}
END_TEST

START_TEST(test_the_next_fires_come_soonest_first)
{
	json_t *json = call_json("GET", "/next?limit=5", 200), *list = json_object_get(json, "next");
	ck_assert_uint_eq(json_array_size(list), 5);
	ck_assert_str_eq(text_of(json_array_get(list, 0), "jobId"), "secret");
	for (size_t i = 1; i < json_array_size(list); i++)
		ck_assert_str_le(text_of(json_array_get(list, i - 1), "at"), text_of(json_array_get(list, i), "at"));
	json_decref(json);
}
END_TEST

START_TEST(test_a_run_on_demand_is_taken)
{
	static const char *const paths[] = { "/jobs/j001/run", "/jobs/j001/actions/run" };
	for (int i = 0; i < 2; i++) {
		struct fire_id id;
		json_t *json = call_json("POST", paths[i], 202);
		ck_assert(fire_id_parse(text_of(json, "executionId"), &id));
		json_decref(json);
	}
	struct core_stats stats;
	core_get_stats(world.core, &stats);
	ck_assert_int_eq(stats.fires, 2);
}
END_TEST

static const struct { const char *method, *path; int status; } wrong[] = {
	{ "GET", "/", 404 }, { "GET", "/nothing", 404 }, { "GET", "/jobs/", 404 }, { "GET", "/jobs/none", 404 },
	{ "POST", "/jobs/none/run", 404 }, { "GET", "/jobs/j001/x", 404 }, { "GET", "/jobs/j001/actions/run/x", 404 },
	{ "GET", "/jobs/%00", 404 }, { "GET", "/jobs/\xff\xfe", 404 }, { "POST", "/status", 405 }, { "DELETE", "/jobs/j001", 405 },
	{ "GET", "/jobs/j001/run", 405 }, { "PUT", "/healthz", 405 }, { "GET", "/jobs?limit=0", 400 }, { "GET", "/jobs?limit=201", 400 },
	{ "GET", "/jobs?limit=x", 400 }, { "GET", "/next?limit=101", 400 }, { "GET", "/next?limit=-1", 400 },
	{ "GET", "/executions?limit=1001", 400 }, { "GET", "/executions?before=0", 400 }, { "GET", "/executions?jobId=a%22b", 400 },
	{ "GET", "/jobs?limit=1%3", 400 }, { "GET", "/executions?status=failed,ok", 400 }, { "GET", "/executions?status=", 400 },
};

START_TEST(test_wrong_requests_get_a_problem)
{
	json_t *json = call_json(wrong[_i].method, wrong[_i].path, wrong[_i].status);
	ck_assert_int_eq(number_of(json, "status"), wrong[_i].status);
	ck_assert_int_gt(strlen(text_of(json, "detail")), 10);
	json_decref(json);
}
END_TEST

static void add_records(int n)
{
	for (int i = 0; i < n; i++)
		g_ptr_array_add(world.records, g_strdup_printf("{\"executionId\":\"e%d\",\"jobId\":\"j%03d\",\"responseBody\":\"\\\"jobId\\\":\\\"j005\\\"\"}",
							       i, i % 10));
}

START_TEST(test_executions_are_the_youngest_first_and_come_in_pages)
{
	add_records(50);
	g_autofree char *cursor = NULL;
	for (int expected = 49; expected >= 0;) {
		g_autofree char *path = cursor == NULL ? g_strdup("/executions?limit=20") :
							 g_strdup_printf("/executions?limit=20&before=%s", cursor);
		json_t *json = call_json("GET", path, 200), *execution;
		size_t i;
		json_array_foreach(json_object_get(json, "executions"), i, execution) {
			g_autofree char *id = g_strdup_printf("e%d", expected--);
			ck_assert_str_eq(text_of(execution, "executionId"), id);
		}
		g_free(cursor);
		cursor = g_strdup(json_string_value(json_object_get(json, "nextCursor")));
		json_decref(json);
	}
	ck_assert_ptr_null(cursor);
	ck_assert_int_eq(world.asked, 3);
}
END_TEST

START_TEST(test_executions_of_one_job_are_searched_in_bounded_work)
{
	add_records(25000);
	json_t *json = call_json("GET", "/executions?jobId=j005&limit=1000", 200), *execution;
	size_t i;
	ck_assert_uint_eq(json_array_size(json_object_get(json, "executions")), 1000);
	json_array_foreach(json_object_get(json, "executions"), i, execution)
		ck_assert_str_eq(text_of(execution, "jobId"), "j005");
	json_decref(json);
	ck_assert_int_eq(world.asked, 10);
	json = call_json("GET", "/executions?jobId=none", 200);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "executions")), 0);
	ck_assert_str_eq(text_of(json, "nextCursor"), "15001");
	ck_assert_int_eq(world.asked, 20);
	json_decref(json);
}
END_TEST

START_TEST(test_an_execution_tells_its_jobs_name_and_whether_central_has_it)
{
	add_records(20);
	world.store_stats.acked_seq = 15;
	for (int alone = 0; alone < 2; alone++) {
		open_api(alone ? "" : "http://127.0.0.1:3002");
		json_t *json = call_json("GET", "/executions?limit=20", 200), *execution;
		size_t i;
		json_array_foreach(json_object_get(json, "executions"), i, execution) {
			ck_assert_int_eq(json_is_true(json_object_get(execution, "unsent")), !alone && 20 - (int)i > 15);
			ck_assert_str_eq(text_of(execution, "jobName"), "a.test/");
		}
		json_decref(json);
	}
}
END_TEST

START_TEST(test_executions_of_some_statuses_are_found)
{
	static const char *const statuses[] = { "success", "failed", "timeout", "missed" };
	for (int i = 0; i < 40; i++)
		g_ptr_array_add(world.records, g_strdup_printf("{\"executionId\":\"e%d\",\"jobId\":\"gone\",\"status\":\"%s\"}", i, statuses[i % 4]));
	json_t *json = call_json("GET", "/executions?limit=100&status=failed,missed", 200), *execution;
	size_t i;
	ck_assert_uint_eq(json_array_size(json_object_get(json, "executions")), 20);
	json_array_foreach(json_object_get(json, "executions"), i, execution) {
		const char *status = text_of(execution, "status");
		ck_assert(strcmp(status, "failed") == 0 || strcmp(status, "missed") == 0);
		ck_assert_ptr_null(json_object_get(execution, "jobName"));
	}
	json_decref(json);
}
END_TEST

START_TEST(test_a_broken_store_is_a_503)
{
	world.store_is_broken = true;
	json_decref(call_json("GET", "/executions", 503));
}
END_TEST

START_TEST(test_a_question_that_is_never_answered_does_no_harm)
{
	world.store_is_silent = true;
	int fd = dial(), other = dial();
	static const char request[] = "GET /executions HTTP/1.1\r\n\r\n";
	ck_assert_int_gt(write(fd, request, sizeof request - 1), 0);
	ck_assert_int_gt(write(other, request, sizeof request - 1), 0);
	while (world.asked < 2)
		event_base_loop(world.base, EVLOOP_ONCE);
	close(other);
	json_decref(call_json("GET", "/healthz", 200));
	close(fd);
}
END_TEST

START_TEST(test_metrics_are_there_and_have_the_form)
{
	g_autofree char *body = call("GET", "/metrics", 200);
	static const char *const parts[] = {
		"\nbelfry_agent_jobs 251\n", "belfry_agent_info{version=\"", "\nbelfry_agent_lateness_seconds_bucket{le=\"+Inf\"} 0\n",
		"\nbelfry_agent_outbox_records 3\n", "\nbelfry_agent_decisions_total{status=\"success\"} 0\n",
		"\nbelfry_agent_attempts_ended_total{outcome=\"timeout\"} 0\n", "\nbelfry_agent_central_connected 0\n",
	};
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
		ck_assert_msg(strstr(body, parts[i]) != NULL, "no %s in\n%s", parts[i], body);
	g_auto(GStrv) lines = g_strsplit(body, "\n", -1);
	for (char **line = lines; **line != '\0'; line++)
		ck_assert_msg(g_regex_match_simple("^(# (HELP|TYPE) belfry_agent_[a-z_]+ .+|belfry_agent_[a-z_]+(\\{[^}]*\\})? [-0-9.e+]+)$",
						   *line, 0, 0), "%s", *line);
}
END_TEST

START_TEST(test_garbage_and_floods_are_turned_away)
{
	g_autofree char *header = g_strnfill(LOCAL_HTTP_HEAD_MAX + 100, 'a');
	g_autofree char *long_header = g_strdup_printf("GET /healthz HTTP/1.1\r\nX: %s\r\n\r\n", header);
	g_autofree char *long_body = g_strdup_printf("POST /jobs/j001/run HTTP/1.1\r\nContent-Length: %d\r\n\r\n", LOCAL_HTTP_BODY_MAX + 1);
	const char *const floods[] = { "\x16\x03\x01 garbage\r\n\r\n", "GET\r\n\r\n", long_header, long_body };
	for (size_t i = 0; i < G_N_ELEMENTS(floods); i++) {
		g_autofree char *reply = exchange(floods[i], strlen(floods[i]));
		ck_assert_msg(!g_str_has_prefix(reply, "HTTP/1.1 2"), "%s", reply);
	}
	json_decref(call_json("GET", "/healthz", 200));
}
END_TEST

START_TEST(test_requests_of_one_connection_are_answered_in_order)
{
	static const char requests[] = "POST /jobs/j001/run HTTP/1.1\r\ncontent-length: 3\r\n\r\n{}\n"
				       "GET /healthz HTTP/1.1\r\n\r\n"
				       "GET /executions HTTP/1.1\r\n\r\n"
				       "GET /nothing HTTP/1.0\r\n\r\n"
				       "GET /healthz HTTP/1.1\r\n\r\n";
	g_autofree char *reply = exchange(requests, sizeof requests - 1);
	const char *first = strstr(reply, "HTTP/1.1 202 "), *second = strstr(reply, "{\"status\":\"ok\"}"),
		   *third = strstr(reply, "{\"executions\":[],"), *last = strstr(reply, "HTTP/1.1 404 ");
	ck_assert_msg(first == reply && second > first && third > second && last > third, "%s", reply);
	ck_assert_ptr_null(strstr(last, "\"ok\"")); /* HTTP/1.0 ends the connection */
}
END_TEST

static const struct { const char *request; int status; } broken[] = {
	{ "GET /healthz\r\n\r\n", 400 },
	{ "GET healthz HTTP/1.1\r\n\r\n", 400 },
	{ "GET http://agent/healthz HTTP/1.1\r\n\r\n", 400 },
	{ "\r\n\r\n", 400 },
	{ "GET /healthz HTTP/2.0\r\n\r\n", 505 },
	{ "GET /healthz HTTP/1.1\r\nno name\r\n\r\n", 400 },
	{ "GET /healthz HTTP/1.1\r\n: v\r\n\r\n", 400 },
	{ "POST /jobs/j001/run HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 413 },
	{ "POST /jobs/j001/run HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413 },
	{ "POST /jobs/j001/run HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 413 },
	{ "POST /jobs/j001/run HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411 },
};

START_TEST(test_a_broken_request_gets_its_status_and_ends_the_connection)
{
	g_autofree char *status = g_strdup_printf("HTTP/1.1 %d ", broken[_i].status);
	g_autofree char *reply = exchange(broken[_i].request, strlen(broken[_i].request));
	ck_assert_msg(g_str_has_prefix(reply, status), "%s -> %s", broken[_i].request, reply);
	ck_assert_ptr_nonnull(strstr(reply, "application/problem+json"));
}
END_TEST

/* One more waits in the listener's queue until one of them goes. */
START_TEST(test_connections_beyond_the_limit_wait_for_their_turn)
{
	int fds[LOCAL_HTTP_CONNECTIONS_MAX + 1];
	char byte;
	static const char request[] = "GET /healthz HTTP/1.1\r\n\r\n";
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		fds[i] = dial();
		ck_assert_int_gt(write(fds[i], request, sizeof request - 1), 0);
	}
	for (int i = 0; i < 200; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	int last = fds[LOCAL_HTTP_CONNECTIONS_MAX];
	for (int i = 0; i < LOCAL_HTTP_CONNECTIONS_MAX; i++)
		ck_assert_int_eq(recv(fds[i], &byte, 1, 0), 1);
	ck_assert_int_eq(recv(last, &byte, 1, 0), -1);
	close(fds[3]);
	for (int i = 0; i < 200; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	ck_assert_int_eq(recv(last, &byte, 1, 0), 1);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		if (i != 3)
			close(fds[i]);
	for (int i = 0; i < 200; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	json_decref(call_json("GET", "/healthz", 200));
}
END_TEST

START_TEST(test_a_path_that_is_too_long_is_an_error)
{
	g_autofree char *path = g_strnfill(200, 'x');
	GError *error = NULL;
	const struct local_api_config config = { .socket_path = path };
	ck_assert_ptr_null(local_api_new(world.base, &config, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "longer than the 107 bytes"));
	g_error_free(error);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("local_api");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, test_only_the_owner_can_open_the_socket);
	tcase_add_test(tests, test_status_tells_who_with_whom_and_how);
	tcase_add_test(tests, test_jobs_come_in_pages_that_join_without_gap);
	tcase_add_test(tests, test_a_job_is_shown_without_its_secrets);
	tcase_add_test(tests, test_the_next_fires_come_soonest_first);
	tcase_add_test(tests, test_a_run_on_demand_is_taken);
	tcase_add_loop_test(tests, test_wrong_requests_get_a_problem, 0, G_N_ELEMENTS(wrong));
	tcase_add_test(tests, test_executions_are_the_youngest_first_and_come_in_pages);
	tcase_add_test(tests, test_executions_of_one_job_are_searched_in_bounded_work);
	tcase_add_test(tests, test_an_execution_tells_its_jobs_name_and_whether_central_has_it);
	tcase_add_test(tests, test_executions_of_some_statuses_are_found);
	tcase_add_test(tests, test_a_broken_store_is_a_503);
	tcase_add_test(tests, test_a_question_that_is_never_answered_does_no_harm);
	tcase_add_test(tests, test_metrics_are_there_and_have_the_form);
	tcase_add_test(tests, test_garbage_and_floods_are_turned_away);
	tcase_add_test(tests, test_requests_of_one_connection_are_answered_in_order);
	tcase_add_loop_test(tests, test_a_broken_request_gets_its_status_and_ends_the_connection, 0, G_N_ELEMENTS(broken));
	tcase_add_test(tests, test_connections_beyond_the_limit_wait_for_their_turn);
	tcase_add_test(tests, test_a_path_that_is_too_long_is_an_error);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
