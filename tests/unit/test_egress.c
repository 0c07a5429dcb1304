/*
 * agent/egress.h: the judgement of addresses, row by row; and the real runner driven through many spellings of URLs against
 * listeners on all addresses of this host, which must see no connection.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runner_world.h"
#include "tests/unit/suite.h"

static const struct sockaddr *address_of(const char *text, struct sockaddr_storage *storage)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
	memset(storage, 0, sizeof *storage);
	storage->ss_family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
	int good = storage->ss_family == AF_INET ? inet_pton(AF_INET, text, &v4->sin_addr) : inet_pton(AF_INET6, text, &v6->sin6_addr);
	ck_assert_msg(good == 1, "%s", text);
	return (const struct sockaddr *)storage;
}

static const struct {
	const char *deny, *allow, *address;
	const char *why; /* a part of it; NULL = allowed */
} judgements[] = {
	/* What a scheduler on a host calls. */
	{ "", "", "127.0.0.1", NULL },
	{ "", "", "::1", NULL },
	{ "", "", "10.1.2.3", NULL },
	{ "", "", "172.16.0.1", NULL },
	{ "", "", "192.168.1.1", NULL },
	{ "", "", "93.184.216.34", NULL },
	{ "", "", "fd00::1", NULL },
	{ "", "", "2606:2800:220:1::1", NULL },
	/* Built-in denials, their edges. */
	{ "", "", "169.254.169.254", "link-local" },
	{ "", "", "169.254.0.0", "link-local" },
	{ "", "", "169.254.255.255", "link-local" },
	{ "", "", "169.253.255.255", NULL },
	{ "", "", "169.255.0.0", NULL },
	{ "", "", "0.0.0.0", "this host" },
	{ "", "", "0.255.255.255", "this host" },
	{ "", "", "1.0.0.0", NULL },
	{ "", "", "223.255.255.255", NULL },
	{ "", "", "224.0.0.1", "multicast" },
	{ "", "", "239.255.255.255", "multicast" },
	{ "", "", "255.255.255.255", "broadcast" },
	{ "", "", "100.100.100.200", "metadata" },
	{ "", "", "168.63.129.16", "metadata" },
	{ "", "", "192.0.0.192", "metadata" },
	{ "", "", "::", "unspecified" },
	{ "", "", "fe80::1", "link-local" },
	{ "", "", "febf:ffff::1", "link-local" },
	{ "", "", "fec0::1", NULL },
	{ "", "", "fd00:ec2::254", "metadata" },
	{ "", "", "fd20:ce::254", "metadata" },
	{ "", "", "ff02::1", "multicast" },
	/* IPv4 inside IPv6. */
	{ "", "", "::ffff:169.254.169.254", "link-local" },
	{ "", "", "::ffff:127.0.0.1", NULL },
	{ "", "", "::ffff:0.0.0.0", "this host" },
	{ "", "", "::169.254.169.254", "link-local" },
	{ "", "", "::ffff:0:169.254.169.254", "link-local" },
	{ "", "", "64:ff9b::169.254.169.254", "link-local" },
	{ "", "", "64:ff9b::93.184.216.34", NULL },
	{ "", "", "64:ff9b:1::169.254.169.254", "link-local" },
	{ "", "", "64:ff9b:1:a9fe:a9:fe00::", "link-local" },
	{ "", "", "64:ff9b:1:a9:fe:a9fe::", "link-local" },
	{ "", "", "64:ff9b:1:0:a9:fea9:fe00:0", "link-local" },
	{ "", "", "64:ff9b:1::10.0.0.1", NULL },
	{ "", "", "2002:a9fe:a9fe::1", "link-local" },
	{ "", "", "2002:5db8:d822::1", NULL },
	{ "", "", "2001:0:4136:e378:8000:63bf:5601:5601", "link-local" },
	{ "", "", "fd00::5efe:169.254.169.254", "link-local" },
	{ "", "", "fd00::200:5efe:169.254.169.254", "link-local" },
	/* The lists. */
	{ "10.0.0.0/8", "", "10.255.255.255", "egress_deny" },
	{ "10.0.0.0/8", "", "11.0.0.0", NULL },
	{ "10.0.0.0/8", "", "::ffff:10.0.0.1", "egress_deny" },
	{ "10.0.0.0/8", "", "2002:0a00:0001::", "egress_deny" },
	{ "10.1.2.3", "", "10.1.2.3", "egress_deny" },
	{ "10.1.2.3", "", "10.1.2.4", NULL },
	{ "127.0.0.0/8, ::1", "", "::1", "egress_deny" },
	{ "fd00::/8", "", "fd12::1", "egress_deny" },
	{ "0.0.0.0/0", "", "8.8.8.8", "egress_deny" },
	{ "0.0.0.0/0", "", "fd00::1", NULL },
	{ "192.168.4.0/23", "", "192.168.5.255", "egress_deny" },
	{ "192.168.4.0/23", "", "192.168.6.0", NULL },
	{ "", "10.0.0.0/8", "10.0.0.1", NULL },
	{ "", "10.0.0.0/8", "::ffff:10.0.0.1", NULL },
	{ "", "10.0.0.0/8", "127.0.0.1", "egress_allow" },
	{ "", "10.0.0.0/8", "64:ff9b::10.0.0.1", NULL },
	{ "", "10.0.0.0/8 fd00::/8", "fd00::1", NULL },
	{ "10.0.0.0/8", "10.0.0.0/8", "10.0.0.1", "egress_deny" },
	/* Built-in denials are lifted by name only. */
	{ "", "0.0.0.0/0, ::/0", "169.254.169.254", "link-local" },
	{ "", "0.0.0.0/0, ::/0", "fe80::1", "link-local" },
	{ "", "0.0.0.0/0, ::/0", "93.184.216.34", NULL },
	{ "", "169.254.169.254", "169.254.169.254", NULL },
	{ "", "169.254.169.254", "169.254.169.253", "link-local" },
	{ "", "169.254.0.0/16", "169.254.1.1", NULL },
	{ "", "169.254.0.0/16", "::ffff:169.254.1.1", NULL },
	{ "", "169.254.169.254", "10.0.0.1", "egress_allow" },
	{ "", "fe80::/10", "fe80::1", NULL },
	{ "169.254.169.254", "169.254.0.0/16", "169.254.169.254", "egress_deny" },
};

START_TEST(test_an_address_is_judged)
{
	struct sockaddr_storage storage;
	struct egress_policy *policy = egress_policy_new(judgements[_i].deny, judgements[_i].allow, NULL);
	ck_assert_ptr_nonnull(policy);
	const char *why = egress_check(policy, address_of(judgements[_i].address, &storage));
	if (judgements[_i].why == NULL)
		ck_assert_msg(why == NULL, "%s: %s", judgements[_i].address, why);
	else
		ck_assert_msg(why != NULL && strstr(why, judgements[_i].why) != NULL, "%s: %s", judgements[_i].address, why);
	egress_policy_free(policy);
}
END_TEST

START_TEST(test_other_families_are_denied)
{
	struct egress_policy *policy = egress_policy_new(NULL, NULL, NULL);
	ck_assert_ptr_nonnull(egress_check(policy, &(struct sockaddr){ .sa_family = AF_UNIX }));
	egress_policy_free(policy);
}
END_TEST

START_TEST(test_a_wrong_list_names_its_word)
{
	static const char *const wrong[][2] = {
		{ "10.0.0.0/8, example.com", "example.com: not an IP address" }, { "10.0.0.0/33", "10.0.0.0/33: the prefix length" },
		{ "10.0.0.1/8", "10.0.0.1/8: the address has bits" },		 { "10.0.0.0/", "10.0.0.0/: the prefix length" },
		{ "10.0.0.0/-1", "10.0.0.0/-1: the prefix length" },		 { "fe80::/129", "fe80::/129: the prefix length" },
		{ "10.1", "10.1: not an IP address" },				 { "::g", "::g: not an IP address" },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		ck_assert(!egress_list_is_valid(wrong[i][0], &error));
		ck_assert_msg(g_str_has_prefix(error->message, wrong[i][1]), "%s", error->message);
	}
	ck_assert(egress_list_is_valid(" , 10.0.0.0/8;;fd00::/8\t", NULL));
}
END_TEST

/* All lead to this host, where the listeners are, or to an address that is denied by itself. PORT is replaced. */
static const char *const spellings[] = {
	"http://127.0.0.1:PORT/", "http://127.1:PORT/", "http://127.0.1:PORT/", "http://2130706433:PORT/",
	"http://0x7f000001:PORT/", "http://0x7f.0.0.1:PORT/", "http://0x7f.1:PORT/", "http://0X7F.0X0.0X0.0X1:PORT/",
	"http://017700000001:PORT/", "http://0177.0.0.1:PORT/", "http://0177.1:PORT/", "http://0177.0.01:PORT/",
	"http://0x7f.0x000001:PORT/", "http://127.0x1:PORT/", "http://127.0.0.01:PORT/", "http://127.0.0.0x01:PORT/",
	"http://00000177.0.0.1:PORT/", "http://127.255.255.254:PORT/", "http://127.0.0.1.:PORT/", "http://localhost:PORT/",
	"http://LOCALHOST:PORT/", "http://localhost.:PORT/", "http://a.localhost:PORT/", "http://a.b.localhost:PORT/",
	"http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[0000::0001]:PORT/", "http://[::0.0.0.1]:PORT/",
	"http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/", "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
	"http://[::FFFF:127.0.0.1]:PORT/", "http://[::127.0.0.1]:PORT/", "http://[64:ff9b::127.0.0.1]:PORT/",
	"http://[2002:7f00:1::]:PORT/", "http://0.0.0.0:PORT/", "http://0:PORT/", "http://0x0:PORT/", "http://00:PORT/",
	"http://0.1:PORT/", "http://0.0:PORT/", "http://[::]:PORT/", "http://[::ffff:0.0.0.0]:PORT/", "http://[0::0]:PORT/",
	"http://user@127.0.0.1:PORT/", "http://user:password@127.0.0.1:PORT/", "http://example.com@127.0.0.1:PORT/",
	"http://example.com:80@127.0.0.1:PORT/", "http://user%40example.com@127.0.0.1:PORT/", "http://127.0.0.1:PORT?@example.com/",
	"http://127.0.0.1:PORT#@example.com/", "http://127.0.0.1:0PORT/", "http://127.0.0.1:PORT/../../x", "http://%31%32%37.0.0.1:PORT/",
	"http://127%2e0%2e0%2e1:PORT/", "http://127.0.0.1%2f:PORT/", "http://loc%61lhost:PORT/", "HTTP://127.0.0.1:PORT/",
	"hTtP://127.0.0.1:PORT/", "http:127.0.0.1:PORT/", "http:/127.0.0.1:PORT/", "http:///127.0.0.1:PORT/",
	"http://\\127.0.0.1:PORT/", "http://127.0.0.1:PORT\\@example.com/", "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:PORT/",
	"http://127\xe3\x80\x82\x30.0.1:PORT/", "http://rebinding.test:PORT/", "http://rebinding.test.:PORT/", "https://127.0.0.1:PORT/",
	"http://169.254.169.254/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
	"http://[::ffff:a9fe:a9fe]/", "http://[::ffff:169.254.169.254]/", "http://[fe80::1]/", "http://[fe80::1%25lo]/", "http://[fe80::1%lo]/",
	"http://[fd00:ec2::254]/", "http://metadata.test/", "http://user@169.254.169.254/", "http://169.254.169.254./",
	"file:///etc/passwd", "gopher://127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "dict://127.0.0.1:PORT/", "ldap://127.0.0.1:PORT/",
	"127.0.0.1:PORT", "//127.0.0.1:PORT/", "unix:///tmp/x", "telnet://127.0.0.1:PORT/", "ws://127.0.0.1:PORT/",
};

static char *lie(const char *host)
{
	return g_strdup(g_str_has_prefix(host, "metadata") ? "169.254.169.254,[fd00:ec2::254]" : "127.0.0.1,[::1]");
}

/* The validator would refuse some of these; egress must hold without it. */
static struct ended *call_url(struct world *world, const char *spelling, struct job *job)
{
	g_autofree char *port = g_strdup_printf("%d", world->port);
	g_autoptr(GString) url = g_string_new(spelling);
	g_string_replace(url, "PORT", port, 0);
	job->url = url->str;
	struct ended *ended = world_start(world, job);
	world_wait(world);
	return ended;
}

static struct job *plain_job(const struct world *world)
{
	return world_job(world, "{\"api\":\"http://127.0.0.1/\",\"timeoutMs\":2000,\"method\":\"GET\"}");
}

START_TEST(test_no_spelling_of_a_url_gets_around_the_policy)
{
	struct world *world = world_new_with_names("127.0.0.0/8, ::1", NULL, lie, 0);
	struct job *job = plain_job(world);
	struct ended *ended = call_url(world, spellings[_i], job);
	ck_assert_msg(world->connections == 0, "%s: connected", spellings[_i]);
	ck_assert_msg(ended->result.outcome == ATTEMPT_REFUSED || ended->result.outcome == ATTEMPT_CONNECT, "%s: outcome %d, %s",
		      spellings[_i], ended->result.outcome, ended->result.error);
	ck_assert_ptr_nonnull(ended->result.error);
	ended_free(ended);
	world_free(world);
	job_unref(job);
}
END_TEST

/* The counterpart: without the policy the same spellings do arrive, so the test above could fail. */
START_TEST(test_without_the_policy_the_spellings_arrive)
{
	int arrived = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
		if (strstr(spellings[i], "PORT") == NULL)
			continue;
		struct world *world = world_new_with_names(NULL, "0.0.0.0/8, 0.0.0.0/0, ::/0", lie, 0);
		struct job *job = plain_job(world);
		ended_free(call_url(world, spellings[i], job));
		arrived += world->connections > 0;
		world_free(world);
		job_unref(job);
	}
	ck_assert_int_ge(arrived, 45);
}
END_TEST

START_TEST(test_a_redirect_is_an_answer_and_is_not_followed)
{
	struct world *world = world_new(NULL, NULL);
	world->answer = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
	struct ended *ended = world_call(world, "{\"api\":\"http://127.0.0.1:PORT/\"}");
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_RESPONSE);
	ck_assert_int_eq(ended->result.http_status, 302);
	ck_assert_int_eq(world->connections, 1);
	ended_free(ended);
	world_free(world);
}
END_TEST

START_TEST(test_a_refusal_says_why)
{
	struct world *world = world_new(NULL, NULL);
	struct ended *ended = world_call(world, "{\"api\":\"http://169.254.169.254/latest\"}");
	ck_assert_int_eq(ended->result.outcome, ATTEMPT_REFUSED);
	ck_assert_str_eq(ended->result.error, "link-local addresses are denied");
	ended_free(ended);
	world_free(world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("egress");
	TCase *tests = tcase_create("policy");
	tcase_add_loop_test(tests, test_an_address_is_judged, 0, G_N_ELEMENTS(judgements));
	tcase_add_test(tests, test_other_families_are_denied);
	tcase_add_test(tests, test_a_wrong_list_names_its_word);
	suite_add_tcase(suite, tests);
	tests = tcase_create("runner");
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, test_no_spelling_of_a_url_gets_around_the_policy, 0, G_N_ELEMENTS(spellings));
	tcase_add_test(tests, test_without_the_policy_the_spellings_arrive);
	tcase_add_test(tests, test_a_redirect_is_an_answer_and_is_not_followed);
	tcase_add_test(tests, test_a_refusal_says_why);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
