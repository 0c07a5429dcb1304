#include "common/wire_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "common/rfc3339.h"
#include "common/wire.h"

G_DEFINE_QUARK(belfry - wire - error - quark, wire_error)

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void append_control(GString *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char text[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
	if (c == '"' || c == '\\') {
		text[1] = (char)c;
		g_string_append_len(out, text, 2);
	} else if (c == '\n') {
		g_string_append_len(out, "\\n", 2);
	} else {
		g_string_append_len(out, text, sizeof text);
	}
}

/* One character outside ASCII; returns how many bytes a reader will have, 0 when that is more than `left`. */
static size_t append_wide(GString *out, const char **text, size_t left)
{
	gunichar c = g_utf8_get_char_validated(*text, -1);
	bool valid = c < (gunichar)-2;
	size_t size = valid ? (size_t)(g_utf8_next_char(*text) - *text) : 3;
	if (size > left)
		return 0;
	if (valid)
		g_string_append_len(out, *text, (gssize)size);
	else
		g_string_append_len(out, "\\ufffd", 6);
	*text += valid ? size : 1;
	return size;
}

/* Copies runs of plain ASCII at once; all else one character at a time. */
void wire_append_text(GString *out, const char *text, size_t max)
{
	size_t left = max, size = 1;
	g_string_append_c(out, '"');
	while (left > 0 && size > 0 && *text != '\0') {
		for (size = 0; size < left && is_plain((unsigned char)text[size]);)
			size++;
		if (size > 0) {
			g_string_append_len(out, text, (gssize)size);
			text += size;
		} else if ((unsigned char)*text < 0x80) {
			append_control(out, (unsigned char)*text++);
			size = 1;
		} else {
			size = append_wide(out, &text, left);
		}
		left -= size;
	}
	g_string_append_c(out, '"');
}

void wire_append_number(GString *out, int64_t number)
{
	char text[24], *p = text + sizeof text;
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*--p = '-';
	g_string_append_len(out, p, text + sizeof text - p);
}

void wire_append_ms(GString *out, int64_t us)
{
	uint64_t size = us < 0 ? -(uint64_t)us : (uint64_t)us;
	unsigned rest = (unsigned)(size % 1000);
	char fraction[] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };
	if (us < 0)
		g_string_append_c(out, '-');
	wire_append_number(out, (int64_t)(size / 1000));
	g_string_append_len(out, fraction, sizeof fraction);
}

void wire_append_time(GString *out, struct wall time)
{
	char buffer[RFC3339_SIZE];
	g_string_append_c(out, '"');
	g_string_append(out, rfc3339_print_ms(time, buffer));
	g_string_append_c(out, '"');
}

bool wire_fail(GError **error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (error != NULL)
		*error = g_error_new_valist(WIRE_ERROR, 0, format, args);
	va_end(args);
	return false;
}

/* Absent and null are the same. */
static const json_t *get(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);
	return json_is_null(value) ? NULL : value;
}

bool wire_get_text(const json_t *json, const char *name, size_t min, size_t max, const char **ret, GError **error)
{
	const json_t *value = get(json, name);
	if (value == NULL && min == 0) {
		*ret = NULL;
		return true;
	}
	if (value == NULL)
		return wire_fail(error, "%s: is missing", name);
	if (!json_is_string(value))
		return wire_fail(error, "%s: must be a string", name);
	size_t size = json_string_length(value);
	if (size > max)
		return wire_fail(error, "%s: is %zu bytes long, at most %zu are allowed", name, size, max);
	if (size < min)
		return wire_fail(error, "%s: is too short", name);
	if (strlen(json_string_value(value)) != size)
		return wire_fail(error, "%s: must not contain a NUL character", name);
	*ret = json_string_value(value);
	return true;
}

bool wire_get_buffer(const json_t *json, const char *name, size_t min, size_t max, char *ret, GError **error)
{
	const char *text;
	if (!wire_get_text(json, name, min, max, &text, error))
		return false;
	g_strlcpy(ret, text != NULL ? text : "", max + 1);
	return true;
}

bool wire_get_number_or(const json_t *json, const char *name, int64_t min, int64_t max, int64_t fallback, int64_t *ret,
			GError **error)
{
	const json_t *value = get(json, name);
	if (value == NULL) {
		*ret = fallback;
		return true;
	}
	if (!json_is_integer(value))
		return wire_fail(error, "%s: must be a whole number", name);
	int64_t number = json_integer_value(value);
	if (number < min || number > max)
		return wire_fail(error, "%s: %" PRId64 " is outside %" PRId64 " to %" PRId64, name, number, min, max);
	*ret = number;
	return true;
}

bool wire_get_number(const json_t *json, const char *name, int64_t min, int64_t max, int64_t *ret, GError **error)
{
	if (get(json, name) == NULL)
		return wire_fail(error, "%s: is missing", name);
	return wire_get_number_or(json, name, min, max, 0, ret, error);
}

bool wire_get_bool_or(const json_t *json, const char *name, bool fallback, bool *ret, GError **error)
{
	const json_t *value = get(json, name);
	if (value != NULL && !json_is_boolean(value))
		return wire_fail(error, "%s: must be true or false", name);
	*ret = value != NULL ? json_is_true(value) : fallback;
	return true;
}

bool wire_get_ms(const json_t *json, const char *name, int64_t fallback_us, int64_t *ret_us, GError **error)
{
	const json_t *value = get(json, name);
	if (value == NULL) {
		*ret_us = fallback_us;
		return true;
	}
	if (!json_is_number(value))
		return wire_fail(error, "%s: must be a number of milliseconds", name);
	double us = json_number_value(value) * 1000;
	if (!(fabs(us) <= (double)WIRE_NUMBER_MAX))
		return wire_fail(error, "%s: is out of range", name);
	*ret_us = llround(us);
	return true;
}

bool wire_get_time(const json_t *json, const char *name, bool required, struct wall *ret, GError **error)
{
	const char *text;
	if (!wire_get_text(json, name, required ? 1 : 0, 64, &text, error))
		return false;
	if (text == NULL) {
		*ret = WALL_NONE;
		return true;
	}
	return rfc3339_parse(text, ret) || wire_fail(error, "%s: is not an RFC 3339 time", name);
}

bool wire_get_hex64(const json_t *json, const char *name, uint64_t *ret, GError **error)
{
	const char *text;
	uint64_t number = 0;
	if (!wire_get_text(json, name, 16, 16, &text, error))
		return false;
	for (int i = 0; i < 16; i++) {
		int digit = g_ascii_xdigit_value(text[i]);
		if (digit < 0)
			return wire_fail(error, "%s: must be 16 hex digits", name);
		number = number << 4 | (unsigned)digit;
	}
	*ret = number;
	return true;
}

bool wire_get_object(const json_t *json, const char *name, const json_t **ret, GError **error)
{
	const json_t *value = get(json, name);
	if (value == NULL)
		return wire_fail(error, "%s: is missing", name);
	if (!json_is_object(value))
		return wire_fail(error, "%s: must be an object", name);
	*ret = value;
	return true;
}

bool wire_get_array(const json_t *json, const char *name, size_t max, json_t **ret, GError **error)
{
	const json_t *value = get(json, name);
	if (value != NULL && !json_is_array(value))
		return wire_fail(error, "%s: must be an array", name);
	if (json_array_size(value) > max)
		return wire_fail(error, "%s: has %zu entries, at most %zu are allowed", name, json_array_size(value),
				 max);
	*ret = (json_t *)value;
	return true;
}

json_t *wire_load(const char *body, size_t size, size_t max, GError **error)
{
	if (size > max) {
		wire_fail(error, "the message has %zu bytes, at most %zu are allowed", size, max);
		return NULL;
	}
	json_error_t problem;
	/* NUL within a string is one record's fault (wire_get_text), not the message's. */
	json_t *json = json_loadb(body, size, JSON_ALLOW_NUL, &problem);
	int64_t version;
	if (json == NULL)
		wire_fail(error, "the message is broken JSON: line %d: %s", problem.line, problem.text);
	else if (!json_is_object(json))
		wire_fail(error, "the message must be a JSON object");
	else if (!wire_get_number(json, "version", 0, WIRE_NUMBER_MAX, &version, error))
		;
	else if (version != WIRE_VERSION)
		wire_fail(error, "version: the peer speaks %" PRId64 ", this side %d; update the older one", version,
			  WIRE_VERSION);
	else
		return json;
	json_decref(json);
	return NULL;
}
