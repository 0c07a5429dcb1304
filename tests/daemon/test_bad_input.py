"""Whatever is wrong with a request gets a 4xx that names the field and says why, and changes nothing."""
import json

import pytest

from harness.api import Api, assert_problem

GOOD = {"schedule": "31 10-15 1 * * MON-FRI", "api": "https://localhost:4444/foo", "type": "ATLEAST_ONCE"}

# (what is wrong, what differs from GOOD, the pointer)
BAD_JOBS = [
    ("schedule with an impossible minute", {"schedule": "61 * * * *"}, "/schedule"),
    ("schedule that is prose", {"schedule": "every day at noon"}, "/schedule"),
    ("schedule with an impossible date", {"schedule": "0 0 31 2 *"}, "/schedule"),
    ("empty schedule", {"schedule": ""}, "/schedule"),
    ("schedule that is a number", {"schedule": 5}, "/schedule"),
    ("schedule that is null", {"schedule": None}, "/schedule"),
    ("schedule that is too long", {"schedule": "0,1,2,3,4,5,6,7,8,9 " * 500}, "/schedule"),
    ("unknown zone", {"timezone": "Mars/Olympus_Mons"}, "/timezone"),
    ("zone that walks the file system", {"timezone": "../../etc/passwd"}, "/timezone"),
    ("FTP URL", {"api": "ftp://localhost/foo"}, "/api"),
    ("file URL", {"api": "file:///etc/passwd"}, "/api"),
    ("URL without a scheme", {"api": "localhost:4444/foo"}, "/api"),
    ("URL without a host", {"api": "http:///foo"}, "/api"),
    ("URL with a line break", {"api": "http://localhost/\r\nX: y"}, "/api"),
    ("URL that is too long", {"api": "http://localhost/" + "a" * 3000}, "/api"),
    ("unknown type", {"type": "EXACTLY_ONCE"}, "/type"),
    ("unknown method", {"method": "BREW"}, "/method"),
    ("misspelt field", {"shedule": "* * * * *"}, "/shedule"),
    ("misspelt field with a slash and a tilde", {"a/b~c": 1}, "/a~1b~0c"),
    ("misspelt field inside retry", {"retry": {"maxAttemps": 3}}, "/retry/maxAttemps"),
    ("number out of range", {"timeoutMs": 0}, "/timeoutMs"),
    ("number that is a string", {"timeoutMs": "30000"}, "/timeoutMs"),
    ("number that is a fraction", {"timeoutMs": 1.5}, "/timeoutMs"),
    ("number beyond 64 bits", '{"schedule":"* * * * *","api":"http://h/","timeoutMs":99999999999999999999}', None),
    ("too many attempts", {"retry": {"maxAttempts": 101}}, "/retry/maxAttempts"),
    ("list where an object belongs", {"retry": []}, "/retry"),
    ("line break in a header's value", {"headers": {"X-A": "b\r\nX-Evil: 1"}}, "/headers/X-A"),
    ("line break in a header's name", {"headers": {"X-A\r\nX-Evil": "1"}}, "/headers/X-A\r\nX-Evil"),
    ("header with an empty name", {"headers": {"": "1"}}, "/headers/"),
    ("header whose value is a number", {"headers": {"X-A": 1}}, "/headers/X-A"),
    ("header of the agent's own", {"headers": {"Idempotency-Key": "mine"}}, "/headers/Idempotency-Key"),
    ("header that is too long", {"headers": {"X-A": "v" * 5000}}, "/headers/X-A"),
    ("body that is too long", {"body": "x" * 70000}, "/body"),
    ("name that is too long", {"name": "n" * 200}, "/name"),
    ("target that is not there", {"target": {"mode": "some"}}, "/target/mode"),
    ("active that is a word", {"active": "yes"}, "/active"),
    ("time that is no time", {"startAt": "tomorrow"}, "/startAt"),
    ("status range that is reversed", {"success": {"statuses": ["299-200"]}}, "/success/statuses/0"),
    ("pattern that is broken", {"success": {"bodyRegex": "("}}, "/success/bodyRegex"),
]  # fmt: skip

BAD_BODIES = [
    ("broken JSON", b'{"schedule": "* * * * *", '),
    ("nothing", b""),
    ("a list", b"[]"),
    ("a string", b'"job"'),
    ("bytes that are no UTF-8", b'{"schedule": "\xff\xfe"}'),
    ("the same name twice", b'{"schedule":"* * * * *","schedule":"@daily","api":"http://localhost/"}'),
    ("two documents", b'{"schedule":"* * * * *","api":"http://h/"}{}'),
    ("nesting without end", b"[" * 100000),
    ("a NUL in a text", b'{"schedule":"* * * * *\\u0000","api":"http://h/"}'),
]


@pytest.fixture(scope="module")
def module_central(postgres_template, _shared_cluster):
    """One central for all rows of the tables: they change nothing, so they cannot get into each other's way."""
    from harness.world import World

    world = World(postgres_template, _shared_cluster)
    yield world.central().start()
    complaints = world.close()
    assert not complaints, complaints
    world.remove()


@pytest.fixture
def api(module_central):
    """Checks at the end that nothing was changed."""
    api = module_central.api
    before = everything(module_central)
    yield api
    assert everything(module_central) == before, "something was changed by a request that was refused"


def everything(central):
    tables = ("job", "job_revision", "token", "enrolment_token", "agent", "command")
    return {table: central.database.query(f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t") for table in tables}


def post_text(api, text, path="/api/jobs", content_type="application/json"):
    return api.post(path, data=text, headers={"Content-Type": content_type})


def as_text(row):
    return row if isinstance(row, str) else json.dumps({**GOOD, **row})


@pytest.mark.parametrize("changes, pointer", [row[1:] for row in BAD_JOBS], ids=[row[0] for row in BAD_JOBS])
def test_a_bad_field_is_named(api, changes, pointer):
    problem = assert_problem(post_text(api, as_text(changes)), 400, pointer)
    assert len(problem["detail"]) >= 10, f"that is no sentence: {problem['detail']}"


@pytest.mark.parametrize("field", ["schedule", "api"])
def test_a_missing_field_is_named(api, field):
    job = {key: value for key, value in GOOD.items() if key != field}
    problem = assert_problem(post_text(api, json.dumps(job)), 400)
    assert field in problem["detail"] or problem.get("pointer") == f"/{field}"


@pytest.mark.parametrize("body", [row[1] for row in BAD_BODIES], ids=[row[0] for row in BAD_BODIES])
def test_a_body_that_is_no_job_is_refused(api, body):
    assert_problem(post_text(api, body), 400)


def test_a_body_over_the_limit_is_refused_before_it_is_read(api):
    assert_problem(post_text(api, b'{"body":"' + b"x" * 2_000_000 + b'"}'), 413)


def test_a_body_of_another_kind_is_refused(api):
    assert_problem(post_text(api, json.dumps(GOOD), content_type="text/plain"), 415)


@pytest.mark.parametrize("changes, pointer", [row[1:] for row in BAD_JOBS if not isinstance(row[1], str)][:8])
def test_an_edit_is_checked_like_a_new_job(module_central, changes, pointer):
    api = module_central.api
    job = api.create_job(GOOD["schedule"], GOOD["api"])
    before = api.json(f"/api/jobs/{job['jobId']}")
    reply = api.put(f"/api/jobs/{job['jobId']}", json={**GOOD, **changes})
    assert_problem(reply, 400, pointer)
    if None not in changes.values():  # in a merge patch null means: back to the default
        assert_problem(api.patch(f"/api/jobs/{job['jobId']}", json=changes), 400, pointer)
    assert api.json(f"/api/jobs/{job['jobId']}") == before


UNKNOWN = "0192f0c1-0000-7000-8000-000000000000"


@pytest.mark.parametrize("method, path", [
    ("GET", f"/api/jobs/{UNKNOWN}"),
    ("PUT", f"/api/jobs/{UNKNOWN}"),
    ("PATCH", f"/api/jobs/{UNKNOWN}"),
    ("DELETE", f"/api/jobs/{UNKNOWN}"),
    ("GET", f"/api/executions/{UNKNOWN}"),
    ("GET", "/api/jobs/not-an-id"),
    ("GET", "/api/no-such-thing"),
    ("GET", "/no.such.file"),
    ("GET", "/api/jobs/..%2f..%2fetc%2fpasswd"),
])  # fmt: skip
def test_what_is_not_there_is_404(api, method, path):
    body = {"json": GOOD} if method in ("PUT", "PATCH") else {}
    assert_problem(api.request(method, path, **body), 404)


def test_a_method_that_a_path_does_not_take_is_405_with_those_it_takes(api):
    reply = api.request("DELETE", "/api/jobs")
    assert_problem(reply, 405)
    assert {"GET", "POST"} <= {m.strip() for m in reply.headers["Allow"].split(",")}


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=1000000", "limit=x", "cursor=nonsense", "status=great", "colour=red"])
def test_a_bad_query_parameter_is_named(api, query):
    problem = assert_problem(api.get("/api/executions?" + query), 400)
    assert query.split("=")[0] in problem["detail"] or problem.get("parameter") == query.split("=")[0], problem


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer " + "x" * 5000],
                         ids=["none", "empty", "no token", "blank token", "wrong token", "another scheme", "endless token"])  # fmt: skip
@pytest.mark.parametrize("method, path", [("GET", "/api/jobs"), ("POST", "/api/jobs"), ("GET", "/api/executions"),
                                          ("POST", "/api/agents/tokens")])  # fmt: skip
def test_without_a_token_nothing_is_said(api, method, path, authorization):
    anonymous = Api(api.base)
    headers = {} if authorization is None else {"Authorization": authorization}
    body = {"json": GOOD} if method == "POST" else {}
    reply = anonymous.request(method, path, headers=headers, **body)
    assert_problem(reply, 401)
    assert "Bearer" in reply.headers["WWW-Authenticate"]


def test_an_agents_key_opens_no_route_of_people(world, module_central, api):
    agent = world.agent(module_central)
    agent.enrol()
    key = next(line for line in reversed((agent.state / "agent.key").read_text().split()))
    assert api.with_token(key.split("=", 1)[-1]).get("/api/jobs").status_code in (401, 403)
    module_central.database.execute("DELETE FROM agent_state")
    module_central.database.execute("DELETE FROM agent")
    module_central.database.execute("DELETE FROM enrolment_token")


def test_an_edit_with_a_stale_etag_is_412_and_a_fresh_one_goes_through(module_central):
    api = module_central.api
    created = api.post("/api/jobs", json=GOOD)
    path, stale = f"/api/jobs/{created.json()['jobId']}", created.headers["ETag"]
    first = api.patch(path, json={"name": "one"}, headers={"If-Match": stale})
    assert first.status_code == 200 and first.headers["ETag"] != stale
    for method, body in (("PUT", GOOD), ("PATCH", {"name": "two"}), ("DELETE", None)):
        assert_problem(api.request(method, path, json=body, headers={"If-Match": stale}), 412)
    assert api.json(path)["name"] == "one"
    assert api.delete(path, headers={"If-Match": first.headers["ETag"]}).status_code in (200, 204)
