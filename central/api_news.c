#include "central/api_news.h"

#include "central/central.h"
#include "central/news.h"

void api_news(const struct api_request *request, struct api_reply *reply)
{
	static const char *const parameters[] = { "jobsRevision", "command", NULL };
	int64_t jobs_revision = -1, command_id = 0;
	if (!api_query_only(request, reply, parameters) ||
	    !api_query_int(request, reply, "jobsRevision", 0, G_MAXINT64, &jobs_revision) ||
	    !api_query_int(request, reply, "command", 0, G_MAXINT64, &command_id))
		return;
	if (jobs_revision < 0)
		problem_parameter(reply, "jobsRevision", "the revision of the job set that the agent has is missing");
	else if (news_wait_for(request->central->news, request->identity.agent_id, jobs_revision, command_id))
		api_reply_json(reply, 200, json_pack("{s:b}", "sync", 1));
	else
		api_reply_empty(reply, 204);
}
