#include <check.h>
#include <string.h>

#include "central/late_rule.h"
#include "common/job_due.h"
#include "common/rfc3339.h"
#include "tests/unit/suite.h"

#define S(n) ((struct wall){ INT64_C(1800000000000000) + (n)*US_PER_SECOND })

static struct job *make_job(const char *schedule)
{
	struct job_problem problem = { 0 };
	json_t *json = json_pack("{s:s, s:s, s:i, s:{s:i, s:i, s:s}}", "schedule", schedule, "api", "http://x/", "timeoutMs",
				 10000, "retry", "maxAttempts", 2, "initialBackoffMs", 5000, "jitter", "none");
	struct job *job = job_parse(json, "j", 1, false, &problem);
	ck_assert_msg(job != NULL, "%s", problem.detail);
	json_decref(json);
	return job;
}

/* Due at second 0; work takes at most 10 + 5 + 10 s; the grace is 30 s. */
static const struct {
	const char *name;
	int now, decided, seen; /* seconds; 0 decided or seen = never */
	int holders;
	bool debtor, per_agent;
	int running, outbox;
	enum late_verdict verdict;
	const char *reason;
} rows[] = {
	{ "decided later", 100, 60, 99, 1, true, false, 0, 0, LATE_DECIDED, NULL },
	{ "decided before only", 100, -60, 99, 1, true, false, 0, 0, LATE_OVERDUE, "idle" },
	{ "within grace", 29, 0, 0, 0, false, false, 0, 0, LATE_WAIT, NULL },
	{ "nobody holds it", 31, 0, 0, 0, false, false, 0, 0, LATE_OVERDUE, "no agent" },
	{ "came to its holder later", 31, 0, 0, 1, false, false, 0, 0, LATE_MOVED, NULL },
	{ "never heard of", 31, 0, 0, 1, true, false, 0, 0, LATE_OVERDUE, "never" },
	{ "silent", 61, 0, 20, 1, true, false, 1, 0, LATE_OVERDUE, "silent since" },
	{ "idle but not heard of since", 31, 0, 29, 1, true, false, 0, 0, LATE_WAIT, NULL },
	{ "idle", 33, 0, 31, 1, true, false, 0, 0, LATE_OVERDUE, "idle" },
	{ "at work", 54, 0, 53, 1, true, false, 1, 0, LATE_WAIT, NULL },
	{ "at work for too long", 56, 0, 55, 1, true, false, 1, 0, LATE_OVERDUE, "longer" },
	{ "sends", 54, 0, 53, 1, true, false, 0, 7, LATE_WAIT, NULL },
	{ "sends for too long", 56, 0, 55, 1, true, false, 0, 7, LATE_OVERDUE, "7 records" },
	{ "each decided", 100, 0, 0, 3, false, true, 0, 0, LATE_DECIDED, NULL },
	{ "one of them did not", 100, 90, 99, 3, true, true, 0, 0, LATE_OVERDUE, "idle" },
};

START_TEST(test_a_decision_is_overdue_when_nothing_excuses_it)
{
	struct job *job = make_job("* * * * *");
	g_autofree char *reason = NULL;
	struct late_facts facts = {
		.due_at = S(0),
		.decided_until = rows[_i].decided != 0 ? S(rows[_i].decided) : WALL_NONE,
		.per_agent = rows[_i].per_agent,
		.holders = rows[_i].holders,
		.has_debtor = rows[_i].debtor,
		.debtor_name = "a",
		.last_seen_at = rows[_i].seen != 0 ? S(rows[_i].seen) : WALL_NONE,
		.running = rows[_i].running,
		.outbox_depth = rows[_i].outbox,
		.offline_ms = 30000,
	};
	ck_assert_int_eq(late_work_ms(job), 25000);
	ck_assert_msg(late_judge(job, &facts, S(rows[_i].now), &reason) == rows[_i].verdict, "%s", rows[_i].name);
	ck_assert_msg(rows[_i].reason == NULL ? reason == NULL : strstr(reason, rows[_i].reason) != NULL, "%s: %s",
		      rows[_i].name, reason);
	job_unref(job);
}
END_TEST

START_TEST(test_every_is_counted_from_an_instant_that_was_decided)
{
	struct job *job = make_job("@every 90s");
	struct wall decided = { S(1000).us + 123 }, due;
	struct wall anchor = late_anchor(job, S(0), decided);
	ck_assert(job_next_due(job, anchor, decided, &due));
	ck_assert_int_eq(wall_diff_us(due, decided), 90 * US_PER_SECOND);
	ck_assert(job_next_due(job, anchor, wall_add_us(decided, -100 * US_PER_SECOND), &due));
	ck_assert_int_eq(wall_diff_us(decided, due), 90 * US_PER_SECOND);
	ck_assert(late_anchor(job, S(7), WALL_NONE).us == S(7).us);
	job_unref(job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("late");
	TCase *rules = tcase_create("rules");
	tcase_add_loop_test(rules, test_a_decision_is_overdue_when_nothing_excuses_it, 0, G_N_ELEMENTS(rows));
	tcase_add_test(rules, test_every_is_counted_from_an_instant_that_was_decided);
	suite_add_tcase(suite, rules);
	return suite_run(suite);
}
