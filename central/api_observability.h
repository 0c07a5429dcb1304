/*
 * Routes that say how the jobs are doing. All figures come from rollups (db_observability.h).
 */
#ifndef BELFRY_API_OBSERVABILITY_H
#define BELFRY_API_OBSERVABILITY_H

#include "central/http.h"

#define STATS_HOURS_DEFAULT 24

void api_metrics_series(const struct api_request *request, struct api_reply *reply);  /* one metric over time */
void api_stats_jobs(const struct api_request *request, struct api_reply *reply);      /* how many jobs of which kind */
void api_stats_executions(const struct api_request *request, struct api_reply *reply);
void api_stats_job(const struct api_request *request, struct api_reply *reply);       /* one job's figures */
void api_alerts_failures(const struct api_request *request, struct api_reply *reply); /* which jobs fail, and why */

#endif
