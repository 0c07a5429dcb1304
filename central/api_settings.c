#include <config.h>

#include "central/api_settings.h"

#include "central/central.h"
#include "common/tz.h"

void api_settings(const struct api_request *request, struct api_reply *reply)
{
	const struct central_config *config = request->central->config;
	api_reply_json(reply, 200,
		       json_pack("{s:s, s:s, s:s, s:I, s:{s:i}, s:b}", "version", PACKAGE_VERSION, "tzdata",
				 tz_database_version(), "timezone", "UTC", "offlineAfterMs",
				 (json_int_t)config->offline_after_ms, "retentionDays", "executions",
				 config->retention_days, "tls",
				 request->central->is_tls));
}
