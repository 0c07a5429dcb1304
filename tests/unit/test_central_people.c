/* Cookies, origins, client addresses, encodings, passwords and the audit's canonical form. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <string.h>

#include <sodium.h>

#include "central/audit_chain.h"
#include "central/origin.h"
#include "central/password.h"
#include "central/svc_accounts.h"
#include "central/web.h"
#include "tests/unit/suite.h"

START_TEST(test_a_cookie_is_found_by_its_whole_name)
{
	static const struct { const char *header, *value; } rows[] = {
		{ "s=1", "1" },       { "a=b; s=1; c=d", "1" }, { "a=b;s=1", "1" }, { " s=1 ", "1" },  { "s=", "" },
		{ "s=1; s=2", "1" },  { "xs=1; s=2", "2" },     { "s1=1", NULL },   { "S=1", NULL },   { "a=s=1", NULL },
		{ "s", NULL },        { "", NULL },             { ";;;", NULL },    { "s=12345", NULL }, { "s=a=b", "a=b" },
	};
	char value[5];
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool found = cookie_find(rows[i].header, "s", value, sizeof value);
		ck_assert_msg(found == (rows[i].value != NULL), "%s", rows[i].header);
		if (found)
			ck_assert_str_eq(value, rows[i].value);
	}
	ck_assert(!cookie_find(NULL, "s", value, sizeof value));
}
END_TEST

START_TEST(test_an_origin_is_ours_when_scheme_and_host_are)
{
	static const struct { const char *origin, *site, *host; bool secure, ours; } rows[] = {
		{ "http://h:1", NULL, "h:1", false, true },
		{ "HTTP://H:1", NULL, "h:1", false, true },
		{ "https://h:1", NULL, "h:1", true, true },
		{ "https://h:1", NULL, "h:1", false, false },
		{ "http://h:1", NULL, "h:1", true, false },
		{ "http://h:2", "same-origin", "h:1", false, false },
		{ "http://h", NULL, "h:1", false, false },
		{ "http://h:1.evil", NULL, "h:1", false, false },
		{ "null", "same-origin", "h:1", false, false },
		{ "", "same-origin", "h:1", false, false },
		{ "http://", NULL, "", false, false },
		{ "http://h:1", NULL, NULL, false, false },
		{ NULL, "same-origin", "h:1", false, true },
		{ NULL, "same-site", "h:1", false, false },
		{ NULL, "none", "h:1", false, false },
		{ NULL, NULL, "h:1", false, false },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		ck_assert_msg(origin_is_ours(rows[i].origin, rows[i].site, rows[i].host, rows[i].secure) == rows[i].ours,
			      "row %zu", i);
}
END_TEST

static void address_of(const char *peer, const char *forwarded, const char *proxies, char *ret)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool is_v4 = inet_pton(AF_INET, peer, &v4.sin_addr) == 1;
	if (!is_v4)
		ck_assert_int_eq(inet_pton(AF_INET6, peer, &v6.sin6_addr), 1);
	const void *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
	client_address(address, forwarded, proxies, ret);
}

START_TEST(test_a_client_is_the_last_address_that_no_proxy_of_ours_has)
{
	static const struct { const char *peer, *forwarded, *proxies, *address; } rows[] = {
		{ "192.0.2.1", NULL, "", "192.0.2.1" },
		{ "192.0.2.1", "198.51.100.7", "", "192.0.2.1" },
		{ "192.0.2.1", "198.51.100.7", "192.0.2.2", "192.0.2.1" },
		{ "192.0.2.1", "198.51.100.7", "192.0.2.1", "198.51.100.7" },
		{ "192.0.2.1", "203.0.113.1, 198.51.100.7", "192.0.2.1", "198.51.100.7" },
		{ "192.0.2.1", "203.0.113.1, 192.0.2.2", "192.0.2.2 192.0.2.1", "203.0.113.1" },
		{ "192.0.2.1", "203.0.113.1, nonsense", "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1", "", "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1", "192.0.2.1, 192.0.2.1", "192.0.2.1", "192.0.2.1" },
		{ "2001:db8:1:2:3:4:5:6", NULL, "", "2001:db8:1:2::/64" },
		{ "::ffff:192.0.2.1", NULL, "", "192.0.2.1" },
		{ "::1", "2001:db8::1", "::1", "2001:db8::/64" },
	};
	char address[CLIENT_ADDRESS_SIZE];
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		address_of(rows[i].peer, rows[i].forwarded, rows[i].proxies, address);
		ck_assert_str_eq(address, rows[i].address);
	}
	client_address(NULL, "1.2.3.4", "1.2.3.4", address);
	ck_assert_str_eq(address, "?");
	ck_assert(proxies_are_valid("") && proxies_are_valid("::1, 10.0.0.1") && !proxies_are_valid("10.0.0.0/8"));
}
END_TEST

START_TEST(test_an_encoding_is_sent_to_those_who_take_it)
{
	static const struct { const char *header; bool takes; } rows[] = {
		{ NULL, false },      { "", false },          { "br", true },         { "gzip, br", true },
		{ "BR", true },       { "br;q=0", false },    { "br;q=0.001", true }, { "*", true },
		{ "*;q=0", false },   { "br;q=0, *", false }, { "bro", false },       { "gzip;q=1,br;q=0", false },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		ck_assert_msg(web_accepts(rows[i].header, "br") == rows[i].takes, "%s", rows[i].header);
}
END_TEST

START_TEST(test_a_password_fits_its_own_hash_only_and_no_hash_shows_it)
{
	char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];
	ck_assert_int_eq(password_hash("correct horse", one), PASSWORD_OK);
	ck_assert_int_eq(password_hash("correct horse", two), PASSWORD_OK);
	ck_assert_str_ne(one, two);
	ck_assert(g_str_has_prefix(one, "$argon2id$") && strstr(one, "horse") == NULL);
	ck_assert_int_eq(password_verify(one, "correct horse"), PASSWORD_OK);
	ck_assert_int_eq(password_verify(one, "correct horse "), PASSWORD_WRONG);
	ck_assert_int_eq(password_verify(NULL, "correct horse"), PASSWORD_WRONG);
	ck_assert_int_eq(password_verify("no hash", "correct horse"), PASSWORD_WRONG);
}
END_TEST

START_TEST(test_names_and_passwords_have_rules)
{
	static const char *const good[] = { "anna", "a", "Anna.B-c_d@example", "0" };
	static const char *const bad[] = { "", ".", ".a", "a b", "a/b", "a%b", "\xc3\xa4", "a\n", "a:b" };
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		ck_assert_msg(account_name_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		ck_assert_msg(!account_name_is_valid(bad[i]), "%s", bad[i]);
	g_autofree char *longest = g_strnfill(ACCOUNT_NAME_MAX, 'x'), *longer = g_strnfill(ACCOUNT_NAME_MAX + 1, 'x');
	ck_assert(account_name_is_valid(longest) && !account_name_is_valid(longer));
	ck_assert_ptr_nonnull(password_complaint("123456789"));
	ck_assert_ptr_null(password_complaint("1234567890"));
}
END_TEST

static void hash_of(const struct audit_entry *entry, char ret[static 65])
{
	uint8_t previous[AUDIT_HASH_BYTES] = { 0 }, hash[AUDIT_HASH_BYTES];
	audit_entry_hash(previous, entry, hash);
	sodium_bin2hex(ret, 65, hash, sizeof hash);
}

/* SHA-256 over 32 zero bytes and the text as audit_chain.h describes it. */
START_TEST(test_the_hash_of_an_entry_is_the_documented_one)
{
	static const char content[] = "1:1;16:1795435200123456;5:admin;8:job.edit;1:x;-;2:{};-;";
	uint8_t text[AUDIT_HASH_BYTES + sizeof content - 1] = { 0 }, expected[AUDIT_HASH_BYTES];
	char hex[65], expected_hex[65];
	memcpy(text + AUDIT_HASH_BYTES, content, sizeof content - 1);
	crypto_hash_sha256(expected, text, sizeof text);
	sodium_bin2hex(expected_hex, sizeof expected_hex, expected, sizeof expected);
	struct audit_entry entry = { 1, 1795435200123456, "admin", "job.edit", "x", NULL, "{}", NULL };
	hash_of(&entry, hex);
	ck_assert_str_eq(hex, expected_hex);
}
END_TEST

START_TEST(test_no_two_entries_read_the_same)
{
	const struct audit_entry entries[] = {
		{ 1, 1, "ab", "c", "d", NULL, NULL, NULL }, { 1, 1, "a", "bc", "d", NULL, NULL, NULL },
		{ 1, 1, "ab", "c", "d", "", NULL, NULL },   { 1, 1, "ab", "c", "d", NULL, "", NULL },
		{ 11, 1, "ab", "c", "d", NULL, NULL, NULL }, { 1, 11, "ab", "c", "d", NULL, NULL, NULL },
		{ 1, 1, "ab", "c", "d", "-;", NULL, NULL }, { 1, 1, "ab;1:c", "c", "d", NULL, NULL, NULL },
	};
	char hashes[G_N_ELEMENTS(entries)][65];
	for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
		hash_of(&entries[i], hashes[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(hashes[i], hashes[k]);
	}
}
END_TEST

START_TEST(test_a_noted_head_is_read_whole_or_not_at_all)
{
	struct audit_head head;
	g_autofree char *hash = g_strnfill(64, 'a'), *good = g_strconcat("12:", hash, NULL), *more = g_strconcat(good, "a", NULL);
	ck_assert(audit_head_parse(good, &head));
	ck_assert_int_eq(head.seq, 12);
	ck_assert_str_eq(head.hash, hash);
	ck_assert(!audit_head_parse(more, &head) && !audit_head_parse(hash, &head) && !audit_head_parse("", &head));
	ck_assert(!audit_head_parse("12:", &head) && !audit_head_parse("-1:", &head));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("central people");
	TCase *all = tcase_create("all");
	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(all, 60);
	tcase_add_test(all, test_a_cookie_is_found_by_its_whole_name);
	tcase_add_test(all, test_an_origin_is_ours_when_scheme_and_host_are);
	tcase_add_test(all, test_a_client_is_the_last_address_that_no_proxy_of_ours_has);
	tcase_add_test(all, test_an_encoding_is_sent_to_those_who_take_it);
	tcase_add_test(all, test_a_password_fits_its_own_hash_only_and_no_hash_shows_it);
	tcase_add_test(all, test_names_and_passwords_have_rules);
	tcase_add_test(all, test_the_hash_of_an_entry_is_the_documented_one);
	tcase_add_test(all, test_no_two_entries_read_the_same);
	tcase_add_test(all, test_a_noted_head_is_read_whole_or_not_at_all);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
