"""Every route x every kind of credential: only the role that the table of routes names, or a greater one, gets past the door."""
import subprocess
import time

import pytest

from harness.api import assert_problem
from harness.paths import program

ROLES = ["viewer", "operator", "editor", "admin"]
SOMEBODY = "0192f0c1-0000-7000-8000-000000000000"


def routes():
    out = subprocess.run([program("belfry-central"), "--print-routes"], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        method, path, role, listeners = line.split()
        for listener in listeners.split(","):
            yield method, path, role, listener


def ask(central, listener, credential, method, path):
    client = central.api.with_token(credential)
    client.base = central.url if listener == "api" else central.agent_url
    for name in ("jobId", "agentId", "tokenId"):
        path = path.replace(":" + name, SOMEBODY)
    body = {"data": "{"} if method in ("POST", "PUT", "PATCH") else {}
    return client.request(method, path, **body)


@pytest.fixture
def credentials(central, api):
    """One of each kind that exists, and of each that must not work."""
    def token(role, **more):
        reply = api.post("/api/tokens", json={"name": f"a {role}", "role": role, **more})
        assert reply.status_code == 201, reply.text
        return reply.json()

    good = {role: token(role)["token"] for role in ROLES}
    expired, revoked = token("admin", ttlMs=1000), token("admin")
    assert api.delete(f"/api/tokens/{revoked['tokenId']}").status_code == 204
    agents = api.with_token(None)
    agents.base = central.agent_url
    enrolled = agents.post("/api/agent/enroll", json={"token": api.enrol_token(), "name": "one"}).json()
    retired = agents.post("/api/agent/enroll", json={"token": api.enrol_token(), "name": "two"}).json()
    assert api.post(f"/api/agents/{retired['agentId']}/actions/revoke").status_code == 204
    time.sleep(1.1)  # the expiry itself is what is waited for
    bad = {"none": None, "wrong": "blf_wrong", "expired": expired["token"], "revoked": revoked["token"], "revoked agent": retired["key"]}
    return good, bad, enrolled["key"]


def test_each_route_opens_for_its_role_and_greater_ones_only(central, credentials):
    good, bad, agent_key = credentials
    for method, path, least, listener in routes():
        where = f"{method} {path} on {listener}"
        for kind, credential in bad.items():
            reply = ask(central, listener, credential, method, path)
            if least == "open":
                assert path == "/api/agent/enroll" or reply.status_code == 200, f"{where} with {kind}: {reply.status_code}"
            else:
                assert reply.status_code == 401, f"{where} with {kind}: {reply.status_code}"
        for role, credential in good.items():
            status = ask(central, listener, credential, method, path).status_code
            if least == "open":
                continue
            if listener == "agent":
                assert status == 401, f"{where}: a person's token got {status}"
            elif ROLES.index(role) < ROLES.index(least):
                assert status == 403, f"{where} as {role}: {status}"
            else:
                assert status not in (401, 403, 500, 503), f"{where} as {role}: {status}"
        status = ask(central, listener, agent_key, method, path).status_code
        if least == "agent":
            assert status == 400, f"{where}: an agent's key got {status}"
        elif least != "open":
            assert status == 401, f"{where}: an agent's key got {status}"


def test_a_credential_is_asked_for_before_the_body_is_looked_at(central, api):
    anonymous = api.with_token(None)
    for body in ("{", " " * 400000, "[" * 10000):
        assert_problem(anonymous.post("/api/jobs", data=body), 401)


def test_a_revoked_token_stops_within_the_second_it_is_remembered(api):
    made = api.post("/api/tokens", json={"name": "short", "role": "viewer"}).json()
    short = api.with_token(made["token"])
    assert short.get("/api/jobs").status_code == 200
    assert api.delete(f"/api/tokens/{made['tokenId']}").status_code == 204
    deadline = time.monotonic() + 1.5
    while short.get("/api/jobs").status_code == 200:
        assert time.monotonic() < deadline, "a revoked token still works"
        time.sleep(0.05)


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
