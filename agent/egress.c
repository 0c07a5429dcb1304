/*
 * All addresses are compared as 128 bits, IPv4 as ::ffff:a.b.c.d; so one list serves both families.
 */
#include "agent/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct address { uint8_t bytes[16]; };

struct rule {
	struct address prefix;
	int length;
	const char *why; /* of built-in denials */
};

struct egress_policy {
	GArray *deny, *allow; /* struct rule */
};

/* Sources: RFC 6890 (special-purpose registries); the metadata addresses are those the cloud providers document. */
static const struct { const char *cidr, *why; } builtin_texts[] = {
	{ "0.0.0.0/8", "addresses of \"this host\" (0.0.0.0/8) are denied" },
	{ "169.254.0.0/16", "link-local addresses are denied" },
	{ "100.100.100.200/32", "cloud metadata addresses are denied" },
	{ "168.63.129.16/32", "cloud metadata addresses are denied" },
	{ "192.0.0.192/32", "cloud metadata addresses are denied" },
	{ "224.0.0.0/4", "multicast addresses are denied" },
	{ "255.255.255.255/32", "the broadcast address is denied" },
	{ "::/128", "the unspecified address (::) is denied" },
	{ "fe80::/10", "link-local addresses are denied" },
	{ "fd00:ec2::/32", "cloud metadata addresses are denied" },
	{ "fd20:ce::254/128", "cloud metadata addresses are denied" },
	{ "ff00::/8", "multicast addresses are denied" },
};

static struct address from_ipv4(const uint8_t bytes[4])
{
	struct address address = { { [10] = 0xff, [11] = 0xff } };
	memcpy(address.bytes + 12, bytes, 4);
	return address;
}

static bool parse_address(const char *text, struct address *ret, int *ret_bits)
{
	uint8_t v4[4];
	if (inet_pton(AF_INET, text, v4) == 1) {
		*ret = from_ipv4(v4);
		*ret_bits = 32;
		return true;
	}
	*ret_bits = 128;
	return inet_pton(AF_INET6, text, ret->bytes) == 1;
}

static bool prefix_matches(const struct address *address, const struct address *prefix, int length)
{
	int whole = length / 8, rest = length % 8;
	if (memcmp(address->bytes, prefix->bytes, whole) != 0)
		return false;
	return rest == 0 || ((address->bytes[whole] ^ prefix->bytes[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

static bool has_bits_beyond(const struct rule *rule)
{
	for (int bit = rule->length; bit < 128; bit++)
		if (rule->prefix.bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

static bool parse_rule(const char *word, struct rule *ret, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(word, "/", 2);
	struct rule rule = { 0 };
	int bits;
	guint64 length;
	if (!parse_address(parts[0], &rule.prefix, &bits)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: not an IP address or CIDR", word);
		return false;
	}
	if (parts[1] == NULL)
		length = bits;
	else if (!g_ascii_string_to_unsigned(parts[1], 10, 0, bits, &length, NULL)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: the prefix length must be 0-%d", word, bits);
		return false;
	}
	rule.length = 128 - bits + (int)length;
	if (has_bits_beyond(&rule)) {
		g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: the address has bits set beyond its prefix", word);
		return false;
	}
	*ret = rule;
	return true;
}

static GArray *parse_list(const char *list, GError **error)
{
	g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(struct rule));
	g_auto(GStrv) words = g_strsplit_set(list == NULL ? "" : list, ", ;\t", -1);
	for (char **word = words; *word != NULL; word++) {
		struct rule rule;
		if (**word == '\0')
			continue;
		if (rules->len == EGRESS_RULES_MAX) {
			g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: more than %d rules", *word, EGRESS_RULES_MAX);
			return NULL;
		}
		if (!parse_rule(*word, &rule, error))
			return NULL;
		g_array_append_val(rules, rule);
	}
	return g_steal_pointer(&rules);
}

bool egress_list_is_valid(const char *list, GError **error)
{
	g_autoptr(GArray) rules = parse_list(list, error);
	return rules != NULL;
}

static const struct rule *builtin_rules(void)
{
	static struct rule rules[G_N_ELEMENTS(builtin_texts)];
	static gsize made;
	if (g_once_init_enter(&made)) {
		for (size_t i = 0; i < G_N_ELEMENTS(builtin_texts); i++) {
			parse_rule(builtin_texts[i].cidr, &rules[i], NULL);
			rules[i].why = builtin_texts[i].why;
		}
		g_once_init_leave(&made, 1);
	}
	return rules;
}

struct egress_policy *egress_policy_new(const char *deny, const char *allow, GError **error)
{
	g_autoptr(GArray) deny_rules = parse_list(deny, error);
	g_autoptr(GArray) allow_rules = deny_rules == NULL ? NULL : parse_list(allow, error);
	if (allow_rules == NULL)
		return NULL;
	struct egress_policy *policy = g_new0(struct egress_policy, 1);
	policy->deny = g_steal_pointer(&deny_rules);
	policy->allow = g_steal_pointer(&allow_rules);
	return policy;
}

void egress_policy_free(struct egress_policy *policy)
{
	if (policy == NULL)
		return;
	g_array_unref(policy->deny);
	g_array_unref(policy->allow);
	g_free(policy);
}

/*
 * The IPv4 addresses that an IPv6 address may stand for; returns how many. Where in a local NAT64 prefix the IPv4 address
 * stands is known to the network only: all places are judged, those that would read 0.x.x.x are empty.
 */
#define EMBEDDED_MAX 5
#define LOCAL_NAT64_BYTES 6
static int embedded_ipv4(const struct address *address, struct address ret[EMBEDDED_MAX])
{
	static const struct { uint8_t prefix[12]; int bytes, at[4]; } forms[] = {
		{ { 0 }, 12, { 12, 13, 14, 15 } },                                       /* ::a.b.c.d compatible, RFC 4291 */
		{ { [8] = 0xff, [9] = 0xff }, 12, { 12, 13, 14, 15 } },                  /* ::ffff:0:a.b.c.d, RFC 2765 */
		{ { 0x00, 0x64, 0xff, 0x9b }, 12, { 12, 13, 14, 15 } },                  /* 64:ff9b::/96, RFC 6052 */
		{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 6, { 6, 7, 9, 10 } },          /* 64:ff9b:1::/48, RFC 8215, */
		{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 6, { 7, 9, 10, 11 } },         /*   as /56, */
		{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 6, { 9, 10, 11, 12 } },        /*   as /64, */
		{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 6, { 12, 13, 14, 15 } },       /*   as /96 */
		{ { 0x20, 0x02 }, 2, { 2, 3, 4, 5 } },                                   /* 6to4, RFC 3056 */
	};
	static const uint8_t teredo[4] = { 0x20, 0x01 }, isatap[3] = { 0x00, 0x5e, 0xfe }, loopback[16] = { [15] = 1 };
	const uint8_t *bytes = address->bytes;
	int n = 0;
	if (memcmp(bytes, loopback, 16) == 0)
		return 0;
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		if (memcmp(bytes, forms[i].prefix, forms[i].bytes) != 0)
			continue;
		uint8_t v4[4];
		for (int j = 0; j < 4; j++)
			v4[j] = bytes[forms[i].at[j]];
		if (forms[i].bytes != LOCAL_NAT64_BYTES || v4[0] != 0)
			ret[n++] = from_ipv4(v4);
	}
	if (memcmp(bytes, teredo, 4) == 0) { /* RFC 4380: the client's address is stored inverted */
		uint8_t v4[4] = { ~bytes[12], ~bytes[13], ~bytes[14], ~bytes[15] };
		ret[n++] = from_ipv4(v4);
	}
	if (n == 0 && (bytes[8] & 0xfd) == 0 && memcmp(bytes + 9, isatap, 3) == 0) /* RFC 5214 */
		ret[n++] = from_ipv4(bytes + 12);
	return n;
}

static const struct rule *find_rule(const GArray *rules, const struct address *address)
{
	for (guint i = 0; i < rules->len; i++) {
		const struct rule *rule = &g_array_index(rules, struct rule, i);
		if (prefix_matches(address, &rule->prefix, rule->length))
			return rule;
	}
	return NULL;
}

/* Does the allow list name (a part of) this built-in denial, with this address in it? */
static bool is_lifted(const struct egress_policy *policy, const struct rule *builtin, const struct address *address)
{
	for (guint i = 0; i < policy->allow->len; i++) {
		const struct rule *rule = &g_array_index(policy->allow, struct rule, i);
		if (rule->length >= builtin->length && prefix_matches(&rule->prefix, &builtin->prefix, builtin->length) &&
		    prefix_matches(address, &rule->prefix, rule->length))
			return true;
	}
	return false;
}

static const char *find_denial(const struct egress_policy *policy, const struct address *address)
{
	if (find_rule(policy->deny, address) != NULL)
		return "the agent's egress_deny forbids this address";
	const struct rule *rules = builtin_rules();
	for (size_t i = 0; i < G_N_ELEMENTS(builtin_texts); i++)
		if (prefix_matches(address, &rules[i].prefix, rules[i].length) && !is_lifted(policy, &rules[i], address))
			return rules[i].why;
	return NULL;
}

const char *egress_check(const struct egress_policy *policy, const struct sockaddr *address)
{
	struct address forms[1 + EMBEDDED_MAX];
	int n = 1;
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
		forms[0] = from_ipv4((const uint8_t *)&v4->sin_addr);
	} else if (address->sa_family == AF_INET6) {
		memcpy(forms[0].bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
		n += embedded_ipv4(&forms[0], forms + 1);
	} else {
		return "only IPv4 and IPv6 addresses may be connected";
	}
	bool allowed = policy->allow->len == 0;
	for (int i = 0; i < n; i++) {
		const char *why = find_denial(policy, &forms[i]);
		if (why != NULL)
			return why;
		allowed = allowed || find_rule(policy->allow, &forms[i]) != NULL;
	}
	return allowed ? NULL : "the agent's egress_allow does not name this address";
}

char *egress_summary(const struct egress_policy *policy)
{
	if (policy->allow->len == 0)
		return g_strdup_printf("all but the built-in denials and %u rules of egress_deny", policy->deny->len);
	return g_strdup_printf("only %u rules of egress_allow, less %u of egress_deny", policy->allow->len, policy->deny->len);
}
