/*
 * Where a request comes from: cookies, the page that sent it, the client's address. Owns: the reading of these headers. Does
 * not own: what follows (admit.h, svc_sessions.h). Pure text, no sockets; any thread.
 */
#ifndef BELFRY_CENTRAL_ORIGIN_H
#define BELFRY_CENTRAL_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

/* The value of the first cookie of that name in a Cookie header. False: it is not there, or longer than size - 1. */
bool cookie_find(const char *header, const char *name, char *ret, size_t size);

/*
 * Did a page of ours send this? Origin decides when it is there: it must be the scheme and Host of this request. Without
 * it Sec-Fetch-Site must be same-origin. With neither: no.
 */
bool origin_is_ours(const char *origin, const char *fetch_site, const char *host, bool is_secure);

/*
 * Who asks, for counting: "203.0.113.7", or "2001:db8:1:2::/64" since one host has a whole such network. When the peer is
 * one of `proxies` (addresses with commas or blanks between), it is the last address of X-Forwarded-For that is not.
 */
#define CLIENT_ADDRESS_SIZE 64
void client_address(const struct sockaddr *peer, const char *forwarded_for, const char *proxies,
		    char ret[static CLIENT_ADDRESS_SIZE]);
/* Is the peer one of the proxies? */
bool client_is_proxy(const struct sockaddr *peer, const char *proxies);
/* Are these numeric addresses, or nothing? */
bool proxies_are_valid(const char *proxies);

#endif
