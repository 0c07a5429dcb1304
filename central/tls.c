#include "central/tls.h"

#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define TLS_ERROR (g_quark_from_static_string("belfry-tls"))

/* What one load gave; never changed afterwards. */
struct generation {
	char *digest; /* of the files' bytes */
	gnutls_pcert_st chain[TLS_CHAIN_MAX];
	unsigned chain_size;
	gnutls_privkey_t key;
	gnutls_x509_trust_list_t client_ca; /* NULL = clients need no certificate */
	struct generation *older;
};

static struct generation *current; /* atomic */

static void free_generation(struct generation *generation)
{
	for (unsigned i = 0; i < generation->chain_size; i++)
		gnutls_pcert_deinit(&generation->chain[i]);
	if (generation->key != NULL)
		gnutls_privkey_deinit(generation->key);
	if (generation->client_ca != NULL)
		gnutls_x509_trust_list_deinit(generation->client_ca, 1);
	g_free(generation->digest);
	g_free(generation);
}

static bool fail(GError **error, const char *file, int code)
{
	g_set_error(error, TLS_ERROR, 0, "%s: %s", file, gnutls_strerror(code));
	return false;
}

static bool read_pem(const char *file, GChecksum *digest, gnutls_datum_t *ret, GError **error)
{
	char *text;
	gsize size;
	if (!g_file_get_contents(file, &text, &size, error))
		return false;
	if (size > TLS_FILE_MAX) {
		g_set_error(error, TLS_ERROR, 0, "%s: is larger than %d bytes", file, TLS_FILE_MAX);
		g_free(text);
		return false;
	}
	g_checksum_update(digest, (const guchar *)&size, sizeof size);
	g_checksum_update(digest, (const guchar *)text, (gssize)size);
	*ret = (gnutls_datum_t){ (unsigned char *)text, (unsigned)size };
	return true;
}

static int take_chain(struct generation *generation, const gnutls_datum_t *pem)
{
	unsigned size = TLS_CHAIN_MAX;
	int code = gnutls_pcert_list_import_x509_raw(generation->chain, &size, pem, GNUTLS_X509_FMT_PEM, 0);
	if (code >= 0)
		generation->chain_size = size;
	return code;
}

static int take_key(struct generation *generation, const gnutls_datum_t *pem)
{
	int code = gnutls_privkey_init(&generation->key);
	return code < 0 ? code :
			  gnutls_privkey_import_x509_raw(generation->key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
}

/* Signs something and checks that with the certificate: kinds of keys differ too much for a comparison of numbers. */
static bool key_fits(struct generation *generation)
{
	const gnutls_datum_t probe = { (unsigned char *)"belfry", 6 };
	gnutls_datum_t signature = { 0 };
	gnutls_pubkey_t public = generation->chain[0].pubkey;
	gnutls_digest_algorithm_t hash;
	int pk = gnutls_pubkey_get_pk_algorithm(public, NULL);
	if (pk != gnutls_privkey_get_pk_algorithm(generation->key, NULL) ||
	    gnutls_pubkey_get_preferred_hash_algorithm(public, &hash, NULL) < 0 ||
	    gnutls_privkey_sign_data(generation->key, hash, 0, &probe, &signature) < 0)
		return false;
	bool fits = gnutls_pubkey_verify_data2(public, gnutls_pk_to_sign((gnutls_pk_algorithm_t)pk, hash), 0, &probe,
					       &signature) >= 0;
	gnutls_free(signature.data);
	return fits;
}

static int take_client_ca(struct generation *generation, const gnutls_datum_t *pem)
{
	int code = gnutls_x509_trust_list_init(&generation->client_ca, 0);
	if (code < 0)
		return code;
	code = gnutls_x509_trust_list_add_trust_mem(generation->client_ca, pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	return code == 0 ? GNUTLS_E_NO_CERTIFICATE_FOUND : code;
}

/* The file that is at fault comes first in the message. */
static bool fill(struct generation *generation, const char *const files[3], const gnutls_datum_t pems[3], GError **error)
{
	int code = take_chain(generation, &pems[0]);
	if (code < 0)
		return fail(error, files[0], code);
	code = take_key(generation, &pems[1]);
	if (code < 0)
		return fail(error, files[1], code);
	if (!key_fits(generation)) {
		g_set_error(error, TLS_ERROR, 0, "%s: is not the key of the certificate in %s", files[1], files[0]);
		return false;
	}
	code = *files[2] != '\0' ? take_client_ca(generation, &pems[2]) : 0;
	return code < 0 ? fail(error, files[2], code) : true;
}

bool tls_load(const char *certificate, const char *key, const char *client_ca, bool *ret_changed, GError **error)
{
	const char *const files[3] = { certificate, key, client_ca };
	gnutls_datum_t pems[3] = { 0 };
	g_autoptr(GChecksum) digest = g_checksum_new(G_CHECKSUM_SHA256);
	struct generation *next = NULL, *before = g_atomic_pointer_get(&current);
	bool ok = true, changed = false;
	for (int i = 0; ok && i < 3; i++)
		if (*files[i] != '\0')
			ok = read_pem(files[i], digest, &pems[i], error);
	if (ok && (before == NULL || strcmp(before->digest, g_checksum_get_string(digest)) != 0)) {
		next = g_new0(struct generation, 1);
		next->digest = g_strdup(g_checksum_get_string(digest));
		next->older = before;
		ok = changed = fill(next, files, pems, error);
	}
	if (ok && changed)
		g_atomic_pointer_set(&current, next);
	else if (next != NULL)
		free_generation(next);
	for (int i = 0; i < 3; i++)
		g_free(pems[i].data);
	if (ok && ret_changed != NULL)
		*ret_changed = changed;
	return ok;
}

void tls_unload(void)
{
	struct generation *next = g_atomic_pointer_get(&current);
	g_atomic_pointer_set(&current, NULL);
	while (next != NULL) {
		struct generation *generation = next;
		next = generation->older;
		free_generation(generation);
	}
}

/* Nonzero ends the handshake. */
static int check_client(gnutls_session_t session)
{
	const struct generation *generation = g_atomic_pointer_get(&current);
	unsigned size = 0, status = ~0u;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &size);
	gnutls_x509_crt_t certificates[TLS_CHAIN_MAX];
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned n = 0;
	if (generation == NULL || generation->client_ca == NULL || chain == NULL || size == 0 || size > TLS_CHAIN_MAX)
		return -1;
	for (; n < size && gnutls_x509_crt_init(&certificates[n]) == 0; n++) {
		if (gnutls_x509_crt_import(certificates[n], &chain[n], GNUTLS_X509_FMT_DER) < 0) {
			gnutls_x509_crt_deinit(certificates[n]);
			break;
		}
	}
	if (n == size && gnutls_x509_trust_list_verify_crt2(generation->client_ca, certificates, n, &purpose, 1, 0,
							    &status, NULL) < 0)
		status = ~0u;
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(certificates[i]);
	return status == 0 ? 0 : -1;
}

static int give(const struct generation *generation, gnutls_pcert_st **ret_chain, unsigned *ret_size,
		gnutls_privkey_t *ret_key)
{
	if (generation == NULL)
		return -1;
	*ret_chain = (gnutls_pcert_st *)generation->chain;
	*ret_size = generation->chain_size;
	*ret_key = generation->key;
	return 0;
}

static int give_to_people(gnutls_session_t session, const gnutls_datum_t *authorities, int n_authorities,
			  const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **ret_chain,
			  unsigned *ret_size, gnutls_privkey_t *ret_key)
{
	(void)session, (void)authorities, (void)n_authorities, (void)algorithms, (void)n_algorithms;
	return give(g_atomic_pointer_get(&current), ret_chain, ret_size, ret_key);
}

static int give_to_agents(gnutls_session_t session, const gnutls_datum_t *authorities, int n_authorities,
			  const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **ret_chain,
			  unsigned *ret_size, gnutls_privkey_t *ret_key)
{
	const struct generation *generation = g_atomic_pointer_get(&current);
	(void)authorities, (void)n_authorities, (void)algorithms, (void)n_algorithms;
	if (generation != NULL && generation->client_ca != NULL) {
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_function(session, check_client);
	}
	return give(generation, ret_chain, ret_size, ret_key);
}

/* libmicrohttpd takes a function as a pointer to data, which ISO C has no cast for. */
static void *as_pointer(gnutls_certificate_retrieve_function2 *function)
{
	void *pointer;
	_Static_assert(sizeof pointer == sizeof function, "POSIX");
	memcpy(&pointer, &function, sizeof pointer);
	return pointer;
}

void *tls_people_callback(void)
{
	return as_pointer(give_to_people);
}

void *tls_agents_callback(void)
{
	return as_pointer(give_to_agents);
}
