#include "central/job_view.h"

#include "common/rfc3339.h"
#include "common/schedule_explain.h"

json_t *json_merge_patch(const json_t *target, const json_t *patch)
{
	const char *name;
	json_t *value;
	if (!json_is_object(patch))
		return json_deep_copy(patch);
	json_t *result = json_is_object(target) ? json_copy((json_t *)target) : json_object();
	json_object_foreach((json_t *)patch, name, value)
	{
		if (json_is_null(value))
			json_object_del(result, name);
		else
			json_object_set_new(result, name, json_merge_patch(json_object_get(result, name), value));
	}
	return result;
}

bool job_next_fire(const struct job *job, struct wall created_at, struct wall now, struct wall *ret)
{
	struct wall after = now, next;
	if (!job->active)
		return false;
	if (wall_is_set(job->policy->start_at))
		after = wall_max(after, wall_add_us(job->policy->start_at, -1));
	if (!schedule_next(job->timetable->schedule, created_at, after, &next))
		return false;
	if (wall_is_set(job->policy->end_at) && !wall_before(next, job->policy->end_at))
		return false;
	*ret = next;
	return true;
}

/* What can be shown of a definition that is not valid any more: everything but what may hold secrets. */
static json_t *show_invalid(const struct job_record *record)
{
	json_t *json = json_loads(record->row.definition, 0, NULL);
	json_object_del(json, "headers");
	json_object_del(json, "body");
	json_object_set_new(json, "jobId", json_string(record->row.job_id));
	json_object_set_new(json, "revision", json_integer(record->row.revision));
	g_autofree char *note = g_strdup_printf("this definition is no longer valid: %s: %s", record->problem.pointer,
						record->problem.detail);
	json_object_set_new(json, "note", json_string(note));
	return json;
}

json_t *job_definition_to_json(const char *job_id, int64_t revision, const char *definition)
{
	struct job_record record = { .row = { .revision = revision, .definition = (char *)definition } };
	g_strlcpy(record.row.job_id, job_id, sizeof record.row.job_id);
	job_record_parse(&record);
	json_t *json = record.job != NULL ? job_to_json(record.job, true) : show_invalid(&record);
	/* The text stays the caller's. */
	record.row.definition = NULL;
	job_record_clear(&record);
	return json;
}

json_t *job_record_to_json(const struct job_record *record, struct wall now)
{
	char time[RFC3339_SIZE];
	struct wall next;
	json_t *json = record->job != NULL ? job_to_json(record->job, true) : show_invalid(record);
	json_object_set_new(json, "createdAt", json_string(rfc3339_print_ms(record->row.created_at, time)));
	json_object_set_new(json, "createdBy", json_string(record->row.created_by));
	json_object_set_new(json, "updatedAt", json_string(rfc3339_print_ms(record->row.updated_at, time)));
	json_object_set_new(json, "updatedBy", json_string(record->row.updated_by));
	g_autofree char *text = record->job != NULL ? schedule_sentence(record->job->timetable->schedule) : NULL;
	json_object_set_new(json, "scheduleText", text != NULL ? json_string(text) : json_null());
	bool has_next = record->job != NULL && job_next_fire(record->job, record->row.created_at, now, &next);
	json_object_set_new(json, "nextFireAt", has_next ? json_string(rfc3339_print_ms(next, time)) : json_null());
	const char *note = record->job != NULL ? schedule_note(record->job->timetable->schedule) : NULL;
	if (note != NULL)
		json_object_set_new(json, "note", json_string(note));
	return json;
}
