"""An agent that is nothing but HTTP: enrols, and sends whatever a test wants to the sync endpoint."""
import hashlib
import uuid
from datetime import datetime, timedelta, timezone

import requests

NOW = datetime.now(timezone.utc).replace(microsecond=0)


def stamp(at):
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def execution(job_id, at, status="success", execution_id=None, **more):
    """A record as an agent would write it."""
    record = {
        "executionId": execution_id or str(uuid.uuid4()), "jobId": job_id, "jobRevision": 1, "cause": "schedule",
        "scheduledAt": stamp(at), "status": status, "attempts": 0, "finishedAt": stamp(at),
    }
    if status not in ("skipped", "missed"):
        record.update(startedAt=stamp(at + timedelta(milliseconds=1)), finishedAt=stamp(at + timedelta(milliseconds=13)),
                      durationMs=12.0, latenessMs=1.0, attempts=1, httpStatus=200,
                      timing={"connectMs": 0.2, "firstByteMs": 11.0, "totalMs": 12.0})
    record.update(more)
    return {name: value for name, value in record.items() if value is not None}


def executions(job_id, n, start=None, **more):
    start = start or NOW - timedelta(seconds=n)
    return [execution(job_id, start + timedelta(seconds=i), **more) for i in range(n)]


def bound_to(name):
    """The target of a job that one agent only may run."""
    return {"mode": "agent", "agent": name}


def digest(entries):
    """Of a job set: {job id: (revision, target key)}."""
    value = 0
    for job_id, (revision, key) in entries.items():
        value ^= int(hashlib.md5(f"{job_id}:{revision}:{key}".encode()).hexdigest()[:16], 16)
    return f"{value:016x}"


class RawAgent:
    """Keeps a job set as the protocol says; sends records only when told to."""

    def __init__(self, central, name="raw", epoch=1):
        reply = requests.post(f"{central.agent_url}/api/agent/enroll", timeout=60, json={
            "token": central.api.enrol_token(), "name": name, "hostname": "testhost", "agentVersion": "0.0.1"})
        assert reply.status_code == 201, reply.text
        self.agent_id, self.key = reply.json()["agentId"], reply.json()["key"]
        self.url, self.epoch = central.agent_url, epoch
        self.session = requests.Session()
        self.jobs, self.revision, self.named = {}, 0, None

    def body(self, first_seq=1, records=(), acked=None, **more):
        return {
            "version": 1, "agentVersion": "0.0.1", "bootId": "boot-1", "epoch": self.epoch, "sentAt": stamp(datetime.now(timezone.utc)),
            "jobSet": {"revision": self.revision, "digest": digest(self.entries())},
            "firstSeq": first_seq, "ackedSeq": first_seq - 1 if acked is None else acked, "records": list(records),
            "doneCommands": [], "status": {"jobs": len(self.jobs), "running": 0, "outboxDepth": len(records), "clockEpoch": 0,
                                           "tzdata": "2025b"}, **more}

    def entries(self):
        return {job_id: (job["revision"], key) for job_id, (job, key) in self.jobs.items()}

    def post(self, body, url=None, key=None, session=None):
        return (session or self.session).post(f"{url or self.url}/api/agent/sync", json=body, timeout=60,
                                              headers={"Authorization": f"Bearer {key or self.key}"})

    def sync(self, first_seq=1, records=(), **more):
        """Must answer 200: the document. Job sets are not applied."""
        reply = self.post(self.body(first_seq, records, **more))
        assert reply.status_code == 200, f"{reply.status_code} {reply.text}"
        return reply.json()

    def apply(self, job_set):
        if job_set["mode"] == "none":
            return
        if job_set["mode"] == "snapshot":
            self.named = set()
        for upsert in job_set["upserts"]:
            self.jobs[upsert["job"]["jobId"]] = (upsert["job"], upsert["targetKey"])
        for job_id in job_set["deletes"]:
            self.jobs.pop(job_id, None)
        self.revision = job_set["revision"]
        if self.named is not None:
            self.named |= {upsert["job"]["jobId"] for upsert in job_set["upserts"]}
            self.named -= set(job_set["deletes"])
            if not job_set["more"]:
                self.jobs = {job_id: job for job_id, job in self.jobs.items() if job_id in self.named}
                self.named = None

    def follow(self, parts=100):
        """Syncs until nothing more comes; returns the modes of the parts."""
        modes = []
        while parts > 0:
            job_set = self.sync(self.next_seq())["jobSet"]
            modes.append(job_set["mode"])
            self.apply(job_set)
            if not job_set.get("more"):
                assert job_set["digest"] == digest(self.entries()), "the set is not what central thinks it is"
                return modes
            parts -= 1
        raise AssertionError("the job set does not come to an end")

    def next_seq(self):
        return 1
