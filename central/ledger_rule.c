#include "central/ledger_rule.h"

#include "central/late_rule.h"
#include "common/job_due.h"

void ledger_revision_clear(struct ledger_revision *revision)
{
	g_clear_pointer(&revision->job, job_unref);
}

int ledger_decision_compare(const void *a, const void *b)
{
	const struct ledger_decision *x = a, *y = b;
	return x->from.us < y->from.us ? -1 : x->from.us > y->from.us;
}

/* While it walks through due instants in the order of time. */
struct walk {
	const struct ledger_case *input;
	struct ledger_sums *sums;
	GArray *undecided;
	guint next;       /* the first decision that may cover what comes */
	guint next_span;  /* the first that may hold what comes */
	bool hole_open;   /* the due instant before was the last of holes */
	bool touched;     /* the decision at `next` covered one */
};

static const struct ledger_decision *decision_at(const struct walk *walk, guint i)
{
	return i < walk->input->decisions->len ? &g_array_index(walk->input->decisions, struct ledger_decision, i) : NULL;
}

/* A decision that covered nothing was due by another revision, or in the time of settling. */
static void leave_decision(struct walk *walk, const struct ledger_decision *decision)
{
	if (!walk->touched && !wall_before(decision->from, walk->input->from) &&
	    wall_before(decision->from, walk->input->to)) {
		walk->sums->decided += decision->count;
		walk->sums->due += decision->count;
	}
	walk->touched = false;
	walk->next++;
}

static void add_hole(struct walk *walk, struct wall at)
{
	GArray *holes = walk->sums->holes;
	if (walk->hole_open) {
		struct ledger_hole *last = &g_array_index(holes, struct ledger_hole, holes->len - 1);
		last->to = at;
		last->count++;
	} else if (holes->len < LEDGER_HOLES_MAX) {
		struct ledger_hole hole = { at, at, 1 };
		g_array_append_val(holes, hole);
		walk->hole_open = true;
	} else {
		walk->sums->cut = true;
	}
}

/* Due instants come in the order of time; the spans may overlap. */
static bool is_unknowable(struct walk *walk, struct wall at)
{
	const GArray *spans = walk->input->unknowable;
	for (; spans != NULL && walk->next_span < spans->len; walk->next_span++) {
		const struct ledger_span *span = &g_array_index(spans, struct ledger_span, walk->next_span);
		if (wall_before(at, span->from))
			return false;
		if (wall_before(at, span->until))
			return true;
	}
	return false;
}

static void take_unknown(struct walk *walk, struct wall at)
{
	struct ledger_sums *sums = walk->sums;
	sums->unknown++;
	if (!wall_is_set(sums->unknown_since) || wall_before(at, sums->unknown_since))
		sums->unknown_since = at;
	walk->hole_open = false;
}

static void take_due(struct walk *walk, struct wall at, bool settled)
{
	const struct ledger_case *input = walk->input;
	const struct ledger_decision *decision;
	while ((decision = decision_at(walk, walk->next)) != NULL && wall_before(decision->to, at))
		leave_decision(walk, decision);
	if (decision != NULL && !wall_before(at, decision->from)) {
		walk->touched = true;
		walk->hole_open = false;
		walk->sums->decided++;
		walk->sums->due++;
		return;
	}
	if (!settled)
		return;
	if (walk->undecided != NULL)
		g_array_append_val(walk->undecided, at);
	walk->sums->due++;
	if (wall_before(input->required_until, at) ||
	    (wall_is_set(input->required_from) && wall_before(at, input->required_from)) || is_unknowable(walk, at)) {
		take_unknown(walk, at);
		return;
	}
	walk->sums->unaccounted++;
	add_hole(walk, at);
}

static void walk_revision(struct walk *walk, const struct ledger_revision *revision, struct wall end)
{
	const struct ledger_case *input = walk->input;
	struct wall begin = wall_max(wall_add_us(input->from, -1), revision->at);
	struct wall settled_at = wall_add_ms(revision->at, LEDGER_SETTLE_MS);
	struct wall at = begin;
	if (revision->job == NULL || !revision->job->active)
		return;
	struct wall anchor = late_anchor(revision->job, input->created_at, input->decided_until);
	while (job_next_due(revision->job, anchor, at, &at) && wall_before(at, end))
		take_due(walk, at, !wall_before(at, settled_at));
}

void ledger_compare(const struct ledger_case *input, struct ledger_sums *sums, GArray *undecided)
{
	struct walk walk = { .input = input, .sums = sums, .undecided = undecided };
	const struct ledger_decision *decision;
	for (guint i = 0; i < input->revisions->len; i++) {
		const struct ledger_revision *revision = &g_array_index(input->revisions, struct ledger_revision, i);
		struct wall end = input->to;
		if (i + 1 < input->revisions->len)
			end = wall_min(end, g_array_index(input->revisions, struct ledger_revision, i + 1).at);
		walk_revision(&walk, revision, end);
	}
	while ((decision = decision_at(&walk, walk.next)) != NULL)
		leave_decision(&walk, decision);
}
