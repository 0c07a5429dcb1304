#include "common/execution.h"

#include <sodium.h>
#include <string.h>

static struct fire_id as_uuid_v8(struct fire_id id)
{
	id.bytes[6] = (id.bytes[6] & 0x0f) | 0x80;
	id.bytes[8] = (id.bytes[8] & 0x3f) | 0x80;
	return id;
}

struct fire_id fire_id_scheduled(const char *job_id, struct wall scheduled_at, const char *target_key,
				 uint64_t clock_epoch)
{
	const uint64_t instant = GUINT64_TO_LE((uint64_t)scheduled_at.us), epoch = GUINT64_TO_LE(clock_epoch);
	struct fire_id id;
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, sizeof id.bytes);
	crypto_generichash_update(&state, (const unsigned char *)job_id, strlen(job_id) + 1);
	crypto_generichash_update(&state, (const unsigned char *)&instant, sizeof instant);
	crypto_generichash_update(&state, (const unsigned char *)target_key, strlen(target_key) + 1);
	crypto_generichash_update(&state, (const unsigned char *)&epoch, sizeof epoch);
	crypto_generichash_final(&state, id.bytes, sizeof id.bytes);
	return as_uuid_v8(id);
}

struct fire_id fire_id_random(void)
{
	struct fire_id id;
	randombytes_buf(id.bytes, sizeof id.bytes);
	return as_uuid_v8(id);
}

static bool dash_before(int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

char *fire_id_print(struct fire_id id, char buffer[static FIRE_ID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *out = buffer;
	for (int i = 0; i < 16; i++) {
		if (dash_before(i))
			*out++ = '-';
		*out++ = digits[id.bytes[i] >> 4];
		*out++ = digits[id.bytes[i] & 15];
	}
	*out = '\0';
	return buffer;
}

bool fire_id_parse(const char *text, struct fire_id *ret)
{
	struct fire_id id;
	for (int i = 0; i < 16; i++) {
		if (dash_before(i) && *text++ != '-')
			return false;
		int high = g_ascii_xdigit_value(text[0]);
		int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
		if (low < 0)
			return false;
		id.bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text != '\0')
		return false;
	*ret = id;
	return true;
}

static const char *const status_names[EXECUTION_STATUS_MAX_] = {
	[EXECUTION_SUCCESS] = "success", [EXECUTION_FAILED] = "failed", [EXECUTION_TIMEOUT] = "timeout",
	[EXECUTION_SKIPPED] = "skipped", [EXECUTION_MISSED] = "missed", [EXECUTION_INTERRUPTED] = "interrupted",
};

static const char *const cause_names[FIRE_CAUSE_MAX_] = {
	[FIRE_SCHEDULE] = "schedule",
	[FIRE_CATCH_UP] = "catchUp",
	[FIRE_MANUAL] = "manual",
};

/* Index of a name in a table whose entry 0 is unused; 0 = none. */
static int find_name(const char *const *names, int n, const char *name)
{
	for (int i = 1; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return 0;
}

/* Of names parted by commas, bits 1 << place. */
static bool find_names(const char *const *names, int n, const char *text, unsigned *ret)
{
	g_auto(GStrv) words = g_strsplit(text, ",", n);
	unsigned bits = 0;
	for (char **word = words; *word != NULL; word++) {
		int found = find_name(names, n, *word);
		if (found == 0)
			return false;
		bits |= 1u << found;
	}
	*ret = bits;
	return true;
}

const char *execution_status_name(enum execution_status status)
{
	return status >= EXECUTION_SUCCESS && status < EXECUTION_STATUS_MAX_ ? status_names[status] : "unknown";
}

bool execution_status_parse(const char *name, enum execution_status *ret)
{
	int found = find_name(status_names, EXECUTION_STATUS_MAX_, name);
	if (found != 0)
		*ret = (enum execution_status)found;
	return found != 0;
}

bool execution_statuses_parse(const char *text, unsigned *ret)
{
	return find_names(status_names, EXECUTION_STATUS_MAX_, text, ret);
}

const char *fire_cause_name(enum fire_cause cause)
{
	return cause >= FIRE_SCHEDULE && cause < FIRE_CAUSE_MAX_ ? cause_names[cause] : "unknown";
}

bool fire_cause_parse(const char *name, enum fire_cause *ret)
{
	int found = find_name(cause_names, FIRE_CAUSE_MAX_, name);
	if (found != 0)
		*ret = (enum fire_cause)found;
	return found != 0;
}

bool fire_causes_parse(const char *text, unsigned *ret)
{
	return find_names(cause_names, FIRE_CAUSE_MAX_, text, ret);
}

void execution_clear(struct execution *execution)
{
	g_clear_pointer(&execution->job_id, g_free);
	g_clear_pointer(&execution->reason, g_free);
	g_clear_pointer(&execution->error, g_free);
	g_clear_pointer(&execution->response_body, g_free);
	g_clear_pointer(&execution->response_digest, g_free);
	g_clear_pointer(&execution->attempt_log, g_free);
}
