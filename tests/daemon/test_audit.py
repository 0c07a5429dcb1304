"""The audit: every change is in it, it can only grow, and whatever is done to it behind its back is found to the entry."""
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from harness.api import assert_problem
from harness.paths import ROOT, postgres_bin, program
from harness.waiting import wait_until
from raw_agent import RawAgent

SECRET = "canary in a coal mine 7"


def tamper(database, *statements):
    """As a superuser who knows how to switch triggers off."""
    connection = database.connect(autocommit=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            for statement in statements:
                cursor.execute(statement)
                assert cursor.rowcount != 0, f"nothing was tampered with: {statement}"
        connection.commit()
    finally:
        connection.close()


@pytest.fixture
def ids(api, database):
    """Six edits and what came before: the ids of all entries."""
    job = api.create_job("@daily", "http://127.0.0.1:1/", headers={"Authorization": SECRET})
    for n in range(5):
        api.edit_job(job["jobId"], name=f"edit {n}")
    report = api.json("/api/audit/verify")
    ids = [row[0] for row in database.query("SELECT audit_id FROM audit ORDER BY audit_id")]
    assert report["ok"] and report["firstBad"] is None and report["entries"] == len(ids) >= 7
    return ids


def verify(central, *arguments):
    return central.run("audit", "verify", *arguments)


def test_all_entries_fit_and_the_command_agrees_with_the_server(central, api, ids):
    report = api.json("/api/audit/verify")
    done = verify(central)
    head = f"{report['head']['seq']}:{report['head']['hash']}"
    assert done.returncode == 0 and done.stdout == f"{len(ids)} entries, head {head}\n"
    assert verify(central, "--head", head).returncode == 0


@pytest.mark.parametrize("column, value", [
    ("actor", "'somebody else'"), ("action", "'job.create'"), ("object", "'x'"), ("before", "NULL"), ("after", "after || ' '"),
    ("request_id", "'0'"), ("at", "at + interval '1 microsecond'"),
])  # fmt: skip
def test_a_changed_entry_is_named(central, api, database, ids, column, value):
    tamper(database, f"UPDATE audit SET {column} = {value} WHERE audit_id = {ids[4]}")
    found = api.json("/api/audit/verify")
    assert not found["ok"] and found["firstBad"]["auditId"] == ids[4] and found["entries"] == len(ids)
    done = verify(central)
    assert done.returncode == 3 and f"entry {ids[4]}: the entry is not what was written" in done.stdout


@pytest.mark.parametrize("statements, bad, words", [
    (["DELETE FROM audit WHERE audit_id = {2}"], 2, "was removed"),
    (["DELETE FROM audit_link WHERE audit_id = {2}"], 3, "lacks number"),
    (["DELETE FROM audit WHERE audit_id = {2}", "DELETE FROM audit_link WHERE audit_id = {2}"], 3, "lacks number"),
    (["UPDATE audit_link SET hash = sha256('x') WHERE audit_id = {2}"], 2, "is not what was written"),
    (["INSERT INTO audit (at, actor, action, object) VALUES (now(), 'a', 'b', 'c')"], None, "slipped in"),
    # Two entries change places.
    (["UPDATE audit SET after = (SELECT after FROM audit WHERE audit_id = {3}) WHERE audit_id = {2}"], 2, "is not what was written"),
])  # fmt: skip
def test_removed_and_slipped_in_entries_are_named(api, database, ids, statements, bad, words):
    tamper(database, *(statement.format(*ids) for statement in statements))
    found = api.json("/api/audit/verify")["firstBad"]
    newest = database.query("SELECT max(audit_id) FROM audit")[0][0]
    assert found["auditId"] == (ids[bad] if bad is not None else newest) and words in found["detail"]


def test_a_chain_that_was_cut_or_made_anew_is_found_with_a_head_that_was_noted(central, api, database, ids):
    head = api.json("/api/audit/verify")["head"]
    noted = f"{head['seq']}:{head['hash']}"
    tamper(database, f"DELETE FROM audit WHERE audit_id >= {ids[4]}", f"DELETE FROM audit_link WHERE audit_id >= {ids[4]}")
    assert verify(central).returncode == 0  # nothing in the database can tell
    cut = verify(central, "--head", noted)
    assert cut.returncode == 3 and "it was longer" in cut.stdout
    first = database.query("SELECT seq, encode(hash, 'hex') FROM audit_link WHERE seq = 3")[0]
    tamper(database, "UPDATE audit SET actor = 'nobody' WHERE audit_id = (SELECT audit_id FROM audit_link WHERE seq = 2)",
           "DELETE FROM audit_link",
           "DO $$ DECLARE e audit; p bytea; n bigint := 0; BEGIN FOR e IN SELECT * FROM audit ORDER BY audit_id LOOP n := n + 1;"
           " p := audit_hash(p, e); INSERT INTO audit_link VALUES (n, e.audit_id, p); END LOOP; END $$")  # fmt: skip
    assert verify(central).returncode == 0
    anew = verify(central, "--head", "%d:%s" % first)
    assert anew.returncode == 3 and "made anew" in anew.stdout
    for wrong in ("x", "1", "1:abc", "0:" + "0" * 64):
        assert verify(central, "--head", wrong).returncode == 2


@pytest.mark.parametrize("statement", [
    "UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit", "UPDATE audit_link SET seq = 0", "DELETE FROM audit_link",
    "TRUNCATE audit_link", "TRUNCATE audit CASCADE",
])  # fmt: skip
def test_the_tables_refuse_everything_but_new_rows(database, api, ids, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="the audit only grows"):
        database.execute(statement)
    assert api.json("/api/audit/verify")["ok"]


def test_many_editors_at_once_make_one_chain(api, database):
    jobs = [api.create_job("@daily", "http://127.0.0.1:1/", name=f"job {n}")["jobId"] for n in range(4)]

    def edit(job):
        client = api.with_token(api.token)
        for n in range(15):
            client.edit_job(job, name=f"{job} {n}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(edit, jobs))
    report = api.json("/api/audit/verify")
    assert report["ok"] and report["entries"] >= 4 + 4 * 15
    assert database.query("SELECT max(seq) - count(*) FROM audit_link") == [(0,)]


def test_a_change_that_was_rolled_back_leaves_no_entry(api, database, ids):
    connection = database.connect(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit (at, actor, action, object) VALUES (now(), 'a', 'b', 'c')")
    connection.rollback()
    connection.close()
    api.create_job("@daily", "http://127.0.0.1:1/")
    report = api.json("/api/audit/verify")
    assert report["ok"] and report["entries"] == len(ids) + 1


def test_the_list_is_filtered_paged_and_without_secrets(api, ids):
    entries = list(api.pages("/api/audit", "entries", limit=2))
    assert [e["auditId"] for e in entries] == sorted(ids, reverse=True)
    assert all(re.fullmatch("[0-9a-f]{64}", e["hash"]) for e in entries)
    edits = api.json("/api/audit", action="job.edit", actor="admin")["entries"]
    assert len(edits) == 5 and edits[0]["before"]["name"] == "edit 3" and edits[0]["after"]["name"] == "edit 4"
    job = edits[0]["object"]
    assert len(api.json("/api/audit", object=job)["entries"]) == 6
    assert api.json("/api/audit", actor="nobody")["entries"] == []
    middle = entries[2]["at"]
    assert len(api.json("/api/audit", **{"from": middle})["entries"]) + len(api.json("/api/audit", to=middle)["entries"]) == len(ids)
    assert SECRET not in str(entries)
    for bad in ({"limit": 0}, {"cursor": "x"}, {"from": "x"}, {"who": "x"}):
        assert_problem(api.get("/api/audit", params=bad), 400)


# Every route by which a person may change something: what the audit calls it, or why it need not.
AUDITED = {
    "POST /api/jobs": "job.create", "PUT /api/jobs/:jobId": "job.replace", "PATCH /api/jobs/:jobId": "job.edit",
    "DELETE /api/jobs/:jobId": "job.delete", "POST /api/jobs/:jobId/actions/pause": "job.pause",
    "POST /api/jobs/:jobId/actions/resume": "job.resume", "POST /api/jobs/:jobId/actions/rollback": "job.rollback",
    "POST /api/jobs/:jobId/actions/run": "job.run", "POST /api/jobs/:jobId/actions/skip": "job.skip",
    "POST /api/jobs/:jobId/actions/cancel": "job.cancel", "POST /api/bulk/jobs": "job.pause",
    "POST /api/session": "session.create", "DELETE /api/session": "session.delete", "POST /api/session/password": "user.password",
    "POST /api/session/links": "sessionLink.create", "POST /api/users": "user.create", "PATCH /api/users/:userName": "user.edit",
    "DELETE /api/users/:userName": "user.delete", "POST /api/tokens": "token.create", "DELETE /api/tokens/:tokenId": "token.revoke",
    "POST /api/agents/tokens": "enrolmentToken.create", "DELETE /api/agents/tokens/:tokenId": "enrolmentToken.delete",
    "PATCH /api/agents/:agentId": "agent.edit", "POST /api/agents/:agentId/actions/drain": "agent.drain",
    "POST /api/agents/:agentId/actions/undrain": "agent.undrain", "POST /api/agents/:agentId/actions/revoke": "agent.revoke",
    "POST /api/agents/:agentId/actions/rotate": "agent.rotate",
    "POST /api/agents/:agentId/actions/forget": "agent.forget", "POST /api/agents/actions/rebalance": "fleet.rebalance",
}  # fmt: skip
EXEMPT = {
    "POST /api/schedules/preview": "changes nothing",
}


def test_every_route_by_which_people_change_something_is_audited_or_exempt():
    out = subprocess.run([program("belfry-central"), "--print-routes"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in out.splitlines()]
    unsafe = {f"{method} {path}" for method, path, _, listeners in rows if method != "GET" and "api" in listeners.split(",")}
    assert unsafe == AUDITED.keys() | EXEMPT.keys() and not AUDITED.keys() & EXEMPT.keys()


def test_every_audited_route_leaves_its_entry(api, central, database):
    def ok(method, path, **more):
        """Walks the route and looks for what came into the audit with it."""
        newest = database.query("SELECT max(audit_id) FROM audit")[0][0]
        client = more.pop("client", api)
        route, actor = more.pop("route"), more.pop("actor", "admin")
        reply = client.request(method, path, **more)
        assert reply.status_code < 300, f"{route}: {reply.status_code} {reply.text}"
        entered = database.query("SELECT action, actor, object <> '' FROM audit WHERE audit_id > %s", (newest,))
        assert entered == [(AUDITED[route], actor, True)], f"{route}: the audit has {entered}"
        walked.add(route)
        return reply.json() if reply.content else None

    walked = set()
    J, A = "/api/jobs/:jobId", "/api/agents/:agentId"
    agent = RawAgent(central, name="porter")
    job = ok("POST", "/api/jobs", route="POST /api/jobs", json={"schedule": "@daily", "api": "http://127.0.0.1:1/"})
    path = f"/api/jobs/{job['jobId']}"
    ok("PUT", path, route=f"PUT {J}", json={**api.json(path), "name": "put"})
    ok("PATCH", path, route=f"PATCH {J}", json={"name": "patch"}, headers={"Content-Type": "application/merge-patch+json"})
    for action in ("pause", "resume", "run", "cancel"):
        ok("POST", f"{path}/actions/{action}", route=f"POST {J}/actions/{action}")
    ok("POST", f"{path}/actions/skip", route=f"POST {J}/actions/skip", json={"scheduledAt": api.json(path)["nextFireAt"]})
    etag = api.get(path).headers["ETag"]
    ok("POST", f"{path}/actions/rollback", route=f"POST {J}/actions/rollback", json={"revision": 1}, headers={"If-Match": etag})
    ok("POST", "/api/bulk/jobs", route="POST /api/bulk/jobs", json={"action": "pause", "jobIds": [job["jobId"]]})
    ok("DELETE", path, route=f"DELETE {J}")
    ok("POST", "/api/users", route="POST /api/users", json={"name": "anna", "role": "viewer", "password": SECRET})
    ok("PATCH", "/api/users/anna", route="PATCH /api/users/:userName", json={"role": "editor"})
    ok("POST", "/api/session", route="POST /api/session", client=api.with_token(None), actor="anna", json={"name": "anna", "password": SECRET})
    anna = api.log_in(name="anna", password=SECRET)
    ok("POST", "/api/session/password", route="POST /api/session/password", client=anna, actor="anna", json={"old": SECRET, "new": SECRET + "!"})
    anna = api.log_in(name="anna", password=SECRET + "!")
    ok("DELETE", "/api/session", route="DELETE /api/session", client=anna, actor="anna")
    assert_problem(anna.get("/api/session"), 401)
    ok("POST", "/api/session/links", route="POST /api/session/links")
    ok("DELETE", "/api/users/anna", route="DELETE /api/users/:userName")
    token = ok("POST", "/api/tokens", route="POST /api/tokens", json={"name": "t", "role": "viewer"})
    ok("DELETE", f"/api/tokens/{token['tokenId']}", route="DELETE /api/tokens/:tokenId")
    token = ok("POST", "/api/agents/tokens", route="POST /api/agents/tokens", json={"labels": {"env": "prod"}})
    ok("DELETE", f"/api/agents/tokens/{token['tokenId']}", route="DELETE /api/agents/tokens/:tokenId")
    path = f"/api/agents/{agent.agent_id}"
    ok("PATCH", path, route=f"PATCH {A}", json={"labels": {"env": "prod"}, "weight": 2})
    edit = api.json("/api/audit", action="agent.edit")["entries"][0]
    assert edit["object"] == agent.agent_id and edit["before"] == {"name": "porter", "labels": {}, "weight": 1}
    assert edit["after"] == {"name": "porter", "labels": {"env": "prod"}, "weight": 2}
    for action in ("drain", "undrain", "rotate", "revoke", "forget"):
        ok("POST", f"{path}/actions/{action}", route=f"POST {A}/actions/{action}")
    ok("POST", "/api/agents/actions/rebalance", route="POST /api/agents/actions/rebalance")
    assert walked == AUDITED.keys()


def test_every_change_by_a_person_is_in_the_audit(api, central, database):
    """The entries in their order, and no secret in any."""
    def actions():
        return [row[0] for row in database.query("SELECT action FROM audit ORDER BY audit_id")]

    before = len(actions())
    job = api.create_job("@daily", "http://127.0.0.1:1/")["jobId"]
    read = api.json(f"/api/jobs/{job}")
    api.put(f"/api/jobs/{job}", json={**read, "name": "put"})
    api.edit_job(job, name="patch")
    for action in ("pause", "resume"):
        assert api.post(f"/api/jobs/{job}/actions/{action}").status_code == 200
    api.delete_job(job)
    token = api.post("/api/tokens", json={"name": "t", "role": "viewer"}).json()
    api.delete(f"/api/tokens/{token['tokenId']}")
    api.post("/api/users", json={"name": "anna", "role": "viewer", "password": SECRET})
    api.patch("/api/users/anna", json={"role": "editor"})
    api.delete("/api/users/anna")
    enrolment = api.enrol_token()
    agents = api.with_token(None)
    agents.base = central.agent_url
    agent = agents.post("/api/agent/enroll", json={"token": enrolment, "name": "one"}).json()
    api.post(f"/api/agents/{agent['agentId']}/actions/revoke")
    api.session_link()
    assert actions()[before:] == [
        "job.create", "job.replace", "job.edit", "job.pause", "job.resume", "job.delete", "token.create", "token.revoke",
        "user.create", "user.edit", "user.delete", "enrolmentToken.create", "agent.enrol", "agent.revoke", "sessionLink.create",
    ]  # fmt: skip
    everything = str(database.query("SELECT * FROM audit")) + api.get("/api/audit").text
    for secret in (SECRET, token["token"], enrolment, agent["key"], api.token):
        assert secret not in everything


def test_the_head_is_logged_for_a_witness_elsewhere(api, central, ids):
    central.restart()
    wait_until(lambda: "audit head" in central.log(), 10, "the head in the log")
    number, digest = re.findall(r"audit head number=(\d+) hash=([0-9a-f]{64})", central.log())[-1]
    assert verify(central, "--head", f"{number}:{digest}").returncode == 0


def test_with_an_owner_of_its_own_the_audit_is_out_of_centrals_reach(world, database):
    role = f"app_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN")
    database.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {role}; GRANT CREATE, TEMPORARY ON DATABASE \"{database.name}\" TO {role}")
    central = world.central(database)
    central.write_config(database=database.conninfo.replace("user=belfry", f"user={role}"))
    central.start()
    done = subprocess.run([postgres_bin() / "psql", "-v", "ON_ERROR_STOP=1", "-v", f"app={role}", "-h", "127.0.0.1", "-p", str(database.cluster.port),
                           "-U", "belfry", "-d", database.name, "-f", ROOT / "contrib/postgres/audit-owner.sql"], capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    database.execute("DELETE FROM schema_migration WHERE version = 0")  # definitions are made anew: none is of the audit
    central.restart()
    central.api.create_job("@daily", "http://127.0.0.1:1/")
    report = central.api.json("/api/audit/verify")
    assert report["ok"] and report["entries"] >= 2
    connection = psycopg2.connect(database.conninfo.replace("user=belfry", f"user={role}"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit", "DROP TABLE audit", "ALTER TABLE audit DISABLE TRIGGER ALL",
                          "DROP TRIGGER audit_refuse ON audit", "INSERT INTO audit_link VALUES (99, 99, sha256('x'))", "DELETE FROM audit_link",
                          "DROP FUNCTION audit_chain() CASCADE", "SET session_replication_role = replica", "SET ROLE belfry_audit",
                          "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"):  # fmt: skip
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute(statement)
            assert refused.value.pgcode == "42501", f"{statement}: {refused.value}"
    connection.close()
    assert central.api.json("/api/audit/verify")["ok"]
