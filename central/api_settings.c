#include <config.h>

#include "central/api_settings.h"

#include "central/central.h"
#include "common/tz.h"

/* 0 in the configuration: as long as the rest. */
static int kept_days(const struct central_config *config, int days)
{
	return days > 0 ? days : config->retention_days;
}

void api_settings(const struct api_request *request, struct api_reply *reply)
{
	const struct central_config *config = request->central->config;
	if (!api_query_none(request, reply))
		return;
	api_reply_json(reply, 200,
		       json_pack("{s:s, s:s, s:s, s:I, s:{s:i, s:i, s:i}, s:b}", "version", PACKAGE_VERSION, "tzdata",
				 tz_database_version(), "timezone", "UTC", "offlineAfterMs",
				 (json_int_t)config->offline_after_ms, "retentionDays", "executions",
				 config->retention_days, "success", kept_days(config, config->retention_success_days),
				 "skipped", kept_days(config, config->retention_skipped_days), "tls",
				 request->central->is_tls));
}
