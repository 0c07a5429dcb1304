/*
 * How the target answers: a table of paths, some of them hostile. Owns: requests that are answered later or never.
 * Does not own: listening, log and counters (target.c).
 */
#ifndef BELFRY_TARGET_ANSWERS_H
#define BELFRY_TARGET_ANSWERS_H

#include <event2/event.h>
#include <event2/http.h>

struct answers;

struct answers *answers_new(struct event_base *base);
void answers_free(struct answers *answers);

/* Answers by the request's path; `key` is its Idempotency-Key or "". Takes the request over. */
void answers_give(struct answers *answers, struct evhttp_request *request, const char *path, const char *key);

/* Help text: one line per path. */
extern const char answers_help[];

#endif
