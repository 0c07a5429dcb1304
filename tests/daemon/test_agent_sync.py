"""What the agent makes of the answers of central: acks, parts of snapshots, errors, lies. Central is played by the test."""
import hashlib
import json
import sqlite3
import time

import pytest

from harness.ledger import now, rfc3339
from harness.waiting import wait_until


def digest_of(jobs):
    """common/wire.h: XOR of the first 8 bytes of MD5 of "jobId:revision:targetKey"."""
    value = 0
    for job in jobs:
        value ^= int.from_bytes(hashlib.md5(f"{job['jobId']}:{job['revision']}:".encode()).digest()[:8], "big")
    return f"{value:016x}"


class FakeCentral:
    """Enrols anybody; answers syncs with what `script` returns, by default honestly. Remembers every sync."""

    def __init__(self, target):
        self.target = target
        self.url = target.url
        self.jobs, self.revision = [], 0
        self.acked = 0
        self.records = {}
        self.script = None
        self.commands = []
        target.behave(self.answer)

    def answer(self, request, handler):
        if request.path == "/api/agent/enroll":
            return self.reply(201, {"agentId": "11111111-2222-8333-8444-555555555555", "key": "k" * 43, "name": "agent"})
        if request.path != "/api/agent/sync":
            return 200  # a job of the test
        sync = request.json()
        if self.script is not None:
            answer = self.script(sync)
            if answer is not None:
                return answer
        return self.honest(sync)

    def take(self, sync):
        for n, record in enumerate(sync["records"]):
            self.records.setdefault(sync["firstSeq"] + n, record)
        self.acked = max(self.acked, sync["firstSeq"] + len(sync["records"]) - 1)

    def honest(self, sync, **changes):
        self.take(sync)
        job_set = {"mode": "none", "revision": self.revision, "digest": digest_of(self.jobs), "more": False, "upserts": [], "deletes": []}
        if sync["jobSet"]["revision"] != self.revision:
            job_set.update(mode="snapshot", upserts=[{"targetKey": "", "job": job} for job in self.jobs])
        body = {"version": 1, "ackedSeq": self.acked, "serverTime": rfc3339(now()), "nextSyncMs": 200, "jobSet": job_set,
                "commands": self.commands, **changes}  # fmt: skip
        return self.reply(200, body)

    @staticmethod
    def reply(status, body, **headers):
        return status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()

    @staticmethod
    def problem(status, detail, **headers):
        return FakeCentral.reply(status, {"type": "about:blank", "title": "No", "status": status, "detail": detail}, **headers)

    def set_jobs(self, *names, path="/job"):
        self.revision += 1
        self.jobs = [
            {"jobId": name, "revision": self.revision, "schedule": "* * * * * *", "api": f"{self.url}{path}/{name}", "type": "ATLEAST_ONCE"}
            for name in names
        ]

    def syncs(self):
        return [r for r in self.target.requests("/api/agent/sync")]

    def ran(self, name):
        return self.target.requests(f"/job/{name}")

    def ran_since(self, name, moment):
        """Sent after it, by the agent's word."""
        return [r for r in self.ran(name) if r.sent > moment]


@pytest.fixture
def fake(target):
    return FakeCentral(target)


@pytest.fixture
def agent(world, fake):
    agent = world.agent(fake.url)
    agent.enrol(token="once")
    return agent


def start(agent):
    before = agent.log().count(": ready, ")
    agent.start(ready=False)
    agent.wait_ready(lambda: agent.log().count(": ready, ") > before, 30, "the agent to be ready")
    return agent


def test_jobs_come_down_records_go_up_and_acks_come_back(agent, fake):
    fake.set_jobs("a")
    start(agent)
    wait_until(lambda: fake.acked >= 3, 15, "three records", explain=agent.tail)
    sync = fake.syncs()[-1].json()
    assert sync["version"] == 1 and sync["epoch"] > 0 and sync["jobSet"] == {"revision": 1, "digest": digest_of(fake.jobs)}
    assert sync["status"]["jobs"] == 1
    assert sync["firstSeq"] == sync["ackedSeq"] + 1
    assert fake.syncs()[-1].headers["Authorization"] == "Bearer " + "k" * 43
    agent.stop()
    assert agent.database().execute("SELECT acked_seq FROM state").fetchone()[0] >= 3


def test_an_answer_that_is_lost_brings_the_same_records_again_under_the_same_numbers(agent, fake):
    fake.set_jobs("a")
    lost = []

    def lose_two(sync):
        if sync["records"] and len(lost) < 2:
            lost.append((sync["firstSeq"], sync["records"]))
            fake.take(sync)
            return FakeCentral.problem(503, "gone for now")
        return None

    fake.script = lose_two
    start(agent)
    wait_until(lambda: fake.acked >= 5, 30, "records after the losses", explain=agent.tail)
    first, again = lost
    assert first[0] == again[0] and again[1][: len(first[1])] == first[1]
    assert sorted(fake.records) == list(range(1, len(fake.records) + 1))
    assert len({r["executionId"] for r in fake.records.values()}) == len(fake.records)


def test_records_that_central_did_not_take_are_sent_again(agent, fake):
    fake.set_jobs("a")
    refused = []

    def take_none(sync):
        if sync["records"] and len(refused) < 4:
            refused.append(sync["firstSeq"])
            reply = fake.honest({**sync, "records": [], "firstSeq": 1}, ackedSeq=0)
            fake.acked = 0
            return reply
        return None

    fake.script = take_none
    start(agent)
    wait_until(lambda: fake.acked >= 5, 30, "records after the refusals", explain=agent.tail)
    assert refused == [1, 1, 1, 1], "what was not acked was not sent again from the first record"
    assert sorted(fake.records) == list(range(1, len(fake.records) + 1))


def test_a_snapshot_in_parts_drops_only_what_no_part_named(agent, fake):
    fake.set_jobs("a", "b", "c")
    start(agent)
    wait_until(lambda: all(fake.ran(name) for name in "abc"), 10, "all three to run", explain=agent.tail)
    fake.set_jobs("b", "d")
    parts = []

    def in_parts(sync):
        revision = sync["jobSet"]["revision"]
        if revision == fake.revision and len(parts) >= 2:
            return None
        first = len(parts) == 0
        job = fake.jobs[0 if first else 1]
        parts.append(revision)
        job_set = {"mode": "snapshot" if first else "delta", "revision": fake.revision + (0 if not first else 100), "more": first,
                   "digest": digest_of(fake.jobs), "upserts": [{"targetKey": "", "job": job}], "deletes": []}  # fmt: skip
        return fake.honest(sync, jobSet=job_set)

    fake.script = in_parts
    wait_until(lambda: fake.ran("d"), 10, "the job of the second part", explain=agent.tail)
    assert parts[1] == fake.revision + 100, "the second part is asked for from where the first ended"
    assert {job["jobId"] for job in agent.get("/jobs")["jobs"]} == {"b", "d"}
    since = time.time()
    wait_until(lambda: all(len(fake.ran_since(name, since)) >= 3 for name in "bd"), 10, "what was named to go on", explain=agent.tail)
    assert not fake.ran_since("a", since) and not fake.ran_since("c", since)


def test_a_different_digest_asks_for_the_whole_set_once(agent, fake):
    fake.set_jobs("a")
    start(agent)
    wait_until(lambda: fake.ran("a"), 10, "the job", explain=agent.tail)
    fake.script = lambda sync: fake.honest(sync, jobSet={
        "mode": "none", "revision": fake.revision, "digest": "00000000000000ff", "more": False, "upserts": [], "deletes": []})  # fmt: skip
    count = len(fake.syncs())
    wait_until(lambda: [s for s in fake.syncs()[count:] if s.json()["jobSet"]["revision"] == 0], 10, "the question for a snapshot", explain=agent.tail)
    fake.script = None
    wait_until(lambda: fake.syncs()[-1].json()["jobSet"]["revision"] == fake.revision, 10, "the set again", explain=agent.tail)
    assert "asking for all of it" in agent.log()


def test_an_ack_of_records_that_were_never_sent_is_refused(agent, fake):
    fake.set_jobs("a")
    fake.script = lambda sync: fake.honest(sync, ackedSeq=1000000)
    start(agent)
    wait_until(lambda: "central acknowledges records that were not sent" in agent.log(), 10, "the refusal")
    agent.stop()
    assert agent.database().execute("SELECT acked_seq FROM state").fetchone()[0] == 0


def test_a_reply_to_another_sync_is_not_used(agent, fake):
    fake.set_jobs("a")
    start(agent)
    wait_until(lambda: fake.acked >= 1, 15, "the first record", explain=agent.tail)
    kept = fake.syncs()[-1].json()
    fake.set_jobs("b")
    fake.script = lambda sync: fake.honest(sync, syncId=kept["syncId"])
    before = len(fake.syncs())
    wait_until(lambda: len(fake.syncs()) >= before + 5, 15, "five replies of that kind", explain=agent.tail)
    assert {job["jobId"] for job in agent.get("/jobs")["jobs"]} == {"a"}, "a reply to another request brought its job set"
    assert len({r.json()["syncId"] for r in fake.syncs()}) == len(fake.syncs()), "two requests have one id"
    fake.script = lambda sync: fake.honest(sync, syncId=sync["syncId"])
    wait_until(lambda: {job["jobId"] for job in agent.get("/jobs")["jobs"]} == {"b"}, 15, "its own reply", explain=agent.tail)


@pytest.mark.parametrize("answer", [b"", b"{", b"[]", b"{}", b'{"version":1}', b"<html>a proxy's page</html>"])
def test_an_answer_that_is_none_changes_nothing(agent, fake, answer):
    fake.set_jobs("a")
    start(agent)
    wait_until(lambda: fake.ran("a"), 10, "the job", explain=agent.tail)
    fake.script = lambda sync: (200, {"Content-Type": "application/json"}, answer)
    wait_until(lambda: "sync with central failed; jobs go on running" in agent.log(), 10, "the complaint")
    fake.target.clear()
    wait_until(lambda: len(fake.ran("a")) >= 2, 10, "the job to go on", explain=agent.tail)


def test_an_answer_that_begins_with_a_continuation_line_is_refused_and_syncs_go_on(agent, fake):
    odd = []

    def answer(request, handler):
        if request.path != "/api/agent/sync" or len(fake.syncs()) % 2 == 1:
            return fake.answer(request, handler)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n \tX: " + b"y" * 500 + b"\r\nContent-Length: 0\r\n\r\n")
        odd.append(request)
        return None, {}, b""

    fake.target.behave(answer)
    fake.set_jobs("a")
    start(agent)
    wait_until(lambda: len(odd) >= 3 and fake.records, 30, "three such answers, and records between them", explain=agent.tail)


@pytest.mark.parametrize("status", [429, 503, 507])
def test_retry_after_is_honoured(agent, fake, status):
    fake.script = lambda sync: FakeCentral.problem(status, "come back later", **{"Retry-After": "4"})
    start(agent)
    wait_until(fake.syncs, 10, "the first sync")
    fake.script = None
    wait_until(lambda: len(fake.syncs()) >= 2, 15, "the second sync")
    first, second = fake.syncs()[:2]
    assert second.started - first.started > 3.9


def test_a_key_that_is_not_accepted_is_said_loudly_and_jobs_go_on(agent, fake):
    fake.set_jobs("a")
    start(agent)
    wait_until(lambda: fake.ran("a"), 10, "the job", explain=agent.tail)
    fake.script = lambda sync: FakeCentral.problem(401, "unknown key")
    wait_until(lambda: "enrol again" in agent.log(), 10, "the line")
    fake.target.clear()
    wait_until(lambda: len(fake.ran("a")) >= 2, 10, "the job to go on", explain=agent.tail)


def test_an_agent_that_is_told_of_its_revocation_starts_nothing_new(agent, fake):
    fake.set_jobs("a")
    start(agent)
    wait_until(lambda: fake.ran("a"), 10, "the job", explain=agent.tail)
    fake.script = lambda sync: FakeCentral.reply(401, {"title": "No", "status": 401, "detail": "revoked", "revoked": True})
    wait_until(lambda: agent.status()["central"]["refused"], 10, "the refusal")
    refused = time.time()
    time.sleep(4)  # silence is what is measured
    assert not [r for r in fake.ran("a") if r.due > refused + 1]  # but for what was planned
    assert "this agent was revoked: enrol again" in agent.log()


def test_a_job_that_cannot_be_parsed_is_left_out_and_the_others_run(agent, fake):
    fake.set_jobs("a", "b")
    fake.jobs[0]["schedule"] = "@someday"
    start(agent)
    wait_until(lambda: fake.ran("b"), 10, "the good job", explain=agent.tail)
    time.sleep(2)
    assert sum(s.json()["jobSet"]["revision"] == 0 for s in fake.syncs()) == 1, "only the first sync asks for all"
    assert agent.log().count("is left out") == 1


def test_a_command_runs_once_however_often_it_comes(agent, fake):
    fake.set_jobs("a")
    fake.jobs[0]["active"] = False
    fake.commands = [{"id": 7, "type": "run", "jobId": "a"}]
    start(agent)
    wait_until(lambda: [s for s in fake.syncs() if 7 in s.json()["doneCommands"]], 10, "the receipt", explain=agent.tail)
    wait_until(lambda: fake.ran("a"), 10, "the run", explain=agent.tail)
    before = len(fake.syncs())
    wait_until(lambda: len(fake.syncs()) >= before + 5, 10, "the command to come again", explain=agent.tail)
    assert len(fake.ran("a")) == 1


def test_a_damaged_record_is_replaced_and_holds_up_nothing(agent, fake):
    fake.set_jobs("a")
    fake.script = lambda sync: FakeCentral.problem(503, "later") if sync["records"] else None
    start(agent)
    wait_until(lambda: len(fake.ran("a")) >= 4, 15, "some runs", explain=agent.tail)
    agent.stop()
    connection = sqlite3.connect(agent.state / "agent.db")
    with connection:
        connection.execute("UPDATE outbox SET record = '{\"executionId\":\"broken' WHERE seq = 2")
    connection.close()
    refused = []

    def strict(request, handler):
        if request.path == "/api/agent/sync":
            try:
                request.json()
            except ValueError:
                refused.append(request)
                return FakeCentral.problem(400, "broken JSON")
        return fake.answer(request, handler)

    fake.script = None
    fake.target.behave(strict)
    start(agent)
    wait_until(lambda: fake.acked >= 5, 15, "the records after it", explain=agent.tail)
    assert len(refused) == 1
    assert fake.records[2]["event"] == "storeFailed"


def test_a_failure_is_told_at_once(agent, fake):
    fake.set_jobs("a")
    fake.jobs[0].update(retry={"maxAttempts": 1}, api=f"{fake.url}/bad")
    honest = fake.answer
    fake.target.behave(lambda request, handler: 500 if request.path == "/bad" else honest(request, handler))
    fake.script = lambda sync: fake.honest(sync, nextSyncMs=60000)
    start(agent)
    wait_until(lambda: any(r["status"] == "failed" for r in fake.records.values()), 8, "the failure", explain=agent.tail)


def test_enrolment_without_central_is_one_line_and_leaves_no_key(world):
    agent = world.agent("http://127.0.0.1:9")
    done = agent.run("enroll", "--central", "http://127.0.0.1:9", "--token", "x")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "cannot be reached" in done.stderr
    assert not agent.enrolled


def test_the_key_is_for_its_owner_only(agent):
    key = agent.state / "agent.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "already enrolled" in agent.run("enroll", "--central", "http://127.0.0.1:9", "--token", "x").stdout
    key.chmod(0o644)
    done = agent.run("run")
    assert done.returncode == 1 and "can be read by others" in done.stderr
