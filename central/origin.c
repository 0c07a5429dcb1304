#include "central/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <glib.h>

#define HOPS_MAX 16 /* elements of X-Forwarded-For that are looked at, from its end */

bool cookie_find(const char *header, const char *name, char *ret, size_t size)
{
	size_t name_size = strlen(name);
	for (const char *p = header; p != NULL && *p != '\0';) {
		p += strspn(p, " \t;");
		size_t pair = strcspn(p, ";");
		if (pair > name_size && strncmp(p, name, name_size) == 0 && p[name_size] == '=') {
			size_t value = pair - name_size - 1;
			while (value > 0 && g_ascii_isspace(p[name_size + value]))
				value--;
			if (value >= size)
				return false;
			memcpy(ret, p + name_size + 1, value);
			ret[value] = '\0';
			return true;
		}
		p += pair;
	}
	return false;
}

bool origin_is_ours(const char *origin, const char *fetch_site, const char *host, bool is_secure)
{
	const char *scheme = is_secure ? "https://" : "http://";
	if (origin == NULL)
		return g_strcmp0(fetch_site, "same-origin") == 0;
	return host != NULL && *host != '\0' && g_ascii_strncasecmp(origin, scheme, strlen(scheme)) == 0 &&
	       g_ascii_strcasecmp(origin + strlen(scheme), host) == 0;
}

/* An address without port, IPv4 in IPv6 as IPv4; false when it is none. */
static bool normalize(const char *text, char *ret, size_t size)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, text, &v4) == 1)
		return inet_ntop(AF_INET, &v4, ret, (socklen_t)size) != NULL;
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&v6))
		return inet_ntop(AF_INET, &v6.s6_addr[12], ret, (socklen_t)size) != NULL;
	return inet_ntop(AF_INET6, &v6, ret, (socklen_t)size) != NULL;
}

static bool peer_text(const struct sockaddr *peer, char *ret, size_t size)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (peer == NULL)
		return false;
	if (peer->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, text, sizeof text);
	else if (peer->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, text, sizeof text);
	return normalize(text, ret, size);
}

static bool is_listed(const char *address, const char *proxies)
{
	g_auto(GStrv) list = g_strsplit_set(proxies, ", ", -1);
	char proxy[INET6_ADDRSTRLEN];
	for (int i = 0; list[i] != NULL; i++)
		if (normalize(list[i], proxy, sizeof proxy) && strcmp(proxy, address) == 0)
			return true;
	return false;
}

bool client_is_proxy(const struct sockaddr *peer, const char *proxies)
{
	char address[INET6_ADDRSTRLEN];
	return *proxies != '\0' && peer_text(peer, address, sizeof address) && is_listed(address, proxies);
}

bool proxies_are_valid(const char *proxies)
{
	g_auto(GStrv) list = g_strsplit_set(proxies, ", ", -1);
	char proxy[INET6_ADDRSTRLEN];
	for (int i = 0; list[i] != NULL; i++)
		if (*list[i] != '\0' && !normalize(list[i], proxy, sizeof proxy))
			return false;
	return true;
}

/* From the end, since only what the nearest proxy wrote is sure; stops at what is no address. */
static void last_hop(const char *forwarded_for, const char *proxies, char *address, size_t size)
{
	g_auto(GStrv) hops = g_strsplit(forwarded_for, ",", -1);
	char hop[INET6_ADDRSTRLEN];
	int n = (int)g_strv_length(hops);
	for (int i = n - 1; i >= 0 && i >= n - HOPS_MAX; i--) {
		if (!normalize(g_strstrip(hops[i]), hop, sizeof hop))
			return;
		g_strlcpy(address, hop, size);
		if (!is_listed(hop, proxies))
			return;
	}
}

void client_address(const struct sockaddr *peer, const char *forwarded_for, const char *proxies,
		    char ret[static CLIENT_ADDRESS_SIZE])
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	g_strlcpy(ret, "?", CLIENT_ADDRESS_SIZE);
	if (!peer_text(peer, address, sizeof address))
		return;
	if (forwarded_for != NULL && is_listed(address, proxies))
		last_hop(forwarded_for, proxies, address, sizeof address);
	if (inet_pton(AF_INET6, address, &v6) != 1) {
		g_strlcpy(ret, address, CLIENT_ADDRESS_SIZE);
		return;
	}
	memset(&v6.s6_addr[8], 0, 8);
	inet_ntop(AF_INET6, &v6, address, sizeof address);
	g_snprintf(ret, CLIENT_ADDRESS_SIZE, "%s/64", address);
}
