"""central/openapi.yaml is the contract: it names every route with its role and listener, and real replies fit its schemas."""
import re
import subprocess
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
import yaml

from harness.paths import ROOT, program

DOCUMENT = yaml.safe_load((ROOT / "central" / "openapi.yaml").read_text())
METHODS = ("get", "post", "put", "patch", "delete")
GOOD = {"schedule": "31 10-15 1 * * MON-FRI", "api": "https://localhost:4444/foo"}


def documented_routes():
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                colons = re.sub(r"\{(\w+)\}", r":\1", path)
                yield f"{method.upper()} {colons} {operation['x-role']} {','.join(operation['x-listeners'])}"


def real_routes():
    out = subprocess.run([program("belfry-central"), "--print-routes"], capture_output=True, text=True, check=True).stdout
    return out.split("\n")[:-1]


def test_every_route_is_documented_and_every_documented_route_is_there():
    assert sorted(documented_routes()) == sorted(real_routes())


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def all_references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from all_references(value)
    elif isinstance(node, list):
        for value in node:
            yield from all_references(value)


def test_every_reference_leads_somewhere_and_every_component_is_used():
    references = set(all_references(DOCUMENT))
    for reference in references:
        resolve({"$ref": reference})
    for kind, components in DOCUMENT["components"].items():
        for name in components:
            if kind != "securitySchemes":
                assert f"#/components/{kind}/{name}" in references, f"nothing uses {kind}/{name}"


def test_whatever_needs_the_database_says_that_it_may_be_away_or_full():
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            responses = item.get(method, {}).get("responses", {})
            assert not path.startswith("/api/") or ("503" in responses) == ("507" in responses), f"{method} {path}"


def test_path_parameters_and_operation_ids_are_complete_and_unique():
    ids = []
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            ids.append(item[method]["operationId"])
            parameters = [resolve(p) for p in item.get("parameters", []) + item[method].get("parameters", [])]
            named = {p["name"] for p in parameters if p["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path)), f"{method} {path}"
    assert len(ids) == len(set(ids))


TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}
FORMATS = {
    "uuid": UUID,
    "date-time": lambda v: datetime.strptime(v, "%Y-%m-%dT%H:%M:%S.%fZ"),
}


def members_of(schema):
    """Names that a schema speaks of, those of its allOf included."""
    schema = resolve(schema)
    names = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        names |= members_of(part)
    return names


def check(value, schema, place="$"):
    """The part of JSON Schema that the document uses."""
    schema = resolve(schema)
    if "oneOf" in schema:
        fits = []
        for part in schema["oneOf"]:
            try:
                check(value, part, place)
                fits.append(part)
            except AssertionError:
                pass
        assert len(fits) == 1, f"{place}: fits {len(fits)} of oneOf: {value!r}"
    for part in schema.get("allOf", []):
        check(value, part, place)
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    assert not kinds or any(TYPES[kind](value) for kind in kinds), f"{place}: {value!r} is no {kinds}"
    assert "enum" not in schema or value in schema["enum"], f"{place}: {value!r} is none of {schema['enum']}"
    assert "const" not in schema or value == schema["const"], f"{place}: {value!r} is not {schema['const']!r}"
    if isinstance(value, str) and schema.get("format") in FORMATS:
        FORMATS[schema["format"]](value)
    if isinstance(value, dict):
        for name in schema.get("required", []):
            assert name in value, f"{place}: {name} is missing"
        for name, member in value.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(inner, dict):
                check(member, inner, f"{place}.{name}")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            check(item, schema["items"], f"{place}[{i}]")


def check_reply(reply, method, path):
    """The status is documented, and the body fits that status' schema and has no member that the schema does not know."""
    operation = DOCUMENT["paths"][path][method]
    responses = operation["responses"]
    assert str(reply.status_code) in responses, f"{method} {path}: {reply.status_code} is not documented: {reply.text}"
    response = resolve(responses[str(reply.status_code)])
    for header in response.get("headers", {}):
        assert header in reply.headers, f"{method} {path}: no header {header}"
    content = response.get("content")
    if content is None:
        assert reply.content == b""
        return None
    kind = reply.headers["Content-Type"].split(";")[0]
    assert kind in content, f"{method} {path}: {kind} is not documented"
    if not kind.endswith("json"):
        return None
    schema = content[kind]["schema"]
    check(reply.json(), schema)
    known = members_of(schema)
    if known:
        unknown = set(reply.json()) - known
        assert not unknown, f"{method} {path}: undocumented members {unknown}"
    return reply.json()


def call(api, method, path, expect, query=None, **kwargs):
    concrete = path.format(**kwargs.pop("ids", {}))
    reply = api.request(method.upper(), concrete, params=query, **kwargs)
    assert reply.status_code == expect, f"{method} {concrete}: {reply.status_code} {reply.text}"
    return check_reply(reply, method, path)


def test_replies_about_jobs_fit_the_document(api):
    job = call(api, "post", "/api/jobs", 201, json={**GOOD, "headers": {"Authorization": "secret"}})
    ids = {"jobId": job["jobId"]}
    one = "/api/jobs/{jobId}"
    call(api, "get", one, 200, ids=ids)
    call(api, "get", one, 304, ids=ids, headers={"If-None-Match": '"1"'})
    call(api, "put", one, 200, ids=ids, json={**GOOD, "name": "put", "body": {"a": [1]}, "startAt": "2030-01-01T00:00:00Z"})
    call(api, "patch", one, 200, ids=ids, json={"name": "patched"})
    call(api, "patch", one, 412, ids=ids, json={"name": "late"}, headers={"If-Match": '"1"'})
    call(api, "patch", one, 415, ids=ids, data="x", headers={"Content-Type": "text/plain"})
    call(api, "post", "/api/jobs", 413, data=" " * 400000)
    call(api, "post", "/api/jobs", 400, json={**GOOD, "schedule": "61 * * * *"})
    call(api, "get", "/api/jobs", 200, query={"q": "PATCH", "active": "true", "limit": 1})
    call(api, "get", "/api/jobs", 400, query={"limit": 0})
    for action in ("pause", "resume"):
        call(api, "post", "/api/jobs/{jobId}/actions/" + action, 200, ids=ids)
    call(api, "post", "/api/jobs/{jobId}/actions/run", 409, ids=ids)
    call(api, "post", "/api/jobs/{jobId}/actions/run", 400, ids=ids, json={"agentId": "me"})
    call(api, "post", one + "/actions/skip", 400, ids=ids, json={"scheduledAt": "2020-01-01T00:00:00Z"})
    call(api, "post", one + "/actions/skip", 412, ids=ids, json={"scheduledAt": "2030-01-01T00:00:00Z"}, headers={"If-Match": '"1"'})
    call(api, "get", one + "/revisions", 200, ids=ids, query={"limit": 2})
    call(api, "get", one + "/revisions/{revision}", 200, ids={**ids, "revision": 2})
    call(api, "get", one + "/revisions/{revision}", 404, ids={**ids, "revision": 99})
    call(api, "post", one + "/actions/rollback", 200, ids=ids, json={"revision": 2})
    call(api, "post", one + "/actions/rollback", 400, ids=ids, json={})
    call(api, "post", "/api/bulk/jobs", 200, json={"action": "pause", "filter": {"q": "p"}, "dryRun": True})
    call(api, "post", "/api/bulk/jobs", 400, json={"action": "burn"})
    call(api, "delete", one, 204, ids=ids)
    call(api, "get", one, 404, ids=ids)
    call(api.with_token(None), "get", "/api/jobs", 401)


def test_what_has_not_changed_is_not_sent_again(api):
    api.create_job(**GOOD)
    unchanged = []
    for path, item in DOCUMENT["paths"].items():
        if "{" in path or not path.startswith("/api/") or "304" not in item.get("get", {}).get("responses", {}):
            continue
        query = {"metricName": "executions", "endTime": "2026-01-01T00:00:00Z"} if path.endswith("/metrics") else {}
        first = api.get(path, params=query)
        assert first.status_code == 200 and first.headers["ETag"], path
        again = api.get(path, params=query, headers={"If-None-Match": first.headers["ETag"]})
        assert again.headers["ETag"] and (again.status_code == 304) == (again.headers["ETag"] == first.headers["ETag"]), path
        if again.status_code == 304:
            assert again.content == b""
            unchanged.append(path)
        else:
            assert again.content != first.content, path  # it tells the time
    assert {"/api/jobs", "/api/executions", "/api/agents", "/api/audit", "/api/users", "/api/settings"} <= set(unchanged)
    before = api.get("/api/jobs").headers["ETag"]
    api.create_job(**GOOD)
    assert api.get("/api/jobs", headers={"If-None-Match": before}).status_code == 200
    assert "ETag" not in api.get("/api/jobs", params={"limit": 0}).headers


def test_replies_about_schedules_fit_the_document(api):
    call(api, "get", "/api/observability/alerts/late", 200)
    call(api, "get", "/api/observability/ledger", 200)
    call(api, "get", "/api/observability/ledger", 400, query={"from": "2001-01-01T00:00:00Z"})
    call(api, "get", "/api/observability/quarantine", 200)
    call(api, "post", "/api/schedules/preview", 200, json={"schedule": "*/5 * * * *", "timezone": "Europe/Berlin", "count": 3})
    call(api, "post", "/api/schedules/preview", 400, json={"schedule": "61 * * * *"})
    call(api, "get", "/api/schedules/zones", 200)


def test_replies_about_tokens_agents_and_health_fit_the_document(api, central):
    token = call(api, "post", "/api/tokens", 201, json={"name": "t", "role": "viewer", "ttlMs": 60000})
    call(api, "post", "/api/tokens", 400, json={"name": "t", "role": "king"})
    call(api.with_token(token["token"]), "get", "/api/tokens", 403)
    call(api, "get", "/api/tokens", 200)
    call(api, "delete", "/api/tokens/{tokenId}", 204, ids=token)
    call(api, "delete", "/api/tokens/{tokenId}", 404, ids=token)
    enrolment = call(api, "post", "/api/agents/tokens", 201, json={"ttlMs": 600000})
    agents = api.with_token(None)
    agents.base = central.agent_url
    call(agents, "post", "/api/agent/enroll", 401, json={"token": "wrong", "name": "a"})
    agent = call(agents, "post", "/api/agent/enroll", 201, json={"token": enrolment["token"], "name": "a", "hostname": "h"})
    call(agents, "post", "/api/agent/sync", 401, json={})
    call(agents.with_token(agent["key"]), "post", "/api/agent/sync", 400, json={})
    call(api, "get", "/api/agents", 200)
    call(api, "get", "/api/agents/{agentId}", 200, ids=agent)
    call(api, "get", "/api/agents/{agentId}/quarantine", 200, ids=agent)
    call(api, "get", "/api/agents/tokens", 200)
    held = api.create_job(**GOOD)
    shown = call(api, "get", "/api/jobs/{jobId}/assignments", 200, ids=held)
    assert [(a["agentName"], a["epoch"], a["appliedAt"]) for a in shown["assignments"]] == [("a", 1, None)] and "a holds" in shown["sentence"]
    call(api, "get", "/api/jobs/{jobId}/assignments", 404, ids={"jobId": "0192f0c1-0000-7000-8000-000000000000"})
    tracks = call(api, "get", "/api/observability/timeline", 200, query={"limit": 1})
    assert [t["name"] for t in tracks["agents"]] == ["a"] and tracks["stepMs"] == 60000
    for wanted, names in ((agent["agentId"], ["a"]), ("0192f0c1-0000-7000-8000-000000000000", [])):
        tracks = call(api, "get", "/api/observability/timeline", 200, query={"agentId": wanted})
        assert [t["name"] for t in tracks["agents"]] == names
    call(api, "get", "/api/observability/timeline", 400, query={"agentId": "a"})
    call(api, "get", "/api/observability/timeline", 400, query={"from": "2100-01-01T00:00:00Z"})
    call(api, "patch", "/api/agents/{agentId}", 200, ids=agent, json={"labels": {"env": "prod"}, "weight": 2.5, "name": "b"})
    call(api, "patch", "/api/agents/{agentId}", 400, ids=agent, json={"labels": {"env": 1}})
    call(api, "post", "/api/agents/{agentId}/actions/drain", 200, ids=agent)
    call(api, "post", "/api/agents/{agentId}/actions/undrain", 200, ids=agent)
    call(api, "post", "/api/agents/actions/rebalance", 200)
    assert call(api, "post", "/api/agents/{agentId}/actions/rotate", 200, ids=agent)["keyRotationOrderedAt"]
    by_key = api.with_token(agent["key"])
    by_key.base = central.agent_url
    call(by_key, "post", "/api/agent/rotate", 400, json={"keySha256": "x"})
    call(by_key, "post", "/api/agent/rotate", 204, json={"keySha256": 32 * "0f"})
    call(api, "post", "/api/agents/{agentId}/actions/forget", 409, ids=agent)
    call(api, "post", "/api/agents/{agentId}/actions/revoke", 200, ids=agent)
    call(api, "post", "/api/agents/{agentId}/actions/forget", 200, ids=agent)
    unused = call(api, "post", "/api/agents/tokens", 201, json={"labels": {"env": "prod"}, "name": "x"})
    call(api, "delete", "/api/agents/tokens/{tokenId}", 204, ids=unused)
    call(api, "delete", "/api/agents/tokens/{tokenId}", 404, ids=unused)
    call(api, "post", "/api/agents/{agentId}/actions/revoke", 409, ids=agent)
    call(api, "post", "/api/agents/{agentId}/actions/rotate", 409, ids=agent)
    for path in ("/healthz", "/readyz", "/metrics"):
        call(api.with_token(None), "get", path, 200)


def insert_history(database, job_id):
    """Three decisions of one minute, the last whole one, with their sums, as ingest would have written them."""
    at = datetime.now(timezone.utc).replace(second=0, microsecond=0) - timedelta(minutes=1)
    database.execute(f"SELECT execution_partition_make('{at.date()}')")
    columns = ("execution_id, job_id, agent_id, scheduled_at, started_at, finished_at, received_at, job_revision, count, "
               "duration_us, lateness_us, attempts, http_status, status, cause, error")
    for i, (status, error) in enumerate([(1, None), (1, None), (2, "'no answer'")]):
        t = f"'{(at + timedelta(seconds=i)).isoformat()}'::timestamptz"
        database.execute(f"INSERT INTO execution ({columns}) VALUES (gen_random_uuid(), '{job_id}', gen_random_uuid(), {t}, {t}, {t}, "
                         f"now(), 1, 1, 1500, 700, 1, {200 if status == 1 else 500}, {status}, 1, {error or 'NULL'})")
    zeros = ["0"] * 24
    zeros[4] = "3"
    histogram = "'{" + ",".join(zeros) + "}'"
    for grain, unit in ((1, "minute"), (2, "hour"), (3, "day")):
        for job in (job_id, "00000000-0000-0000-0000-000000000000"):
            database.execute(f"INSERT INTO rollup_sum VALUES ({grain}, date_trunc('{unit}', '{at.isoformat()}'::timestamptz, 'UTC'), '{job}', 0, "
                             f"2, 1, 0, 0, 0, 0, 3, 3, 4500, 1500, 2100, 700, {histogram}, {histogram})")


def test_replies_about_executions_and_figures_fit_the_document_and_agree(api, database):
    job = api.create_job(**GOOD)
    insert_history(database, job["jobId"])
    page = call(api, "get", "/api/executions", 200, query={"limit": 2})
    assert len(page["executions"]) == 2 and page["nextCursor"]
    rest = call(api, "get", "/api/executions", 200, query={"limit": 2, "cursor": page["nextCursor"]})
    assert len(rest["executions"]) == 1 and rest["nextCursor"] is None
    bad = call(api, "get", "/api/executions/{jobId}", 200, ids=job, query={"status": "failed"})
    assert [e["error"] for e in bad["executions"]] == ["no answer"]
    ids = {**job, "executionId": page["executions"][0]["executionId"]}
    call(api, "get", "/api/executions/{jobId}/{executionId}", 200, ids=ids)
    call(api, "get", "/api/executions/{jobId}/{executionId}", 404, ids={**ids, "executionId": job["jobId"]})
    call(api, "get", "/api/executions/{jobId}", 404, ids={"jobId": "0192f0c1-0000-7000-8000-000000000000"})
    call(api, "get", "/api/executions", 400, query={"from": "yesterday"})

    stats = "/api/observability/stats"
    for figures in (call(api, "get", stats + "/executions", 200, query={"hours": 1}),
                    call(api, "get", stats + "/job/{jobId}", 200, ids=job, query={"hours": 30 * 24}),
                    call(api, "get", stats + "/executions", 200, query={"hours": 8784})):
        assert figures["executions"] == 3 and figures["byStatus"]["failed"] == 1
        assert figures["successRate"] == pytest.approx(2 / 3)
        assert figures["durationMs"]["avg"] == 1.5 and 1 <= figures["durationMs"]["p50"] <= 1.5
    assert call(api, "get", stats + "/jobs", 200)["unassigned"] == 1
    failures = call(api, "get", "/api/observability/alerts/failures", 200, query={"hours": 1})["failures"]
    assert [(f["jobId"], f["count"], f["last"]["error"], f["last"]["httpStatus"]) for f in failures] == [(job["jobId"], 1, "no answer", 500)]


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"]["MetricName"]["enum"])
def test_every_documented_metric_has_points_for_every_step(api, database, name):
    job = api.create_job(**GOOD)
    insert_history(database, job["jobId"])
    for step in ("minute", "hour", "day", "auto"):
        start = (datetime.now(timezone.utc) - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        series = call(api, "get", "/api/observability/metrics", 200,
                      query={"metricName": name, "startTime": start, "step": step, "jobId": job["jobId"]})
        assert sum(p["value"] or 0 for p in series["points"]) > 0 or name in ("timeouts", "skipped", "missed", "interrupted")


@pytest.mark.parametrize("query, parameter", [
    ({}, "metricName"), ({"metricName": "happiness"}, "metricName"),
    ({"metricName": "executions", "startTime": "noon"}, "startTime"),
    ({"metricName": "executions", "startTime": "2100-01-01T00:00:00Z"}, "startTime"),
    ({"metricName": "executions", "startTime": "1990-01-01T00:00:00Z"}, "startTime"),
    ({"metricName": "executions", "endTime": "2025-13-01T00:00:00Z"}, "endTime"),
    ({"metricName": "executions", "step": "second"}, "step"),
    ({"metricName": "executions", "step": "minute", "startTime": "2026-01-01T00:00:00Z"}, "step"),
    ({"metricName": "executions", "jobId": "1"}, "jobId"), ({"metricName": "executions", "colour": "red"}, "colour"),
])  # fmt: skip
def test_a_bad_question_about_a_metric_names_the_parameter(api, query, parameter):
    assert call(api, "get", "/api/observability/metrics", 400, query=query)["parameter"] == parameter


def test_replies_about_sessions_and_users_fit_the_document(api):
    secret = "long enough 1"
    call(api, "post", "/api/users", 201, json={"name": "anna", "role": "viewer", "password": secret})
    call(api, "post", "/api/users", 409, json={"name": "anna", "role": "viewer", "password": secret})
    call(api, "post", "/api/users", 400, json={"name": "anna"})
    call(api, "get", "/api/users", 200)
    call(api, "patch", "/api/users/{userName}", 200, ids={"userName": "anna"}, json={"active": True})
    call(api, "patch", "/api/users/{userName}", 404, ids={"userName": "nobody"}, json={"active": True})
    anonymous = api.with_token(None)
    call(anonymous, "post", "/api/session", 200, json={"name": "anna", "password": secret})
    call(anonymous, "post", "/api/session", 401, json={"name": "anna", "password": "wrong"})
    call(anonymous, "post", "/api/session", 400, json={"name": "anna"})
    link = call(api, "post", "/api/session/links", 201, json={"ttlMs": None})["link"]
    call(anonymous, "post", "/api/session", 200, json={"link": link})
    browser = api.log_in(name="anna", password=secret)
    call(browser, "get", "/api/session", 200)
    call(browser, "post", "/api/session/links", 400, json={"ttlMs": 1})
    call(browser, "post", "/api/session/password", 204, json={"old": secret, "new": secret + "2"})
    call(browser, "get", "/api/settings", 200)
    call(browser, "delete", "/api/session", 204)
    call(api, "get", "/api/session", 200)
    call(api, "delete", "/api/session", 409)
    call(api, "get", "/*", 200)
    call(api, "get", "/api/audit", 200, query={"limit": 2})
    call(api, "get", "/api/audit", 400, query={"limit": 0})
    call(api, "get", "/api/audit/verify", 200)
    newest = api.json("/api/audit")["entries"][0]
    assert call(api, "get", "/api/audit/{auditId}", 200, ids={"auditId": newest["auditId"]}) == newest
    for none in (0, newest["auditId"] + 1000, "x"):
        call(api, "get", "/api/audit/{auditId}", 404, ids={"auditId": none})
    call(api, "delete", "/api/users/{userName}", 204, ids={"userName": "anna"})
    call(api, "delete", "/api/users/{userName}", 404, ids={"userName": "anna"})


def test_the_bench_of_reads_has_a_read_of_every_route():
    """A route that it does not know ends it, and that would be seen only when somebody measures."""
    code = ("from datetime import datetime; import read_benches as b; now = datetime.now(); "
            "b.refuse_gaps(b.targets_of_history(now, now, lambda i: ('j', 'e')))")  # fmt: skip
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", code], cwd=ROOT / "tests" / "bench", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
