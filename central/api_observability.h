/*
 * Routes that say how the jobs are doing. Owns: their parameters and JSON. Does not own: the figures, which all come from
 * rollups (db_observability.h), and what is made of them (stats.h).
 */
#ifndef BELFRY_API_OBSERVABILITY_H
#define BELFRY_API_OBSERVABILITY_H

#include "central/http.h"

#define STATS_HOURS_DEFAULT 24

void api_metrics_series(const struct api_request *request, struct api_reply *reply);   /* GET /api/observability/metrics: one metric over time */
void api_stats_jobs(const struct api_request *request, struct api_reply *reply);       /* GET .../stats/jobs: how many jobs of which kind */
void api_stats_executions(const struct api_request *request, struct api_reply *reply); /* GET .../stats/executions */
void api_stats_job(const struct api_request *request, struct api_reply *reply);        /* GET .../stats/job/:jobId: one job's figures */
void api_alerts_failures(const struct api_request *request, struct api_reply *reply);  /* GET .../alerts/failures: which jobs fail, and why */

#endif
