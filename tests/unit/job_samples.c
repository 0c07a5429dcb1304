#include "tests/unit/job_samples.h"

#include <check.h>

json_t *parse_text(const char *text)
{
	json_error_t problem;
	json_t *json = json_loads(text, JSON_ALLOW_NUL, &problem);
	ck_assert_msg(json != NULL, "%s: %s", text, problem.text);
	return json;
}

struct job *job_of(const char *text)
{
	struct job_problem problem = { 0 };
	json_t *json = parse_text(text);
	struct job *job = job_parse(json, "id-1", 7, false, &problem);
	ck_assert_msg(job != NULL, "%s: %s %s", text, problem.pointer, problem.detail);
	json_decref(json);
	return job;
}
