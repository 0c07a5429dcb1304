#include "central/api_schedules.h"

#include <string.h>

#include "central/api_body.h"
#include "central/json_values.h"
#include "common/execution.h"
#include "common/rfc3339.h"
#include "common/schedule_explain.h"
#include "common/tz.h"

struct preview {
	const char *expression, *zone, *job_id;
	int64_t count;
	struct wall from, anchor, start_at, end_at; /* the last three: WALL_NONE = not given */
};

/* The texts are borrowed from `body`. */
static bool parse_preview(const json_t *body, struct api_reply *reply, struct preview *ret)
{
	static const char *const members[] = { "schedule", "timezone", "count",  "from", "jobId",
					       "anchor",	 "startAt",  "endAt",  NULL };
	*ret = (struct preview){ .zone = "UTC", .job_id = "", .count = PREVIEW_COUNT_DEFAULT, .from = wall_now(),
				  .anchor = WALL_NONE, .start_at = WALL_NONE, .end_at = WALL_NONE };
	if (!api_body_only(body, reply, members) ||
	    !api_body_text(body, reply, "schedule", SCHEDULE_TEXT_MAX, &ret->expression) ||
	    !api_body_text(body, reply, "timezone", TZ_NAME_MAX, &ret->zone) ||
	    !api_body_text(body, reply, "jobId", JOB_ID_MAX, &ret->job_id) ||
	    !api_body_int(body, reply, "count", 1, PREVIEW_COUNT_MAX, &ret->count) ||
	    !api_body_wall(body, reply, "from", &ret->from) || !api_body_wall(body, reply, "anchor", &ret->anchor) ||
	    !api_body_wall(body, reply, "startAt", &ret->start_at) || !api_body_wall(body, reply, "endAt", &ret->end_at))
		return false;
	if (ret->expression == NULL)
		problem_reply(reply, 400, NULL, "/schedule", "is missing");
	return ret->expression != NULL;
}

/* The time on the wall clock, without its offset: "2026-03-29T03:00:00". */
static json_t *json_local(int64_t seconds)
{
	char text[RFC3339_SIZE];
	rfc3339_print_seconds(wall_from_seconds(seconds), text);
	return json_stringn(text, strlen(text) - 1);
}

static json_t *render_fires(const struct schedule *schedule, const struct preview *preview)
{
	json_t *fires = json_array();
	struct wall at = preview->from, anchor = wall_is_set(preview->anchor) ? preview->anchor : preview->from;
	if (wall_is_set(preview->start_at))
		at = wall_max(at, wall_add_us(preview->start_at, -1));
	for (int64_t i = 0; i < preview->count && schedule_next(schedule, anchor, at, &at); i++) {
		if (wall_is_set(preview->end_at) && !wall_before(at, preview->end_at))
			break;
		char offset[SCHEDULE_OFFSET_SIZE];
		struct schedule_local local;
		schedule_local_at(schedule, at, &local);
		g_autofree char *note = local.note != NULL ? g_strconcat("DST: ", local.note, NULL) : NULL;
		json_array_append_new(fires, json_pack("{s:o, s:o, s:s, s:s?}", "at", json_wall(at), "local",
						       json_local(local.seconds), "offset",
						       schedule_offset_print(local.offset, offset), "note", note));
	}
	return fires;
}

void api_schedules_preview(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	g_autoptr(GError) error = NULL;
	struct preview preview;
	json_t *body = api_query_only(request, reply, no_parameters) ? api_body_json(request, reply, 2) : NULL;
	if (body == NULL)
		return;
	if (!parse_preview(body, reply, &preview)) {
		json_decref(body);
		return;
	}
	struct schedule *schedule = schedule_new(preview.expression, preview.zone, preview.job_id, &error);
	if (schedule == NULL) {
		problem_reply(reply, 400, NULL, error->code == SCHEDULE_ERROR_ZONE ? "/timezone" : "/schedule", "%s",
			      error->message);
	} else {
		g_autofree char *text = schedule_sentence(schedule), *canonical = schedule_print(schedule);
		api_reply_json(reply, 200,
			       json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s?}", "text", text, "canonical", canonical,
					 "timezone", preview.zone, "tzdata", tz_database_version(), "kind",
					 schedule_kind_sentence(schedule), "fires", render_fires(schedule, &preview),
					 "note", schedule_note(schedule)));
	}
	schedule_unref(schedule);
	json_decref(body);
}

/* The list is read once per version of the zone files. */
static json_t *get_zones(const char *version)
{
	static GMutex lock;
	static json_t *zones;
	static const char *of_version;
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
	if (zones == NULL || g_strcmp0(of_version, version) != 0) {
		g_autoptr(GPtrArray) names = tz_names();
		json_decref(zones);
		zones = json_array();
		for (guint i = 0; i < names->len; i++)
			json_array_append_new(zones, json_string(g_ptr_array_index(names, i)));
		of_version = version;
	}
	return json_deep_copy(zones);
}

void api_schedules_zones(const struct api_request *request, struct api_reply *reply)
{
	static const char *const no_parameters[] = { NULL };
	const char *version = tz_database_version();
	if (!api_query_only(request, reply, no_parameters))
		return;
	g_autofree char *etag = g_strdup_printf("\"tz-%s\"", version);
	api_reply_header(reply, "ETag", "%s", etag);
	api_reply_header(reply, "Cache-Control", "private, max-age=3600");
	if (request->if_none_match != NULL && strstr(request->if_none_match, etag) != NULL)
		api_reply_empty(reply, 304);
	else
		api_reply_json(reply, 200, json_pack("{s:s, s:o}", "tzdata", version, "zones", get_zones(version)));
}
