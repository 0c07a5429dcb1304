/*
 * Who may ask for a route: the credential (a bearer token, else the cookie), its role, and for changes by cookie the
 * Origin. Owns the cookie's name and form. Does not own: what credentials are good (svc_auth.h).
 */
#ifndef BELFRY_CENTRAL_ADMIT_H
#define BELFRY_CENTRAL_ADMIT_H

#include "central/http.h"
#include "central/routes.h"

#define SESSION_COOKIE "belfry_session"

/*
 * Fills the request's identity. False with 401, 403 or 503 in the reply. An open route admits everybody, but no change
 * that a page of another site sent.
 */
bool admit_request(enum listener listener, struct api_request *request, struct api_reply *reply);

/* The SHA-256 of the request's cookie as hex; false: it has none. */
bool admit_session_hash(const struct api_request *request, char *ret, size_t size);
/* Sets the cookie; NULL: takes it away. */
void admit_set_cookie(const struct api_request *request, struct api_reply *reply, const char *value,
		      struct wall expires_at);

#endif
