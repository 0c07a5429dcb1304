#include "central/routes.h"

#include <string.h>

#include "central/api_health.h"

const struct route routes[] = {
	{ "GET", "/healthz", ROLE_OPEN, LISTENER_API | LISTENER_AGENT, api_healthz, 0 },
	{ "GET", "/readyz", ROLE_OPEN, LISTENER_API | LISTENER_AGENT, api_readyz, 0 },
	{ "GET", "/metrics", ROLE_OPEN, LISTENER_API, api_metrics, 0 },
	{ 0 }
};
