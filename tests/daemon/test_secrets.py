"""A secret in a job's header goes to the target and nowhere else: not into replies, logs, records, audit or crash output."""
import json
import re
import signal
import time
from contextlib import closing

from harness.waiting import wait_until

CANARY = "canary-7f3a9c51"
SECOND_CANARY = "canary-b2d84e60"
HEADERS = {"Authorization": f"Bearer {CANARY}", "X-Api-Key": SECOND_CANARY, "X-Plain": "seen"}


def assert_silent(text, where):
    for canary in (CANARY, SECOND_CANARY):
        assert canary not in text, f"{where} tells a secret: ...{text[max(0, text.index(canary) - 200):][:400]}"


def secret_jobs(api, target):
    jobs = [api.create_job("* * * * * *", target.url + path, headers=HEADERS, retry={"maxAttempts": 1},
                           timeoutMs=300 if path == "/hangs" else 30000)["jobId"]
            for path in ("/foo", "/fails", "/hangs", "/echo", "/long-echo")]
    jobs.append(api.create_job("* * * * * *", "http://127.0.0.1:9/nobody", headers=HEADERS, retry={"maxAttempts": 1})["jobId"])
    return jobs


def behave(request, handler):
    if request.path == "/hangs":
        time.sleep(0.6)
    if request.path.endswith("echo"):  # as debug pages do; the longer answer is cut off in the middle of a secret
        text = json.dumps(dict(request.headers))
        return 200, {}, (text if request.path == "/echo" else "x" * (4096 - text.index(CANARY) - 9) + text).encode()
    return 500 if request.path == "/fails" else 200


def every_reply(api, jobs):
    yield "the list of jobs", api.get("/api/jobs").text
    yield "the list of executions", api.get("/api/executions").text
    yield "failures", api.get("/api/observability/alerts/failures?hours=1").text
    yield "metrics", api.get("/metrics").text
    for job in jobs:
        yield "a job", api.get(f"/api/jobs/{job}").text
        yield "an edit", api.patch(f"/api/jobs/{job}", json={"name": "edited"}).text
        yield "executions of a job", api.get(f"/api/executions/{job}").text
        yield "a refused edit", api.patch(f"/api/jobs/{job}", json={"headers": {"Authorization": f"{CANARY}\r\nX: y"}}).text


def test_a_secret_goes_to_the_target_and_nowhere_else(world, central, agent, target):
    target.behave(behave)
    jobs = secret_jobs(central.api, target)
    wait_until(lambda: {e["jobId"] for e in central.api.executions()} >= set(jobs), 30, "executions of all jobs", explain=world.tails)
    sent = target.requests()
    assert any(r.headers.get("Authorization") == f"Bearer {CANARY}" for r in sent), "the target must get the secret"
    for where, text in every_reply(central.api, jobs):
        assert_silent(text, where)
    for path in ("/status", "/jobs", "/next", "/executions", "/metrics", *(f"/jobs/{job}" for job in jobs)):
        assert_silent(agent.local("GET", path).text, f"the agent's {path}")
    agent.allow(r"Aborted|ABRT")
    agent.signal(signal.SIGABRT)
    agent.wait()
    for process in (central, agent):
        assert_silent(process.log_path.read_text(), f"the log of {process.name}")
    with closing(agent.database()) as database:
        records = database.execute("SELECT record FROM outbox").fetchall()
    assert records
    echoed = [json.loads(record["record"]).get("responseBody", "") for record in records]
    assert any('"X-Plain": "seen"' in body for body in echoed) and any(len(body) == 4096 for body in echoed), "nothing was echoed"
    assert not any("canary" in body for body in echoed), "a part of a secret was kept"
    for record in records:
        assert_silent(record["record"], "the outbox")
    agent.start()


def test_the_agents_own_key_is_in_its_file_and_nowhere_else(world, central, agent, target):
    central.api.create_job("* * * * * *", target.url + "/foo")
    wait_until(lambda: target.requests("/foo"), 20, "the job to run", explain=world.tails)
    key = re.search(r"^key=(\S{20,})$", (agent.state / "agent.key").read_text(), re.MULTILINE).group(1)
    said = [agent.local("GET", path).text for path in ("/status", "/jobs", "/executions", "/metrics")]
    agent.allow(r"Aborted|ABRT")
    agent.signal(signal.SIGABRT)
    agent.wait()
    for text in [*said, agent.log_path.read_text(), central.log_path.read_text(), *(r.body.decode() for r in target.requests())]:
        assert key not in text
    assert key.encode() not in b"".join(path.read_bytes() for path in agent.state.glob("agent.db*"))
    agent.start()


def test_the_audit_trail_and_its_history_hold_no_secret_that_can_be_read(world, central, agent, target):
    job = central.api.create_job("@hourly", target.url + "/foo", headers=HEADERS)["jobId"]
    central.api.edit_job(job, name="other", headers={**HEADERS, "X-Api-Key": "********"})
    rows = central.database.query("SELECT coalesce(before, '') || coalesce(after, '') FROM audit")
    assert len(rows) >= 2
    for row in rows:
        assert_silent(row[0] if isinstance(row, tuple) else str(row), "the audit trail")
    assert_silent(central.api.get(f"/api/jobs/{job}").text, "the edited job")
