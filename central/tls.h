/*
 * TLS of the listeners: certificate, key, and the authorities of client certificates, read from PEM files and changed while
 * connections live. Owns gnutls.h. Does not own the connections (server.c, libmicrohttpd).
 *
 * libmicrohttpd wants its credentials when a daemon starts and keeps them; it also asks a function for them in each
 * handshake, and that is what a reload uses: handshakes after tls_load() see the new files, connections that are open stay
 * as they are, no listener restarts. The function is given nothing to tell whose it is, so what is loaded is the process'.
 * What was loaded before stays in memory until tls_unload(), since a handshake may still be using it; loading the same
 * bytes again keeps nothing.
 */
#ifndef BELFRY_CENTRAL_TLS_H
#define BELFRY_CENTRAL_TLS_H

#include <glib.h>
#include <stdbool.h>

#define TLS_FILE_MAX (256 * 1024) /* bytes of each PEM file */
#define TLS_CHAIN_MAX 16          /* certificates in one */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/*
 * `client_ca` "" = agents need no certificate; otherwise the agents' listener demands one that these authorities vouch
 * for. False with an error that names the file, and nothing changed, when a file is missing, no PEM, or the key is another
 * certificate's. *ret_changed (may be NULL): the files were new. Main thread.
 */
bool tls_load(const char *certificate, const char *key, const char *client_ca, bool *ret_changed, GError **error);
/* After the listeners have stopped. */
void tls_unload(void);

/* The functions for MHD_OPTION_HTTPS_CERT_CALLBACK: of people's listener, and of the agents'. */
void *tls_people_callback(void);
void *tls_agents_callback(void);

#endif
