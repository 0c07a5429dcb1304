/*
 * The agent's runner under the load of bench_loop.c: attempts of one or more jobs, each started again when it ended. What
 * core and store cost is not in it.
 *
 *	bench_runner URL [SECONDS [CONNECTIONS [JOBS [HELPERS]]]]
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/runner_pool.h"
#include "tests/bench/figures.h"

#define CONNECTIONS_MAX 1024
#define JOBS_MAX 100000

struct bench {
	struct event_base *base;
	struct runner runner;
	struct job **jobs;
	int n_jobs, running;
	uint64_t n, failed, next_job;
	int64_t until_us;
};

static void start(struct bench *bench, struct attempt *attempt)
{
	attempt->job = bench->jobs[bench->next_job++ % bench->n_jobs];
	memcpy(attempt->id.bytes, &bench->next_job, sizeof bench->next_job);
	attempt->scheduled_at = wall_now();
	bench->running++;
	bench->runner.start(bench->runner.context, attempt);
}

static void done(void *context, struct attempt *attempt, const struct attempt_result *result)
{
	struct bench *bench = context;
	bench->n++;
	bench->running--;
	bench->failed += result->outcome != ATTEMPT_RESPONSE || result->http_status != 200;
	if (mono_now().us < bench->until_us)
		start(bench, attempt);
	else if (bench->running == 0)
		event_base_loopbreak(bench->base);
}

static struct job *new_job(const char *url, int i)
{
	json_t *json = json_pack("{s:s, s:s}", "schedule", "* * * * *", "api", url);
	struct job_problem problem;
	char id[16];
	g_snprintf(id, sizeof id, "bench%d", i);
	struct job *job = job_parse(json, id, 1, false, &problem);
	if (job == NULL)
		g_error("%s: %s", problem.pointer, problem.detail);
	json_decref(json);
	return job;
}

static void run(struct bench *bench, const struct runner_pool_config *config, int seconds)
{
	GError *error = NULL;
	struct attempt attempts[CONNECTIONS_MAX] = { 0 };
	struct runner_pool *runner = runner_pool_new(bench->base, config, done, bench, &error);
	if (runner == NULL)
		g_error("%s", error->message);
	bench->runner = runner_pool_interface(runner);
	struct mono begin = mono_now();
	bench->until_us = begin.us + seconds * US_PER_SECOND;
	for (int i = 0; i < config->http.max_open_transfers; i++) {
		attempts[i].cause = FIRE_SCHEDULE;
		attempts[i].number = 1;
		start(bench, &attempts[i]);
	}
	event_base_dispatch(bench->base);
	print_figures("runner", bench->n, bench->failed, begin);
	runner_pool_free(runner);
}

int main(int argc, char **argv)
{
	int seconds = argc > 2 ? atoi(argv[2]) : 5, connections = argc > 3 ? atoi(argv[3]) : 64;
	struct bench bench = { .n_jobs = argc > 4 ? atoi(argv[4]) : 1 };
	if (argc < 2 || seconds < 1 || connections < 1 || connections > CONNECTIONS_MAX || bench.n_jobs < 1 ||
	    bench.n_jobs > JOBS_MAX) {
		fprintf(stderr, "usage: bench_runner URL [SECONDS [CONNECTIONS [JOBS [HELPERS]]]]\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	struct egress_policy *egress = egress_policy_new(NULL, NULL, NULL);
	const struct runner_pool_config config = { .http.agent_id = "bench",
						   .http.max_open_transfers = connections,
						   .http.egress = egress,
						   .helpers = argc > 5 ? atoi(argv[5]) : 0 };
	bench.base = event_base_new();
	bench.jobs = g_new(struct job *, bench.n_jobs);
	for (int i = 0; i < bench.n_jobs; i++)
		bench.jobs[i] = new_job(argv[1], i);
	run(&bench, &config, seconds);
	for (int i = 0; i < bench.n_jobs; i++)
		job_unref(bench.jobs[i]);
	g_free(bench.jobs);
	event_base_free(bench.base);
	egress_policy_free(egress);
	curl_global_cleanup();
	return bench.failed > 0;
}
