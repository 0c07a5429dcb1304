"""A secret in a job's header goes to the target and nowhere else: not into replies, logs, records, audit or crash output."""
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
    jobs = [api.create_job("* * * * * *", target.url + path, headers=HEADERS, retry={"maxAttempts": 1}, timeoutMs=300)["jobId"]
            for path in ("/foo", "/fails", "/hangs")]
    jobs.append(api.create_job("* * * * * *", "http://127.0.0.1:9/nobody", headers=HEADERS, retry={"maxAttempts": 1})["jobId"])
    return jobs


def behave(request, handler):
    if request.path == "/hangs":
        time.sleep(0.6)
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
    for record in records:
        assert_silent(record["record"], "the outbox")
    agent.start()


def test_the_audit_trail_and_its_history_hold_no_secret_that_can_be_read(world, central, agent, target):
    job = central.api.create_job("@hourly", target.url + "/foo", headers=HEADERS)["jobId"]
    central.api.edit_job(job, name="other", headers={**HEADERS, "X-Api-Key": "********"})
    rows = central.database.query("SELECT coalesce(before, '') || coalesce(after, '') FROM audit")
    assert len(rows) >= 2
    for row in rows:
        assert_silent(row[0] if isinstance(row, tuple) else str(row), "the audit trail")
    assert_silent(central.api.get(f"/api/jobs/{job}").text, "the edited job")
