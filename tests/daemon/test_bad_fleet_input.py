"""Bad input about the fleet: enrolment, agents, selectors, orders, ledger, audit, tokens. Each is refused with the place of the mistake and
a sentence, changes nothing, and central goes on."""
import json

import pytest

from harness.api import assert_problem
from raw_agent import RawAgent

UNKNOWN = "0192f0c1-0000-7000-8000-000000000000"
LONG = "x" * 300
TOKENS, AGENT, JOB = "/api/agents/tokens", "/api/agents/{agent}", "/api/jobs/{job}"
NAMES = ["", 5, None, LONG, "a\nb", "a\u0085b", " ", " a", "a\u00a0"]
SELECTORS = ["env in", "env in (a,", "=x", "!", "a=b,,c", "a=b c", "(a)", "a in (b;c)", "a=b,", "role in web", "ä=1", "a=%", "x" * 1025, 5, []]
LABELS = [
    ([], "/labels"), ("env=prod", "/labels"), ({"env": 1}, "/labels/env"), ({"env": None}, "/labels/env"), ({"": "x"}, "/labels"),
    ({"a b": "x"}, "/labels/a b"), ({"a/b~": "x"}, "/labels/a~1b~0"), ({"a": "x,y"}, "/labels/a"), ({"a": LONG}, "/labels/a"),
    ({LONG: "a"}, f"/labels/{LONG}"), ({"!a": "c"}, "/labels/!a"), ({f"k{i}": "v" for i in range(33)}, "/labels")]
TARGETS = [
    ({"mode": "count"}, "/count"), ({"mode": "count", "count": 0}, "/count"), ({"mode": "count", "count": "2"}, "/count"),
    ({"mode": "one", "count": 2}, "/count"), ({"mode": "agent"}, "/agent"), ({"mode": "agent", "agent": ""}, "/agent"),
    ({"mode": "agent", "agent": "a\nb"}, "/agent"), ({"mode": "agent", "agent": "a", "selector": "b"}, "/selector"),
    ({"mode": "one", "agent": "a"}, "/agent"), ("one", "")]

# Method, path, body (text: as it is), the pointer.
BODIES = [
    *[("POST", TOKENS, {"ttlMs": value}, "/ttlMs") for value in (0, -1, "60000", 1.5, 10**15, True)],
    *[("POST", TOKENS, {"labels": labels}, pointer) for labels, pointer in LABELS],
    *[("POST", TOKENS, {"name": name}, "/name") for name in NAMES],
    *[("POST", TOKENS, body, pointer) for body, pointer in (({"colour": 1}, "/colour"), ([], ""), ("{broken", ""))],
    *[("PATCH", AGENT, {"weight": value}, "/weight") for value in (-1, 1001, "1", None, True, 5e-324, 0.0001)],
    *[("PATCH", AGENT, {"labels": labels}, pointer) for labels, pointer in LABELS],
    *[("PATCH", AGENT, {"name": name}, "/name") for name in NAMES],
    *[("PATCH", AGENT, body, pointer) for body, pointer in (
        ({"state": "online"}, "/state"), ("", ""), ([1], ""), ('{"weight":1e400}', ""), ('{"weight":1,"weight":2}', ""))],
    *[("POST", f"{AGENT}/actions/{action}", body, pointer) for action in ("drain", "undrain", "revoke", "rotate", "forget")
      for body, pointer in (({"colour": 1}, "/colour"), ([], ""), ("{broken", ""))],
    ("POST", "/api/agents/actions/rebalance", {"now": True}, "/now"),
    *[("PATCH", JOB, {"target": {"mode": "all", "selector": selector}}, "/target/selector") for selector in SELECTORS],
    *[("PATCH", JOB, {"target": target}, f"/target{pointer}") for target, pointer in TARGETS],
    *[("PATCH", JOB, {"target": {"failoverAfterMs": value}}, "/target/failoverAfterMs") for value in (-1, "never", 1.5, 10**15)],
    *[("POST", f"{JOB}/actions/{action}", body, pointer) for action in ("run", "cancel", "skip", "pause", "resume", "rollback")
      for body, pointer in (({"colour": 1}, "/colour"), ([], ""), ("{broken", ""))],
    *[("POST", f"{JOB}/actions/run", {"agentId": value}, "/agentId") for value in ("x", 5)],
    *[("POST", f"{JOB}/actions/cancel", {"executionId": value}, "/executionId") for value in ("x", 5)],
    *[("POST", f"{JOB}/actions/skip", {"scheduledAt": value}, "/scheduledAt") for value in (
        None, "tomorrow", 5, "2020-01-01T00:00:00Z", "2100-01-01T00:00:01Z")],
    *[("POST", f"{JOB}/actions/rollback", {"revision": value}, "/revision") for value in (None, 0, -1, 99, "1", 1.5)],
    *[("POST", "/api/tokens", {"name": name, "role": "viewer"}, "/name") for name in NAMES],
    *[("POST", "/api/tokens", {"name": "t", "role": role}, "/role") for role in (None, "king", "agent", 5)],
    *[("POST", "/api/tokens", {"name": "t", "role": "viewer", "ttlMs": value}, "/ttlMs") for value in (0, -1, "1")],
]  # fmt: skip
# Path and query parameter.
QUERIES = [
    *[("/api/agents", query) for query in ("limit=0", "limit=1001", "limit=x", "state=asleep", "state=", "q=" + LONG, "sort=colour", "cursor=x",
                                           "selector=,", "colour=1")],
    *[(path, query) for path in (AGENT + "/quarantine", "/api/observability/quarantine") for query in ("limit=0", "limit=1001", "cursor=x", "x=1")],
    *[("/api/observability/ledger", query) for query in (
        "from=x", "to=x", "from=", "from=2100-01-01T00:00:00Z", "from=2001-01-01T00:00:00Z", "from=2026-02-30T00:00:00Z", "jobId=x", "agentId=x",
        "limit=0", "limit=1001", "cursor=x", "colour=1")],
    *[("/api/observability/timeline", query) for query in ("limit=0", "limit=201", "agentId=x", "from=x", "cursor=x", "hours=1")],
    *[("/api/observability/alerts/failures", query) for query in ("hours=0", "hours=x", "hours=9999999", "x=1")],
    *[(JOB + "/why", query) for query in ("at=x", "x=1")],
    *[("/api/audit", query) for query in ("limit=0", "limit=x", "cursor=x", "from=x", "to=x", "colour=1")],
    *[(path, "x=1") for path in ("/api/agents/tokens", AGENT, JOB, JOB + "/assignments", "/api/audit/verify", "/api/audit/1", "/api/tokens",
                                 "/api/users", "/api/session", "/api/settings")],
]  # fmt: skip
# What changes takes no parameters, but one.
CHANGES = [
    ("POST", TOKENS), ("DELETE", f"{TOKENS}/{UNKNOWN}"), ("PATCH", AGENT), ("POST", "/api/agents/actions/rebalance"), ("PATCH", JOB), ("PUT", JOB),
    ("DELETE", JOB), ("POST", "/api/tokens"), ("DELETE", f"/api/tokens/{UNKNOWN}"), ("POST", "/api/bulk/jobs"), ("DELETE", "/api/users/nobody"),
    *[("POST", f"{AGENT}/actions/{action}") for action in ("drain", "undrain", "revoke", "rotate", "forget")],
    *[("POST", f"{JOB}/actions/{action}") for action in ("run", "cancel", "skip", "pause", "resume", "rollback")],
]  # fmt: skip
ACTIONS = [("agents", action) for action in ("drain", "undrain", "revoke", "rotate", "forget")]
ACTIONS += [("jobs", action) for action in ("run", "cancel", "skip", "pause", "resume", "rollback")]
GIVEN = {"skip": {"scheduledAt": "2100-01-01T00:00:00Z"}, "rollback": {"revision": 1}}


class Cast:
    """A central with one agent, one that was revoked, and a job."""

    def __init__(self, world):
        self.central = world.central(offline_after_ms=86400000).start()
        self.api, self.database = self.central.api, self.central.database
        self.agent, self.revoked = RawAgent(self.central, "a").agent_id, RawAgent(self.central, "b").agent_id
        assert self.api.post(f"/api/agents/{self.revoked}/actions/revoke").status_code == 200
        self.job = self.api.create_job("@daily", "http://127.0.0.1:1/")["jobId"]

    def path(self, text):
        return text.format(agent=self.agent, job=self.job)

    def everything(self):
        """But what central notes of agents by itself."""
        row = "(to_jsonb(t) - '{failover_at,offline_at}'::text[])::text"
        return {table: self.database.query(f"SELECT count(*), md5(string_agg({row}, ',' ORDER BY {row})) FROM {table} t")
                for table in ("job", "job_revision", "token", "enrolment_token", "command", "audit", "agent", "assignment")}


@pytest.fixture(scope="module")
def cast(postgres_template, _shared_cluster):
    from harness.world import World

    world = World(postgres_template, _shared_cluster)
    yield Cast(world)
    complaints = world.close()
    assert not complaints, complaints
    world.remove()


@pytest.fixture
def api(cast):
    """Checks at the end that nothing was changed."""
    before = cast.everything()
    yield cast.api
    assert cast.everything() == before, "something was changed by a request that was refused"


def send(api, method, path, body=None):
    text = body if isinstance(body, str) else json.dumps(body)
    return api.request(method, path, data=None if body is None else text, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("method, path, body, pointer", BODIES, ids=[f"{m} {p.rsplit('/', 1)[1]} {json.dumps(b)[:50]}" for m, p, b, _ in BODIES])
def test_what_is_wrong_in_a_body_is_named(cast, api, method, path, body, pointer):
    problem = assert_problem(send(api, method, cast.path(path), body), 400, pointer)
    assert len(problem["detail"]) >= 9, f"that is no sentence: {problem['detail']}"


@pytest.mark.parametrize("path, query", QUERIES)
def test_what_is_wrong_in_a_query_is_named(cast, api, path, query):
    assert assert_problem(api.get(f"{cast.path(path)}?{query}"), 400)["parameter"] == query.split("=")[0]


@pytest.mark.parametrize("method, path", CHANGES)
def test_what_changes_something_takes_no_unknown_parameter(cast, api, method, path):
    assert assert_problem(send(api, method, cast.path(path) + "?dryRun=true", {} if method != "DELETE" else None), 400)["parameter"] == "dryRun"


@pytest.mark.parametrize("what, action", ACTIONS)
@pytest.mark.parametrize("known", [UNKNOWN, "nope", "..%2f"])
def test_what_is_not_there_cannot_be_acted_on(cast, api, what, action, known):
    """An order to cancel for what is no id ended central."""
    assert_problem(send(api, "POST", f"/api/{what}/{known}/actions/{action}", GIVEN.get(action)), 404)


def test_a_revoked_agent_a_name_that_is_taken_and_a_job_of_others_are_conflicts(cast, api):
    for action in ("drain", "undrain", "rotate", "revoke"):
        assert_problem(api.post(f"/api/agents/{cast.revoked}/actions/{action}"), 409)
    assert_problem(api.patch(f"/api/agents/{cast.revoked}", json={"weight": 2}), 409)
    assert_problem(api.post(f"/api/agents/{cast.agent}/actions/forget"), 409)
    assert_problem(api.post(f"/api/jobs/{cast.job}/actions/run", json={"agentId": cast.revoked}), 409)
    assert_problem(api.post(f"/api/jobs/{cast.job}/actions/run", json={"agentId": UNKNOWN}), 409)
