#include "central/routes.h"

#include "central/api_agents.h"
#include "central/api_alerts.h"
#include "central/api_audit.h"
#include "central/api_bulk.h"
#include "central/api_enrolment.h"
#include "central/api_executions.h"
#include "central/api_fleet.h"
#include "central/api_fleet_views.h"
#include "central/api_health.h"
#include "central/api_jobs.h"
#include "central/api_ledger.h"
#include "central/api_observability.h"
#include "central/api_overview.h"
#include "central/api_revisions.h"
#include "central/api_schedules.h"
#include "central/api_session.h"
#include "central/api_settings.h"
#include "central/api_sync.h"
#include "central/api_tokens.h"
#include "central/api_users.h"
#include "central/api_why.h"
#include "central/web.h"
#include "common/job.h"
#include "common/wire.h"

#define API LISTENER_API
#define AGENT LISTENER_AGENT
#define SMALL_BODY_MAX 4096

const struct route routes[] = {
	{ "GET", "/healthz", ROLE_OPEN, API | AGENT, api_healthz, 0 },
	{ "GET", "/readyz", ROLE_OPEN, API | AGENT, api_readyz, 0 },
	{ "GET", "/metrics", ROLE_OPEN, API, api_metrics, 0 },

	{ "GET", "/api/jobs", ROLE_VIEWER, API, api_jobs_list, 0 },
	{ "POST", "/api/jobs", ROLE_EDITOR, API, api_jobs_create, JOB_JSON_MAX },
	{ "GET", "/api/jobs/:jobId", ROLE_VIEWER, API, api_jobs_get, 0 },
	{ "PUT", "/api/jobs/:jobId", ROLE_EDITOR, API, api_jobs_put, JOB_JSON_MAX },
	{ "PATCH", "/api/jobs/:jobId", ROLE_EDITOR, API, api_jobs_patch, JOB_JSON_MAX },
	{ "DELETE", "/api/jobs/:jobId", ROLE_EDITOR, API, api_jobs_delete, 0 },
	{ "POST", "/api/jobs/:jobId/actions/pause", ROLE_OPERATOR, API, api_jobs_pause, SMALL_BODY_MAX },
	{ "POST", "/api/jobs/:jobId/actions/resume", ROLE_OPERATOR, API, api_jobs_resume, SMALL_BODY_MAX },
	{ "POST", "/api/jobs/:jobId/actions/rollback", ROLE_EDITOR, API, api_jobs_rollback, SMALL_BODY_MAX },
	{ "GET", "/api/jobs/:jobId/why", ROLE_VIEWER, API, api_jobs_why, 0 },
	{ "GET", "/api/jobs/:jobId/assignments", ROLE_VIEWER, API, api_job_assignments, 0 },
	{ "GET", "/api/jobs/:jobId/revisions", ROLE_VIEWER, API, api_revisions_list, 0 },
	{ "GET", "/api/jobs/:jobId/revisions/:revision", ROLE_VIEWER, API, api_revisions_get, 0 },
	{ "POST", "/api/bulk/jobs", ROLE_OPERATOR, API, api_bulk_jobs, BULK_BODY_MAX },
	{ "POST", "/api/jobs/:jobId/actions/run", ROLE_OPERATOR, API, api_jobs_run, SMALL_BODY_MAX },
	{ "POST", "/api/jobs/:jobId/actions/cancel", ROLE_OPERATOR, API, api_jobs_cancel, SMALL_BODY_MAX },
	{ "POST", "/api/jobs/:jobId/actions/skip", ROLE_OPERATOR, API, api_jobs_skip, SMALL_BODY_MAX },

	{ "POST", "/api/schedules/preview", ROLE_VIEWER, API, api_schedules_preview, SMALL_BODY_MAX },
	{ "GET", "/api/schedules/zones", ROLE_VIEWER, API, api_schedules_zones, 0 },

	{ "GET", "/api/executions", ROLE_VIEWER, API, api_executions_list, 0 },
	{ "GET", "/api/executions/:jobId", ROLE_VIEWER, API, api_executions_of_job, 0 },
	{ "GET", "/api/executions/:jobId/:executionId", ROLE_VIEWER, API, api_executions_get, 0 },

	{ "GET", "/api/observability/overview", ROLE_VIEWER, API, api_overview, 0 },
	{ "GET", "/api/observability/metrics", ROLE_VIEWER, API, api_metrics_series, 0 },
	{ "GET", "/api/observability/timeline", ROLE_VIEWER, API, api_fleet_timeline, 0 },
	{ "GET", "/api/observability/stats/jobs", ROLE_VIEWER, API, api_stats_jobs, 0 },
	{ "GET", "/api/observability/stats/executions", ROLE_VIEWER, API, api_stats_executions, 0 },
	{ "GET", "/api/observability/stats/job/:jobId", ROLE_VIEWER, API, api_stats_job, 0 },
	{ "GET", "/api/observability/alerts/failures", ROLE_VIEWER, API, api_alerts_failures, 0 },
	{ "GET", "/api/observability/alerts/late", ROLE_VIEWER, API, api_alerts_late, 0 },
	{ "GET", "/api/observability/ledger", ROLE_VIEWER, API, api_ledger, 0 },
	{ "GET", "/api/observability/quarantine", ROLE_VIEWER, API, api_quarantine, 0 },

	{ "POST", "/api/session", ROLE_OPEN, API, api_session_create, SMALL_BODY_MAX },
	{ "GET", "/api/session", ROLE_VIEWER, API, api_session_get, 0 },
	{ "DELETE", "/api/session", ROLE_VIEWER, API, api_session_delete, 0 },
	{ "POST", "/api/session/password", ROLE_VIEWER, API, api_session_password, SMALL_BODY_MAX },
	{ "POST", "/api/session/links", ROLE_VIEWER, API, api_session_link, SMALL_BODY_MAX },
	{ "GET", "/api/settings", ROLE_VIEWER, API, api_settings, 0 },

	{ "GET", "/api/users", ROLE_ADMIN, API, api_users_list, 0 },
	{ "POST", "/api/users", ROLE_ADMIN, API, api_users_create, SMALL_BODY_MAX },
	{ "PATCH", "/api/users/:userName", ROLE_ADMIN, API, api_users_patch, SMALL_BODY_MAX },
	{ "DELETE", "/api/users/:userName", ROLE_ADMIN, API, api_users_delete, 0 },

	{ "GET", "/api/audit", ROLE_ADMIN, API, api_audit_list, 0 },
	{ "GET", "/api/audit/verify", ROLE_ADMIN, API, api_audit_verify, 0 },
	{ "GET", "/api/audit/:auditId", ROLE_ADMIN, API, api_audit_get, 0 },

	{ "POST", "/api/tokens", ROLE_ADMIN, API, api_tokens_create, SMALL_BODY_MAX },
	{ "GET", "/api/tokens", ROLE_ADMIN, API, api_tokens_list, 0 },
	{ "DELETE", "/api/tokens/:tokenId", ROLE_ADMIN, API, api_tokens_revoke, 0 },

	{ "POST", "/api/agents/tokens", ROLE_ADMIN, API, api_agent_token, ENROL_BODY_MAX },
	{ "GET", "/api/agents/tokens", ROLE_ADMIN, API, api_agent_token_list, 0 },
	{ "DELETE", "/api/agents/tokens/:tokenId", ROLE_ADMIN, API, api_agent_token_delete, 0 },
	{ "GET", "/api/agents", ROLE_VIEWER, API, api_agent_list, 0 },
	{ "GET", "/api/agents/:agentId", ROLE_VIEWER, API, api_agent_get, 0 },
	{ "GET", "/api/agents/:agentId/quarantine", ROLE_VIEWER, API, api_agent_quarantine, 0 },
	{ "PATCH", "/api/agents/:agentId", ROLE_ADMIN, API, api_agent_patch, ENROL_BODY_MAX },
	{ "POST", "/api/agents/:agentId/actions/drain", ROLE_OPERATOR, API, api_agent_drain, SMALL_BODY_MAX },
	{ "POST", "/api/agents/:agentId/actions/undrain", ROLE_OPERATOR, API, api_agent_undrain, SMALL_BODY_MAX },
	{ "POST", "/api/agents/:agentId/actions/revoke", ROLE_ADMIN, API, api_agent_revoke, SMALL_BODY_MAX },
	{ "POST", "/api/agents/:agentId/actions/rotate", ROLE_ADMIN, API, api_agent_rotate_order, SMALL_BODY_MAX },
	{ "POST", "/api/agents/:agentId/actions/forget", ROLE_ADMIN, API, api_agent_forget, SMALL_BODY_MAX },
	{ "POST", "/api/agents/actions/rebalance", ROLE_OPERATOR, API, api_fleet_rebalance, SMALL_BODY_MAX },
	{ "POST", "/api/agent/enroll", ROLE_OPEN, AGENT, api_agent_enrol, ENROL_BODY_MAX },
	{ "POST", "/api/agent/rotate", ROLE_AGENT, AGENT, api_agent_rotate, SMALL_BODY_MAX },
	{ "POST", "/api/agent/sync", ROLE_AGENT, AGENT, api_sync, SYNC_REQUEST_MAX },

	/* What no row above takes and is not below the first segments of those. */
	{ "GET", ROUTE_REST, ROLE_OPEN, API, api_web, 0 },
	{ 0 }
};
