"""Every route x every kind of credential: only the role that the table of routes names, or a greater one, gets past the door."""
import re
import subprocess
import time

import pytest

from harness.api import assert_problem
from harness.paths import program
from harness.waiting import wait_until

ROLES = ["viewer", "operator", "editor", "admin"]
SOMEBODY = "0192f0c1-0000-7000-8000-000000000000"
# What an open route answers to a request that says nothing; every other answers 200.
OPEN_WITH_BODY = {"/api/agent/enroll": (400, 429), "/api/session": (400,)}


def routes():
    """The table as the program prints it: a new route is walked without a change here."""
    out = subprocess.run([program("belfry-central"), "--print-routes"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in out.splitlines()]
    # The route that ends the session it is asked with comes last.
    for method, path, role, listeners in sorted(rows, key=lambda row: row[:2] == ["DELETE", "/api/session"]):
        for listener in listeners.split(","):
            yield method, path, role, listener


def ask(central, listener, client, method, path, what=SOMEBODY):
    """The request with a body that no handler takes, so that nothing is changed."""
    client.base = central.url if listener == "api" else central.agent_url
    path = re.sub(r":\w+", what, path)
    body = {"data": "{"} if method in ("POST", "PUT", "PATCH") else {}
    return client.request(method, path, **body).status_code


@pytest.fixture
def credentials(central, api, database):
    """Clients: one for each kind of credential that exists, and for each that must not work; and the key of an agent."""
    def token(role, **more):
        reply = api.post("/api/tokens", json={"name": f"a {role}", "role": role, **more})
        assert reply.status_code == 201, reply.text
        return reply.json()

    def session(made):
        return api.log_in(link=api.with_token(made["token"]).session_link())

    good, bad = [], {"nothing": api.with_token(None), "a wrong token": api.with_token("blf_wrong"), "a wrong session": api.with_session("wrong")}
    for role in ROLES:
        made = token(role)
        good += [(role, "a token", api.with_token(made["token"])), (role, "a session", session(made))]
    for words in (f"Basic {api.token}", f"Bearer{api.token}", api.token, "Bearer"):
        bad[f"a header with {words.replace(api.token, 'TOKEN')!r}"] = client = api.with_token(None)
        client.session.headers["Authorization"] = words
    short = token("admin", ttlMs=8000)  # long enough for a busy machine to make a session of it
    bad["an expired token"], bad["the session of an expired token"] = api.with_token(short["token"]), session(short)
    revoked = token("admin")
    bad["a revoked token"], bad["the session of a revoked token"] = api.with_token(revoked["token"]), session(revoked)
    assert api.delete(f"/api/tokens/{revoked['tokenId']}").status_code == 204
    bad["a session that was logged out"] = session(token("admin"))
    assert bad["a session that was logged out"].delete("/api/session").status_code == 204
    api.post("/api/users", json={"name": "off", "role": "admin", "password": "long enough 1"})
    bad["the session of an account that was switched off"] = api.log_in(name="off", password="long enough 1")
    assert api.patch("/api/users/off", json={"active": False}).status_code == 200
    bad["an expired session"] = api.log_in(link=api.session_link())
    database.execute("UPDATE session SET expires_at = now() WHERE created_at = (SELECT max(created_at) FROM session)")

    agents = api.with_token(None)
    agents.base = central.agent_url
    one, two = (agents.post("/api/agent/enroll", json={"token": api.enrol_token(), "name": name}).json() for name in ("one", "two"))
    assert api.post(f"/api/agents/{two['agentId']}/actions/revoke").status_code == 200
    bad["the key of a revoked agent"] = api.with_token(two["key"])
    wait_until(lambda: short_is_over(bad), 10, "the short token to expire")
    return good, bad, one


def short_is_over(bad):
    return all(bad[name].get("/api/jobs").status_code == 401 for name in bad)


def test_each_route_opens_for_its_role_and_greater_ones_only(central, api, credentials):
    good, bad, agent = credentials
    key, walked = api.with_token(agent["key"]), 0
    for method, path, least, listener in routes():
        where = f"{method} {path} on {listener}"
        for kind, client in bad.items():
            status = ask(central, listener, client, method, path)
            allowed = (401,) if least != "open" else OPEN_WITH_BODY.get(path, (200,))
            assert status in allowed, f"{where} with {kind}: {status}"
        for role, kind, client in good:
            status = ask(central, listener, client, method, path)
            if least == "open":
                assert status in OPEN_WITH_BODY.get(path, (200,)), f"{where} with {kind} of {role}: {status}"
            elif listener == "agent":
                assert status == 401, f"{where}: a person with {kind} got {status}"
            elif ROLES.index(role) < ROLES.index(least):
                assert status == 403, f"{where} with {kind} of {role}: {status}"
            else:
                assert status < 500 and status not in (401, 403), f"{where} with {kind} of {role}: {status}"
        status = ask(central, listener, key, method, path)
        if least == "agent":
            assert status in (400, 404, 409), f"{where}: an agent's key got {status}"
        elif least != "open":
            assert status == 401, f"{where}: an agent's key got {status}"
        walked += 1
    assert walked > 25


def test_no_change_goes_by_cookie_from_a_page_of_another_site(central, api):
    cookie = api.log_in(link=api.session_link()).session.headers["Cookie"].split("=", 1)[1]
    for method, path, least, listener in routes():
        if listener == "api" and least != "open" and method != "GET":
            bare, evil = api.with_session(cookie, origin=False), api.with_session(cookie)
            evil.session.headers["Origin"] = "https://evil.example"
            for client in (bare, evil):
                status = ask(central, listener, client, method, path)
                assert status == 403, f"{method} {path} with a cookie and no Origin of ours: {status}"
    assert api.with_session(cookie).get("/api/session").status_code == 200


def test_no_agent_route_takes_another_agents_word(central, api, database):
    """An agent is who its key says: naming another one in path, body or query changes nothing of that one."""
    agents = api.with_token(None)
    agents.base = central.agent_url
    one, two = (agents.post("/api/agent/enroll", json={"token": api.enrol_token(), "name": name}).json() for name in ("one", "two"))
    state = "SELECT agent::text, agent_state::text FROM agent LEFT JOIN agent_state USING (agent_id) WHERE agent_id = %s"
    before = database.query(state, (two["agentId"],))
    key, walked = api.with_token(one["key"]), 0
    for method, path, least, listener in routes():
        if least != "agent":
            continue
        key.base, target = central.agent_url, re.sub(r":\w+", two["agentId"], path)
        for body in ({}, {"agentId": two["agentId"]}, {"name": "two"}, {"agentId": two["agentId"], "key": two["key"]}):
            status = key.request(method, target, json=body, params={"agentId": two["agentId"]}).status_code
            assert status < 500 and (":" not in path or status in (401, 403, 404)), f"{method} {path}: {status}"
        walked += 1
    assert walked > 0
    assert database.query(state, (two["agentId"],)) == before
    assert api.json(f"/api/agents/{two['agentId']}")["state"] == "never"


def test_a_credential_is_asked_for_before_the_body_is_looked_at(central, api):
    anonymous = api.with_token(None)
    for body in ("{", " " * 400000, "[" * 10000):
        assert_problem(anonymous.post("/api/jobs", data=body), 401)


def test_a_revoked_token_stops_within_the_second_it_is_remembered(api):
    made = api.post("/api/tokens", json={"name": "short", "role": "viewer"}).json()
    short = api.with_token(made["token"])
    assert short.get("/api/jobs").status_code == 200
    assert api.delete(f"/api/tokens/{made['tokenId']}").status_code == 204
    asked = revoked = time.monotonic()
    while short.get("/api/jobs").status_code == 200:
        assert asked < revoked + 1.5, "a revoked token still works"
        time.sleep(0.05)
        asked = time.monotonic()


def test_secrets_are_never_read_back_and_survive_edits(api, database):
    job = api.create_job("@daily", "http://127.0.0.1:1/", headers={"Authorization": "Bearer geheim", "X-Plain": "seen"})
    path = f"/api/jobs/{job['jobId']}"
    assert job["headers"] == {"Authorization": "********", "X-Plain": "seen"}
    assert "geheim" not in api.get(path).text + api.get("/api/jobs").text
    read = api.json(path)
    assert api.put(path, json={**read, "name": "renamed"}).status_code == 200
    api.edit_job(job["jobId"], headers={"X-Plain": "changed"})
    assert "geheim" in database.query("SELECT definition FROM job")[0][0]
    assert "geheim" not in str(database.query("SELECT before, after FROM audit"))
    assert_problem(api.patch(path, json={"headers": {"X-Token": "********"}}), 400, "/headers/X-Token")


def test_every_edit_is_in_the_history_and_in_the_audit(api, database):
    job = api.create_job("@daily", "http://127.0.0.1:1/")
    path = f"/api/jobs/{job['jobId']}"
    api.edit_job(job["jobId"], name="two")
    api.edit_job(job["jobId"], name="two")  # changes nothing
    api.post(path + "/actions/pause")
    api.post(path + "/actions/resume")
    api.delete_job(job["jobId"])
    history = database.query("SELECT revision, action, author FROM job_revision ORDER BY revision")
    assert [tuple(row) for row in history] == [(1, "create", "admin"), (2, "edit", "admin"), (3, "pause", "admin"),
                                                (4, "resume", "admin"), (5, "delete", "admin")]  # fmt: skip
    actions = database.query("SELECT action FROM audit WHERE object = %s ORDER BY audit_id", (job["jobId"],))
    assert [row[0] for row in actions] == ["job.create", "job.edit", "job.pause", "job.resume", "job.delete"]
