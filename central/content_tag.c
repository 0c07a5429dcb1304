#include "central/content_tag.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HASH_SIZE crypto_generichash_BYTES_MIN

static bool has_tag(const struct api_reply *reply)
{
	for (int i = 0; i < reply->n_headers; i++)
		if (strcmp(reply->headers[i].name, "ETag") == 0)
			return true;
	return false;
}

/* Weak: a proxy may compress the reply on its way, and it still says the same. */
void content_tag_add(const struct api_request *request, struct api_reply *reply)
{
	unsigned char hash[HASH_SIZE];
	char quoted[2 * HASH_SIZE + 3] = "\"";
	if ((strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) || reply->status != 200 || !g_str_has_prefix(request->path, "/api/") ||
	    g_strcmp0(reply->content_type, "application/json") != 0 ||
	    reply->body == NULL || has_tag(reply))
		return;
	const char *said = reply->body + reply->untagged;
	crypto_generichash(hash, sizeof hash, (const unsigned char *)said, reply->body_size - reply->untagged, NULL, 0);
	sodium_bin2hex(quoted + 1, sizeof quoted - 1, hash, sizeof hash);
	strcat(quoted, "\"");
	api_reply_header(reply, "ETag", "W/%s", quoted);
	if (request->if_none_match == NULL || strstr(request->if_none_match, quoted) == NULL)
		return;
	free(reply->body);
	reply->body = NULL;
	reply->body_size = 0;
	reply->content_type = NULL;
	reply->status = 304;
}
