/* The rules of the ledger, of "why", and of what an edit changed: tables, with the edges where clocks and edits meet. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "central/json_diff.h"
#include "central/ledger_rule.h"
#include "central/why.h"
#include "common/rfc3339.h"
#include "tests/unit/suite.h"

static struct wall at(const char *text)
{
	struct wall ret = WALL_NONE;
	if (text != NULL)
		ck_assert_msg(rfc3339_parse(text, &ret), "%s", text);
	return ret;
}

/* `json`: what stands beside api and name. */
static struct job *make_job(const char *json)
{
	struct job_problem problem = { 0 };
	json_t *definition = json_loads(json, 0, NULL);
	ck_assert_msg(definition != NULL, "%s", json);
	json_object_set_new(definition, "api", json_string("http://x/"));
	struct job *job = job_parse(definition, "j", 1, false, &problem);
	ck_assert_msg(job != NULL, "%s: %s", json, problem.detail);
	json_decref(definition);
	return job;
}

/* --- ledger */

struct revision_row { const char *at, *job; }; /* job NULL = deleted */
struct decision_row { const char *from, *to; int count; };
struct hole_row { const char *from, *to; int count; };

#define MINUTE "{\"schedule\":\"* * * * *\"}"
#define HALF_PAST_TWO "{\"schedule\":\"30 2 * * *\",\"timezone\":\"Europe/Berlin\"}"
#define DAY "2026-11-24T"
#define ALWAYS "2020-01-01T00:00:00Z"
#define END "2099-01-01T00:00:00Z"

static const struct {
	const char *name;
	struct revision_row revisions[3];
	struct decision_row decisions[5];
	const char *from, *to, *required_from, *required_until, *decided_until;
	int due, decided, unaccounted, unknown;
	struct hole_row holes[3];
} ledgers[] = {
	{ "nothing decided is one hole", { { ALWAYS, MINUTE } }, { { 0 } }, DAY "10:00:00Z", DAY "10:05:00Z", NULL, END, NULL,
	  5, 0, 5, 0, { { DAY "10:00:00Z", DAY "10:04:00Z", 5 } } },
	{ "the window has its begin and not its end", { { ALWAYS, MINUTE } },
	  { { DAY "10:00:00Z", NULL, 1 }, { DAY "10:01:00Z", NULL, 1 } }, DAY "10:00:00Z", DAY "10:02:00Z", NULL, END, NULL,
	  2, 2, 0, 0, { { 0 } } },
	{ "a decision between divides a hole", { { ALWAYS, MINUTE } }, { { DAY "10:02:00Z", NULL, 1 } }, DAY "10:00:00Z",
	  DAY "10:04:00Z", NULL, END, NULL, 4, 1, 3, 0,
	  { { DAY "10:00:00Z", DAY "10:01:00Z", 2 }, { DAY "10:03:00Z", DAY "10:03:00Z", 1 } } },
	{ "a range of missed fires that began before the window covers what lies within", { { ALWAYS, MINUTE } },
	  { { DAY "09:50:00Z", DAY "10:02:00Z", 13 } }, DAY "10:00:00Z", DAY "10:05:00Z", NULL, END, NULL, 5, 3, 2, 0,
	  { { DAY "10:03:00Z", DAY "10:04:00Z", 2 } } },
	{ "a fire that was decided twice is due once", { { ALWAYS, MINUTE } },
	  { { DAY "10:00:00Z", DAY "10:01:00Z", 2 }, { DAY "10:01:00Z", NULL, 1 } }, DAY "10:00:00Z", DAY "10:02:00Z", NULL, END,
	  NULL, 3, 3, 0, 0, { { 0 } } },
	{ "nothing is due while paused", { { ALWAYS, MINUTE },
	  { DAY "10:01:30Z", "{\"schedule\":\"* * * * *\",\"active\":false}" }, { DAY "10:03:30Z", MINUTE } }, { { 0 } },
	  DAY "10:00:00Z", DAY "10:06:00Z", NULL, END, NULL, 4, 0, 4, 0,
	  { { DAY "10:00:00Z", DAY "10:05:00Z", 4 } } },
	{ "nothing is due once deleted", { { ALWAYS, MINUTE }, { DAY "10:01:30Z", NULL } }, { { 0 } }, DAY "10:00:00Z",
	  DAY "10:06:00Z", NULL, END, NULL, 2, 0, 2, 0, { { DAY "10:00:00Z", DAY "10:01:00Z", 2 } } },
	{ "right after an edit nothing is demanded", { { ALWAYS, MINUTE }, { DAY "10:01:50Z", MINUTE } }, { { 0 } },
	  DAY "10:01:30Z", DAY "10:04:00Z", NULL, END, NULL, 1, 0, 1, 0, { { DAY "10:03:00Z", DAY "10:03:00Z", 1 } } },
	{ "what was decided right after an edit counts", { { ALWAYS, MINUTE }, { DAY "10:01:50Z", MINUTE } },
	  { { DAY "10:02:00Z", NULL, 1 } }, DAY "10:01:30Z", DAY "10:03:00Z", NULL, END, NULL, 1, 1, 0, 0, { { 0 } } },
	{ "a fire by the revision before is decided and no hole", { { DAY "10:00:30Z", "{\"schedule\":\"@hourly\"}" } },
	  { { DAY "10:00:40Z", NULL, 1 } }, DAY "10:00:00Z", DAY "10:05:00Z", NULL, END, NULL, 1, 1, 0, 0, { { 0 } } },
	{ "a silent holder makes no hole", { { ALWAYS, MINUTE } }, { { 0 } }, DAY "10:00:00Z", DAY "10:04:00Z", NULL,
	  DAY "10:01:30Z", NULL, 4, 0, 2, 2, { { DAY "10:00:00Z", DAY "10:01:00Z", 2 } } },
	{ "an instant at the horizon is demanded", { { ALWAYS, MINUTE } }, { { 0 } }, DAY "10:00:00Z", DAY "10:02:00Z", NULL,
	  DAY "10:01:00Z", NULL, 2, 0, 2, 0, { { DAY "10:00:00Z", DAY "10:01:00Z", 2 } } },
	{ "a holder that was never heard makes no hole", { { ALWAYS, MINUTE } }, { { 0 } }, DAY "10:00:00Z", DAY "10:04:00Z",
	  NULL, NULL, NULL, 4, 0, 0, 4, { { 0 } } },
	{ "before a holder held it, what is undecided is unknown", { { ALWAYS, MINUTE } }, { { DAY "10:00:00Z", NULL, 1 } },
	  DAY "10:00:00Z", DAY "10:04:00Z", DAY "10:02:00Z", END, NULL, 4, 1, 2, 1,
	  { { DAY "10:02:00Z", DAY "10:03:00Z", 2 } } },
	{ "endAt itself is not due", { { ALWAYS, "{\"schedule\":\"* * * * *\",\"endAt\":\"" DAY "10:02:00Z\"}" } }, { { 0 } },
	  DAY "10:00:00Z", DAY "10:09:00Z", NULL, END, NULL, 2, 0, 2, 0, { { DAY "10:00:00Z", DAY "10:01:00Z", 2 } } },
	{ "startAt itself is due", { { ALWAYS, "{\"schedule\":\"* * * * *\",\"startAt\":\"" DAY "10:07:00Z\"}" } }, { { 0 } },
	  DAY "10:00:00Z", DAY "10:09:00Z", NULL, END, NULL, 2, 0, 2, 0, { { DAY "10:07:00Z", DAY "10:08:00Z", 2 } } },
	{ "half past two is due once on the night it does not exist, when the clock goes forward",
	  { { ALWAYS, HALF_PAST_TWO } }, { { "2026-03-29T01:00:00Z", NULL, 1 } }, "2026-03-28T22:00:00Z",
	  "2026-03-29T22:00:00Z", NULL, END, NULL, 1, 1, 0, 0, { { 0 } } },
	{ "half past two is due once on the night it comes twice", { { ALWAYS, HALF_PAST_TWO } }, { { 0 } },
	  "2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z", NULL, END, NULL, 1, 0, 1, 0,
	  { { "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z", 1 } } },
	{ "@every goes by an instant that was decided", { { ALWAYS, "{\"schedule\":\"@every 90s\"}" } },
	  { { DAY "10:00:07Z", NULL, 1 } }, DAY "10:00:00Z", DAY "10:03:00Z", NULL, END, DAY "10:00:07Z", 2, 1, 1, 0,
	  { { DAY "10:01:37Z", DAY "10:01:37Z", 1 } } },
	{ "nobody is asked about nothing", { { 0 } }, { { 0 } }, DAY "10:00:00Z", DAY "10:03:00Z", NULL, END, NULL, 0, 0, 0, 0,
	  { { 0 } } },
};

static void clear_revision(struct ledger_revision *revision)
{
	job_unref(revision->job);
}

static void check_holes(const GArray *holes, const struct hole_row *rows, const char *name)
{
	guint n = 0;
	for (; n < 3 && rows[n].from != NULL; n++) {
		ck_assert_msg(n < holes->len, "%s: hole %u is missing", name, n);
		const struct ledger_hole *hole = &g_array_index(holes, struct ledger_hole, n);
		char from[RFC3339_SIZE], to[RFC3339_SIZE];
		ck_assert_msg(hole->from.us == at(rows[n].from).us && hole->to.us == at(rows[n].to).us &&
				      hole->count == rows[n].count,
			      "%s: hole %u is %s to %s, %d", name, n, rfc3339_print_ms(hole->from, from),
			      rfc3339_print_ms(hole->to, to), (int)hole->count);
	}
	ck_assert_msg(holes->len == n, "%s: %u holes", name, holes->len);
}

START_TEST(test_due_is_decided_or_unknown_or_a_hole)
{
	const char *name = ledgers[_i].name;
	g_autoptr(GArray) revisions = g_array_new(FALSE, FALSE, sizeof(struct ledger_revision));
	g_autoptr(GArray) decisions = g_array_new(FALSE, FALSE, sizeof(struct ledger_decision));
	g_autoptr(GArray) undecided = g_array_new(FALSE, FALSE, sizeof(struct wall));
	struct ledger_sums sums = { .holes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hole)) };
	g_array_set_clear_func(revisions, (GDestroyNotify)clear_revision);
	for (const struct revision_row *row = ledgers[_i].revisions; row < ledgers[_i].revisions + 3 && row->at != NULL; row++) {
		struct ledger_revision revision = { at(row->at), row->job != NULL ? make_job(row->job) : NULL };
		g_array_append_val(revisions, revision);
	}
	for (const struct decision_row *row = ledgers[_i].decisions; row < ledgers[_i].decisions + 5 && row->from != NULL; row++) {
		struct ledger_decision decision = { at(row->from), at(row->to != NULL ? row->to : row->from), row->count };
		g_array_append_val(decisions, decision);
	}
	struct ledger_case input = { revisions, decisions, NULL, at(ALWAYS), at(ledgers[_i].decided_until), at(ledgers[_i].from),
				     at(ledgers[_i].to), at(ledgers[_i].required_from), at(ledgers[_i].required_until) };
	ledger_compare(&input, &sums, undecided);
	ck_assert_msg(sums.due == ledgers[_i].due && sums.decided == ledgers[_i].decided &&
			      sums.unaccounted == ledgers[_i].unaccounted && sums.unknown == ledgers[_i].unknown,
		      "%s: due %d, decided %d, unaccounted %d, unknown %d", name, (int)sums.due, (int)sums.decided,
		      (int)sums.unaccounted, (int)sums.unknown);
	ck_assert_msg(undecided->len == (guint)(sums.unaccounted + sums.unknown), "%s", name);
	ck_assert_msg(!sums.cut, "%s", name);
	check_holes(sums.holes, ledgers[_i].holes, name);
	g_array_unref(sums.holes);
}
END_TEST

START_TEST(test_more_holes_than_an_answer_holds_are_counted_all_the_same)
{
	const int n = LEDGER_HOLES_MAX + 5;
	g_autoptr(GArray) revisions = g_array_new(FALSE, FALSE, sizeof(struct ledger_revision));
	g_autoptr(GArray) decisions = g_array_new(FALSE, FALSE, sizeof(struct ledger_decision));
	struct ledger_revision revision = { at(ALWAYS), make_job(MINUTE) };
	struct ledger_sums sums = { .holes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hole)) };
	struct wall from = at(DAY "00:00:00Z");
	g_array_append_val(revisions, revision);
	for (int i = 0; i < n; i++) { /* each second minute is a hole */
		struct wall minute = wall_add_ms(from, (2 * i + 1) * INT64_C(60000));
		struct ledger_decision decision = { minute, minute, 1 };
		g_array_append_val(decisions, decision);
	}
	struct ledger_case input = { revisions, decisions, NULL, at(ALWAYS), WALL_NONE, from, wall_add_ms(from, 2 * n * INT64_C(60000)),
				     WALL_NONE, at(END) };
	ledger_compare(&input, &sums, NULL);
	ck_assert_int_eq(sums.due, 2 * n);
	ck_assert_int_eq(sums.unaccounted, n);
	ck_assert_uint_eq(sums.holes->len, LEDGER_HOLES_MAX);
	ck_assert(sums.cut);
	g_array_unref(sums.holes);
	job_unref(revision.job);
}
END_TEST

struct span_row { const char *from, *until; };

static const struct {
	const char *name;
	struct span_row spans[3];
	const char *decided;
	int unknown;
	const char *unknown_since;
	struct hole_row holes[3];
} unknowables[] = { /* every minute, from 10:00 to 10:06 */
	{ "a span begins with its first instant and ends before its last", { { DAY "10:01:00Z", DAY "10:03:00Z" } }, NULL, 2,
	  DAY "10:01:00Z", { { DAY "10:00:00Z", DAY "10:00:00Z", 1 }, { DAY "10:03:00Z", DAY "10:05:00Z", 3 } } },
	{ "what was decided all the same counts as decided", { { DAY "10:01:00Z", END } }, DAY "10:03:00Z", 4, DAY "10:01:00Z",
	  { { DAY "10:00:00Z", DAY "10:00:00Z", 1 } } },
	{ "spans that overlap are one", { { ALWAYS, DAY "10:04:30Z" }, { DAY "10:01:00Z", DAY "10:02:00Z" },
	  { DAY "10:03:00Z", DAY "10:05:00Z" } }, NULL, 5, DAY "10:00:00Z", { { DAY "10:05:00Z", DAY "10:05:00Z", 1 } } },
	{ "between two spans a hole is a hole", { { ALWAYS, DAY "10:00:30Z" }, { DAY "10:03:00Z", END } }, NULL, 4,
	  DAY "10:00:00Z", { { DAY "10:01:00Z", DAY "10:02:00Z", 2 } } },
	{ "an empty span holds nothing", { { DAY "10:01:00Z", DAY "10:01:00Z" } }, NULL, 0, NULL,
	  { { DAY "10:00:00Z", DAY "10:05:00Z", 6 } } },
};

START_TEST(test_what_nobody_could_know_of_is_unknown_and_no_hole)
{
	const char *name = unknowables[_i].name;
	g_autoptr(GArray) revisions = g_array_new(FALSE, FALSE, sizeof(struct ledger_revision));
	g_autoptr(GArray) decisions = g_array_new(FALSE, FALSE, sizeof(struct ledger_decision));
	g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(struct ledger_span));
	struct ledger_sums sums = { .holes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hole)), .unknown_since = WALL_NONE };
	struct ledger_revision revision = { at(ALWAYS), make_job(MINUTE) };
	struct ledger_decision decision = { at(unknowables[_i].decided), at(unknowables[_i].decided), 1 };
	g_array_append_val(revisions, revision);
	if (unknowables[_i].decided != NULL)
		g_array_append_val(decisions, decision);
	for (const struct span_row *row = unknowables[_i].spans; row < unknowables[_i].spans + 3 && row->from != NULL; row++) {
		struct ledger_span span = { at(row->from), at(row->until) };
		g_array_append_val(spans, span);
	}
	struct ledger_case input = { revisions, decisions, spans, at(ALWAYS), WALL_NONE, at(DAY "10:00:00Z"),
				     at(DAY "10:06:00Z"), WALL_NONE, at(END) };
	ledger_compare(&input, &sums, NULL);
	ck_assert_msg(sums.due == 6 && sums.unknown == unknowables[_i].unknown, "%s: unknown %d", name, (int)sums.unknown);
	ck_assert_msg(sums.decided + sums.unaccounted + sums.unknown == sums.due, "%s", name);
	ck_assert_msg(sums.unknown_since.us == at(unknowables[_i].unknown_since).us, "%s: since", name);
	check_holes(sums.holes, unknowables[_i].holes, name);
	g_array_unref(sums.holes);
	job_unref(revision.job);
}
END_TEST

/* --- what an edit changed */

static const struct { const char *before, *after, *changes; } diffs[] = {
	{ "{}", "{}", "[]" },
	{ "{\"a\":1,\"b\":[1]}", "{\"b\":[1],\"a\":1}", "[]" },
	{ "{\"a\":1}", "{\"a\":2}", "[{\"path\":\"/a\",\"before\":1,\"after\":2}]" },
	{ "{\"a\":1}", "{\"a\":1.0}", "[{\"path\":\"/a\",\"before\":1,\"after\":1.0}]" },
	{ "{\"a\":1}", "{}", "[{\"path\":\"/a\",\"before\":1,\"after\":null}]" },
	{ "{}", "{\"a\":1}", "[{\"path\":\"/a\",\"before\":null,\"after\":1}]" },
	{ "{\"a\":null}", "{}", "[]" },
	{ "{}", "{\"a\":null}", "[]" },
	{ "{\"a\":null}", "{\"a\":false}", "[{\"path\":\"/a\",\"before\":null,\"after\":false}]" },
	{ "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"c\":3,\"b\":1}}", "[{\"path\":\"/a/c\",\"before\":2,\"after\":3}]" },
	{ "{\"a\":{\"b\":1}}", "{\"a\":[1]}", "[{\"path\":\"/a\",\"before\":{\"b\":1},\"after\":[1]}]" },
	{ "{\"a\":[1,2]}", "{\"a\":[2,1]}", "[{\"path\":\"/a\",\"before\":[1,2],\"after\":[2,1]}]" },
	{ "{\"x/y~z\":1}", "{\"x/y~z\":2}", "[{\"path\":\"/x~1y~0z\",\"before\":1,\"after\":2}]" },
	{ "{\"\":1}", "{\"\":2}", "[{\"path\":\"/\",\"before\":1,\"after\":2}]" },
	{ "{\"c\":1,\"a\":1}", "{\"n\":1,\"a\":2,\"c\":2}",
	  "[{\"path\":\"/c\",\"before\":1,\"after\":2},{\"path\":\"/a\",\"before\":1,\"after\":2},"
	  "{\"path\":\"/n\",\"before\":null,\"after\":1}]" },
	{ NULL, "{\"a\":1}", "[{\"path\":\"/a\",\"before\":null,\"after\":1}]" },
	{ "{\"a\":1}", NULL, "[{\"path\":\"/a\",\"before\":1,\"after\":null}]" },
	{ NULL, NULL, "[]" },
};

START_TEST(test_a_difference_names_each_member_that_changed)
{
	json_t *before = diffs[_i].before != NULL ? json_loads(diffs[_i].before, 0, NULL) : NULL;
	json_t *after = diffs[_i].after != NULL ? json_loads(diffs[_i].after, 0, NULL) : NULL;
	json_t *wanted = json_loads(diffs[_i].changes, 0, NULL), *found = json_diff(before, after);
	char *text = json_dumps(found, JSON_COMPACT);
	ck_assert_ptr_nonnull(wanted);
	ck_assert_msg(json_equal(wanted, found), "%s -> %s: %s", diffs[_i].before, diffs[_i].after, text);
	free(text);
	json_decref(before);
	json_decref(after);
	json_decref(wanted);
	json_decref(found);
}
END_TEST

/* --- why */

static const struct {
	const char *name, *job, *at, *previous, *next, *kinds; /* kinds in their order */
	int revision;
	bool deleted, held;
	const char *missed_from, *late_due, *offline_from;
} whys[] = {
	{ "before it was made", NULL, DAY "10:00:00Z", NULL, NULL, "notCreated", 0, false, false, NULL, NULL, NULL },
	{ "deleted", NULL, DAY "10:00:00Z", NULL, NULL, "deleted", 2, true, false, NULL, NULL, NULL },
	{ "no longer valid", NULL, DAY "10:00:00Z", NULL, NULL, "revision invalid unassigned", 2, false, false, NULL, NULL, NULL },
	{ "paused", "{\"schedule\":\"* * * * *\",\"active\":false}", DAY "10:00:00Z", DAY "10:00:00Z", DAY "10:01:00Z",
	  "revision paused due holder", 1, false, true, NULL, NULL, NULL },
	{ "due and nothing told", MINUTE, DAY "10:00:00Z", DAY "10:00:00Z", DAY "10:01:00Z", "revision due undecided holder", 1,
	  false, true, NULL, NULL, NULL },
	{ "not each good one is kept", "{\"schedule\":\"* * * * *\",\"history\":{\"policy\":\"failures\"}}", DAY "10:00:00Z",
	  DAY "10:00:00Z", DAY "10:01:00Z", "revision due thinned holder", 1, false, true, NULL, NULL, NULL },
	{ "due in less than a minute is meant", "{\"schedule\":\"@hourly\"}", DAY "10:59:01Z", DAY "10:00:00Z", DAY "11:00:00Z",
	  "revision due undecided unassigned", 1, false, false, NULL, NULL, NULL },
	{ "due in a minute is not", "{\"schedule\":\"@hourly\"}", DAY "10:59:00Z", DAY "10:00:00Z", DAY "11:00:00Z",
	  "revision notDue unassigned", 1, false, false, NULL, NULL, NULL },
	{ "at its endAt", "{\"schedule\":\"* * * * *\",\"endAt\":\"" DAY "10:00:00Z\"}", DAY "10:00:00Z", DAY "09:59:00Z", NULL,
	  "revision ended holder", 1, false, true, NULL, NULL, NULL },
	{ "just before its startAt", "{\"schedule\":\"@hourly\",\"startAt\":\"" DAY "11:00:00Z\"}", DAY "10:00:00Z", NULL,
	  DAY "11:00:00Z", "revision notStarted holder", 1, false, true, NULL, NULL, NULL },
	{ "to be skipped", "{\"schedule\":\"@hourly\",\"skipAt\":[\"" DAY "10:00:00Z\"]}", DAY "10:00:05Z", DAY "10:00:00Z",
	  DAY "11:00:00Z", "revision due skipped undecided holder", 1, false, true, NULL, NULL, NULL },
	{ "in the future", "{\"schedule\":\"@hourly\"}", "2027-01-01T10:00:00Z", "2027-01-01T10:00:00Z", "2027-01-01T11:00:00Z",
	  "revision future holder", 1, false, true, NULL, NULL, NULL },
	{ "missed while its agent was away", "{\"schedule\":\"@hourly\"}", DAY "10:00:00Z", DAY "10:00:00Z", DAY "11:00:00Z",
	  "revision due missed holder offline", 1, false, true, DAY "09:00:00Z", NULL, DAY "08:30:00Z" },
	{ "late", "{\"schedule\":\"@hourly\"}", DAY "10:00:00Z", DAY "10:00:00Z", DAY "11:00:00Z",
	  "revision due late undecided holder", 1, false, true, NULL, DAY "10:00:00Z", NULL },
	{ "late since after that instant", "{\"schedule\":\"@hourly\"}", DAY "10:00:00Z", DAY "10:00:00Z", DAY "11:00:00Z",
	  "revision due undecided holder", 1, false, true, NULL, DAY "11:00:00Z", NULL },
	{ "on the night without half past two", HALF_PAST_TWO, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z",
	  "2026-03-30T00:30:00Z", "revision due dst undecided holder", 1, false, true, NULL, NULL, NULL },
	{ "at the second half past two", HALF_PAST_TWO, "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z",
	  "revision notDue dst holder", 1, false, true, NULL, NULL, NULL },
	{ "at the start of its host", "{\"schedule\":\"@reboot\"}", DAY "10:00:00Z", NULL, NULL, "revision reboot holder", 1, false,
	  true, NULL, NULL, NULL },
};

START_TEST(test_why_says_what_held_at_the_instant)
{
	const char *name = whys[_i].name;
	struct job *job = whys[_i].job != NULL ? make_job(whys[_i].job) : NULL;
	struct why_holder holder = { .name = "one", .state = "online", .since = at(ALWAYS), .until = WALL_NONE,
				     .offline_from = at(whys[_i].offline_from), .offline_to = WALL_NONE };
	struct why_facts facts = { .at = at(whys[_i].at), .now = at(DAY "12:00:00Z"), .created_at = at(ALWAYS),
				   .decided_until = WALL_NONE, .revision = whys[_i].revision, .revision_at = at(ALWAYS),
				   .author = "eve", .deleted = whys[_i].deleted, .job = job,
				   .missed_from = at(whys[_i].missed_from), .missed_to = at(whys[_i].missed_from), .missed = 3,
				   .missed_reason = "down", .late_due_at = at(whys[_i].late_due),
				   .late_since = at(whys[_i].late_due), .late_reason = "idle", .holders = &holder,
				   .n_holders = whys[_i].held };
	struct why_answer answer;
	g_autoptr(GString) kinds = g_string_new(NULL);
	why_explain(&facts, &answer);
	for (guint i = 0; i < answer.sentences->len; i++) {
		const struct why_sentence *sentence = &g_array_index(answer.sentences, struct why_sentence, i);
		g_string_append_printf(kinds, "%s%s", i > 0 ? " " : "", sentence->kind);
		ck_assert_msg(g_str_has_suffix(sentence->text, ".") && strstr(sentence->text, "(null)") == NULL, "%s: %s", name,
			      sentence->text);
	}
	ck_assert_msg(strcmp(kinds->str, whys[_i].kinds) == 0, "%s: %s", name, kinds->str);
	ck_assert_msg(answer.previous.us == at(whys[_i].previous).us, "%s: the instant before", name);
	ck_assert_msg(answer.next.us == at(whys[_i].next).us, "%s: the instant after", name);
	why_answer_clear(&answer);
	if (job != NULL)
		job_unref(job);
}
END_TEST

/* The job is due each minute; two held it, and what is asked about is 10:00. */
START_TEST(test_why_takes_no_other_instant_for_this_one_and_names_who_held_it_then)
{
	struct job *job = make_job(MINUTE);
	struct execution nearest = { .status = EXECUTION_MISSED, .reason = (char *)"missed: down", .scheduled_at = at(DAY "09:59:00Z") };
	struct why_holder holders[] = {
		{ .name = "one", .state = "offline", .since = at(ALWAYS), .until = at(DAY "10:00:30Z"),
		  .offline_from = at(DAY "09:59:30Z"), .offline_to = WALL_NONE },
		{ .name = "two", .state = "online", .since = at(DAY "10:00:30Z"), .until = WALL_NONE, .offline_from = WALL_NONE },
	};
	struct why_facts facts = { .at = at(DAY "10:00:00Z"), .now = at(DAY "12:00:00Z"), .created_at = at(ALWAYS),
				   .decided_until = WALL_NONE, .revision = 1, .revision_at = at(ALWAYS), .author = "eve",
				   .job = job, .nearest = &nearest, .missed_from = WALL_NONE, .late_since = WALL_NONE,
				   .holders = holders, .n_holders = 2 };
	static const struct { const char *nearest, *missed_from, *texts; } rows[] = {
		{ "09:59:00Z", NULL, "The nearest execution, of another instant, ended as missed: down. No decision about it has arrived. " },
		{ "10:00:00Z", NULL, "It ended as missed: down. " },
		{ "09:58:00Z", "09:58:00Z", "It lies in a range of 7 missed fires: down. " },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autofree char *instant = g_strconcat(DAY, rows[i].nearest, NULL);
		struct why_answer answer;
		nearest.scheduled_at = at(instant);
		facts.missed_from = rows[i].missed_from != NULL ? at(instant) : WALL_NONE;
		facts.missed = 7;
		facts.missed_reason = "missed: down";
		why_explain(&facts, &answer);
		for (guint n = 2; n < answer.sentences->len; n++)
			g_string_append_printf(text, "%s ", g_array_index(answer.sentences, struct why_sentence, n).text);
		g_autofree char *wanted = g_strconcat(rows[i].texts, "one held the job then, until " DAY "10:00:30.000Z; its state now: offline. "
						      "one has not been heard since. two holds the job as it is now; its state now: online. ", NULL);
		ck_assert_str_eq(text->str, wanted);
		why_answer_clear(&answer);
	}
	job_unref(job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("truth");
	TCase *rules = tcase_create("rules");
	tcase_add_loop_test(rules, test_due_is_decided_or_unknown_or_a_hole, 0, G_N_ELEMENTS(ledgers));
	tcase_add_loop_test(rules, test_what_nobody_could_know_of_is_unknown_and_no_hole, 0, G_N_ELEMENTS(unknowables));
	tcase_add_test(rules, test_more_holes_than_an_answer_holds_are_counted_all_the_same);
	tcase_add_loop_test(rules, test_a_difference_names_each_member_that_changed, 0, G_N_ELEMENTS(diffs));
	tcase_add_loop_test(rules, test_why_says_what_held_at_the_instant, 0, G_N_ELEMENTS(whys));
	tcase_add_test(rules, test_why_takes_no_other_instant_for_this_one_and_names_who_held_it_then);
	suite_add_tcase(suite, rules);
	return suite_run(suite);
}
