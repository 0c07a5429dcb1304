#include "central/api_overview.h"

#include <string.h>

#include "central/central.h"
#include "central/db_overview.h"
#include "central/json_values.h"
#include "central/kept_text.h"
#include "central/stats.h"

#define OVERVIEW_HOURS 24

struct overview {
	struct wall now;
	struct overview_counts counts;
	struct rollup_window window;
	GArray *hours, *fires;
};

static json_t *render_counts(const struct overview_counts *counts)
{
	return json_pack("{s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:I, s:I}", "jobs", "total",
			 (json_int_t)counts->jobs, "active", (json_int_t)counts->active, "paused",
			 (json_int_t)(counts->jobs - counts->active), "late", (json_int_t)counts->late, "unassigned",
			 (json_int_t)(counts->active - counts->held), "agents", "total", (json_int_t)counts->agents,
			 "online", (json_int_t)counts->online, "offline", (json_int_t)counts->offline, "draining",
			 (json_int_t)counts->draining, "unaccounted", (json_int_t)counts->unaccounted, "quarantined",
			 (json_int_t)counts->quarantined);
}

/* One entry per hour, also where nothing happened. */
static json_t *render_hours(const struct overview *overview)
{
	static const struct rollup_sums nothing;
	json_t *hours = json_array();
	guint next = 0;
	for (int i = 0; i < OVERVIEW_HOURS; i++) {
		struct wall at = wall_add_us(overview->window.from, i * grain_us(ROLLUP_HOUR));
		const struct rollup_sums *sums = &nothing;
		if (next < overview->hours->len &&
		    g_array_index(overview->hours, struct rollup_cell, next).key.bucket_us == at.us)
			sums = &g_array_index(overview->hours, struct rollup_cell, next++).sums;
		json_array_append_new(hours,
				      json_pack("{s:o, s:o}", "t", json_wall(at), "byStatus", sums_by_status(sums)));
	}
	return hours;
}

static json_t *render_fires(const GArray *list)
{
	json_t *fires = json_array();
	for (guint i = 0; i < list->len; i++) {
		const struct overview_fire *fire = &g_array_index(list, struct overview_fire, i);
		json_array_append_new(fires, json_pack("{s:s, s:s, s:o}", "jobId", fire->job_id, "name", fire->name,
						       "at", json_wall(fire->at)));
	}
	return fires;
}

static json_t *render(const struct overview *overview)
{
	struct rollup_sums total = rollup_series_total(overview->hours), *sums = &total;
	json_t *json = json_pack("{s:o}", "now", json_wall(overview->now)); /* first: see untag_now */
	json_object_update_new(json, render_counts(&overview->counts));
	json_object_set_new(json, "last24h",
			    json_pack("{s:I, s:o, s:o, s:o, s:o}", "executions", (json_int_t)sums_executions(sums),
				      "byStatus", sums_by_status(sums), "successRate", sums_success_rate(sums),
				      "latenessMs", sums_latenesses(sums), "durationMs", sums_durations(sums)));
	json_object_set_new(json, "hours", render_hours(overview));
	json_object_set_new(json, "nextFires", render_fires(overview->fires));
	return json;
}

/* Of when it is says nothing of the fleet: while nothing else changes the reply has the same tag. */
static void untag_now(struct api_reply *reply)
{
	if (reply->status == 200 && reply->body != NULL)
		reply->untagged = strcspn(reply->body, ",");
}

static enum db_status read_overview(struct db_pool *pool, struct overview *overview)
{
	DB_AUTO struct db_conn *conn = NULL;
	enum db_status status = db_acquire(pool, &conn);
	if (status == DB_OK)
		status = db_overview_counts(conn, &overview->counts);
	if (status == DB_OK)
		status = db_rollup_series(conn, &overview->window, &overview->hours);
	if (status == DB_OK)
		status = db_overview_fires(conn, overview->now, &overview->fires);
	return status;
}

/* Makes the reply, and keeps it for those who ask next. */
static void reply_anew(const struct api_request *request, struct api_reply *reply)
{
	struct kept_text *kept = request->central->overview;
	struct mono begin = mono_now();
	struct overview overview = { .now = wall_now() };
	int64_t hour_us = grain_us(ROLLUP_HOUR);
	struct wall hour = grain_floor(overview.now, ROLLUP_HOUR);
	overview.window = (struct rollup_window){ ROLLUP_HOUR, wall_add_us(hour, -(OVERVIEW_HOURS - 1) * hour_us),
						  wall_add_us(hour, hour_us), NULL };
	enum db_status status = read_overview(request->pool, &overview);
	if (status == DB_OK)
		api_reply_json(reply, 200, render(&overview));
	else
		problem_db(reply, status, "overview");
	if (status == DB_OK && reply->body != NULL)
		kept_text_put(kept, begin, mono_now(), reply->body, reply->body_size);
	else
		kept_text_give_up(kept);
	if (overview.hours != NULL)
		g_array_unref(overview.hours);
	if (overview.fires != NULL)
		g_array_unref(overview.fires);
}

void api_overview(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	char *text;
	size_t size;
	if (!api_query_only(request, reply, no_parameters))
		return;
	if (kept_text_take(request->central->overview, mono_now(), &text, &size))
		api_reply_text(reply, 200, "application/json", text, size);
	else
		reply_anew(request, reply);
	untag_now(reply);
}
