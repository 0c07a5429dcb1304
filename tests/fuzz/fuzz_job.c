/* Any bytes as a job definition: it is refused with pointer and sentence, or it is a job that round-trips exactly. */
#include <assert.h>
#include <string.h>

#include "common/job.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(struct job_problem *problem)
{
	assert(problem->pointer != NULL && problem->detail != NULL && *problem->detail != '\0');
	assert(*problem->pointer == '\0' || *problem->pointer == '/');
	assert(g_utf8_validate(problem->detail, -1, NULL));
	for (const char *p = problem->detail; *p != '\0'; p++)
		assert(!g_ascii_iscntrl(*p));
	job_problem_clear(problem);
}

static void check_round_trip(struct job *job)
{
	struct job_problem problem = { 0 };
	json_t *full = job_to_json(job, false);
	struct job *back = job_parse(full, "id", 3, true, &problem);
	assert(back != NULL);
	json_t *again = job_to_json(back, false);
	assert(json_equal(full, again));
	assert(back->policy == job->policy && back->timetable->schedule == job->timetable->schedule);

	json_t *masked = job_to_json(job, true);
	job_json_restore_secrets(masked, job);
	assert(json_equal(masked, full));
	json_decref(masked);
	json_decref(again);
	json_decref(full);
	job_unref(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	if (json == NULL)
		return 0;
	struct job_problem problem = { 0 };
	struct job *job = job_parse(json, "id", 3, false, &problem);
	if (job != NULL) {
		check_round_trip(job);
		struct job *renewed = job_renew(job);
		job_unref(renewed);
		struct wall next;
		schedule_next(job->timetable->schedule, (struct wall){ 0 }, (struct wall){ INT64_C(1795435200000000) }, &next);
	} else {
		check_refusal(&problem);
	}
	job_unref(job);
	json_decref(json);
	return 0;
}
