/*
 * Definitions for the tests of jobs. A text that is no JSON, or no job, fails the test.
 */
#ifndef BELFRY_TEST_JOB_SAMPLES_H
#define BELFRY_TEST_JOB_SAMPLES_H

#include "common/job.h"

/* The two members that every definition needs. */
#define OK_JOB "\"schedule\":\"*/5 * * * *\",\"api\":\"http://h/x\""

/* The caller owns what they return. */
json_t *parse_text(const char *text);
struct job *job_of(const char *text);

#endif
