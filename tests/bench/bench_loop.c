/*
 * The bare reference: libcurl's multi interface, one thread, a fixed number of connections, nothing else. What the runner
 * and the agent reach is told as a share of this (bench_runner.c).
 *
 *	bench_loop URL [SECONDS [CONNECTIONS]]
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/figures.h"

#define CONNECTIONS_MAX 1024

static const char body[] = "{\"jobId\":\"bench\",\"scheduledTime\":\"2026-01-01T00:00:00.000Z\",\"attempt\":1}";

static size_t swallow(char *bytes, size_t size, size_t n, void *context)
{
	(void)bytes, (void)context;
	return size * n;
}

static CURL *new_easy(const char *url, struct curl_slist *headers)
{
	CURL *easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	return easy;
}

/* Each finished transfer is started again at once, until time is up. */
static uint64_t run(CURLM *multi, int64_t until_us, uint64_t *ret_failed)
{
	uint64_t n = 0;
	int running = 1, left;
	while (running > 0) {
		const CURLMsg *message;
		curl_multi_perform(multi, &running);
		bool goes_on = mono_now().us < until_us;
		while ((message = curl_multi_info_read(multi, &left)) != NULL) {
			CURL *easy = message->easy_handle;
			*ret_failed += message->data.result != CURLE_OK;
			n++;
			curl_multi_remove_handle(multi, easy);
			if (goes_on) {
				curl_multi_add_handle(multi, easy);
				running = 1;
			}
		}
		if (running > 0)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	return n;
}

int main(int argc, char **argv)
{
	int seconds = argc > 2 ? atoi(argv[2]) : 5, connections = argc > 3 ? atoi(argv[3]) : 64;
	CURL *easies[CONNECTIONS_MAX];
	uint64_t failed = 0;
	if (argc < 2 || seconds < 1 || connections < 1 || connections > CONNECTIONS_MAX) {
		fprintf(stderr, "usage: bench_loop URL [SECONDS [CONNECTIONS]]\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
	for (int i = 0; i < connections; i++) {
		easies[i] = new_easy(argv[1], headers);
		curl_multi_add_handle(multi, easies[i]);
	}
	struct mono begin = mono_now();
	uint64_t n = run(multi, begin.us + seconds * US_PER_SECOND, &failed);
	print_figures("bare loop", n, failed, begin);
	for (int i = 0; i < connections; i++)
		curl_easy_cleanup(easies[i]);
	curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	return failed > 0;
}
