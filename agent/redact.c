#include "agent/redact.h"

#include <string.h>

static void blot_out(char *text, const char *word, size_t length, bool cut)
{
	g_autofree char *wanted = g_strndup(word, length);
	for (char *found = text; (found = strstr(found, wanted)) != NULL; found += length)
		memset(found, '*', length);
	size_t size = strlen(text);
	for (size_t part = MIN(length - 1, size); cut && part >= REDACT_VALUE_MIN; part--) {
		if (memcmp(text + size - part, word, part) != 0)
			continue;
		memset(text + size - part, '*', part);
		return;
	}
}

/* What may stand in a token and is written the same in JSON, HTML and URLs. */
static size_t word_length(const char *text)
{
	size_t n = 0;
	while (g_ascii_isalnum(text[n]) || (text[n] != '\0' && strchr("-._~", text[n]) != NULL))
		n++;
	return n;
}

static void redact_value(const char *value, char *text, bool cut)
{
	size_t length = strlen(value);
	if (length >= REDACT_VALUE_MIN)
		blot_out(text, value, length, cut);
	while (*value != '\0') {
		length = word_length(value);
		if (length >= REDACT_WORD_MIN)
			blot_out(text, value, length, cut);
		value += length > 0 ? length : 1;
	}
}

void redact_secrets(const struct job *job, char *text, bool cut)
{
	for (int i = 0; text != NULL && i < job->n_headers; i++)
		if (job_header_is_secret(job->headers[i].name))
			redact_value(job->headers[i].value, text, cut);
}
