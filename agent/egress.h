/*
 * Where jobs may connect to. Owns: the built-in denials, the two lists of the config, the judgement of one address.
 * Does not own: when it is asked (runner_http.c asks at every new connection, with the address that is about to be
 * connected; so no spelling of a URL, no name and no redirect can get around it).
 *
 * The rules, first match decides:
 *   1. an address in egress_deny is denied;
 *   2. an address in a built-in denial (link-local, cloud metadata, multicast, broadcast, "this host") is denied, unless
 *      egress_allow has a rule that lies within that denial: "169.254.169.254/32" lifts it for that address, "0.0.0.0/0" does not;
 *   3. when egress_allow is not empty, an address outside it is denied;
 *   4. all else is allowed, loopback and private networks too: a scheduler on a host calls local services.
 * An IPv6 address that carries an IPv4 address (mapped, compatible, translated, 6to4, NAT64, Teredo, ISATAP) must pass
 * in both forms.
 */
#ifndef BELFRY_AGENT_EGRESS_H
#define BELFRY_AGENT_EGRESS_H

#include <stdbool.h>

#include <glib.h>
#include <sys/socket.h>

#define EGRESS_RULES_MAX 1024 /* CIDRs in one list */

struct egress_policy;

/*
 * Both lists are CIDRs or addresses separated by commas or spaces ("10.0.0.0/8, fd00::/8"); NULL and "" are empty. On
 * error NULL; the message begins with the offending word. The policy is immutable: any thread.
 */
struct egress_policy *egress_policy_new(const char *deny, const char *allow, GError **error);
void egress_policy_free(struct egress_policy *policy);

/* One of the lists alone, for the check of a config file. */
bool egress_list_is_valid(const char *list, GError **error);

/* NULL = may be connected; else why not: a static text like "link-local addresses are denied". */
const char *egress_check(const struct egress_policy *policy, const struct sockaddr *address);

/* "deny 2 rules, allow none": for people. Caller frees. */
char *egress_summary(const struct egress_policy *policy);

#endif
