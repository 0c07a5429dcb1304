"""Several agents with jobs of their own that are due every second, and the account of it all at the end."""
import threading
from collections import Counter, defaultdict
from datetime import timedelta

from .ledger import assert_target_agrees, instant, now, rfc3339, seconds_between
from .waiting import wait_until

EVERY_SECOND = "* * * * * *"
PATIENT = {"maxAttempts": 100, "initialBackoffMs": 10, "maxBackoffMs": 100}


def decided_seconds(executions):
    """{instant: how often it was decided} of one job; the instants of a missed range one by one."""
    found = Counter()
    for e in executions:
        if e["cause"] != "manual":
            found.update(seconds_between(instant(e["scheduledAt"]), instant(e.get("lastScheduledAt") or e["scheduledAt"])))
    return found


class Fleet:
    """`add` an agent with its jobs, `start`, do harm, `check`."""

    def __init__(self, world, central, target):
        self.world, self.central, self.target = world, central, target
        self.api = central.api
        self.agents = []
        self.jobs = {}  # {job id: agent}
        self.once = set()  # those of them that are ATMOST_ONCE

    def add(self, name, jobs=3, agent=None, **job):
        """An enrolled agent with so many jobs, their fires spread over the second."""
        agent = agent or self.world.agent(self.central, name=name)
        if not agent.enrolled:
            agent.enrol(token=self.api.enrol_token())
        self.agents.append(agent)
        for n in range(jobs):
            self.add_job(agent, **{"retry": PATIENT, **job})
        return agent

    def add_job(self, agent, path=None, schedule=EVERY_SECOND, url=None, **more):
        job = self.api.create_job(
            schedule, (url or self.target.url) + (path or f"/{agent.name}"),
            **{"jitterMs": 900, "target": {"mode": "agent", "agent": agent.name}, **more},
        )["jobId"]  # fmt: skip
        self.jobs[job] = agent
        if more.get("type") == "ATMOST_ONCE":
            self.once.add(job)
        return job

    def start(self):
        for agent in self.agents:
            agent.start()
        wait_until(lambda: {r.json()["jobId"] for r in self.target.requests()} >= set(self.jobs), 20, "every job to run",
                   explain=self.world.tails)  # fmt: skip
        return self

    def in_parallel(self, work, agents=None):
        """work(agent) for each agent in a thread of its own; the first failure is raised here."""
        failures = []

        def run(agent):
            try:
                work(agent)
            except BaseException as e:
                failures.append(e)

        crew = [threading.Thread(target=run, args=(agent,)) for agent in agents or self.agents]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        if failures:
            raise failures[0]

    def requests_of(self, agent, since=0.0):
        return [r for r in self.target.requests(f"/{agent.name}") if r.started > since]

    def executions(self, agent=None):
        """{job: [execution]} as central has it."""
        found = defaultdict(list)
        for e in self.api.executions():
            if e["jobId"] in self.jobs and agent in (None, self.jobs[e["jobId"]]):
                found[e["jobId"]].append(e)
        return found

    def settle(self, timeout=40):
        """Waits until central has every job's fires up to now; then ({job: [execution]}, that instant)."""
        until = now().replace(microsecond=0)

        def whole():
            found = self.executions()
            for job in self.jobs:
                due = decided_seconds(found[job])
                if not found[job] or [t for t in seconds_between(min(due), until) if t not in due]:
                    return None
            return found

        found = wait_until(whole, timeout, f"central to have all up to {rfc3339(until)}", every=0.5, explain=lambda: self._gaps(until))
        return {job: [e for e in found[job] if instant(e["scheduledAt"]) <= until] for job in self.jobs}, until

    def _gaps(self, until):
        words, found = [], self.executions()
        for job, agent in self.jobs.items():
            due = decided_seconds(found[job])
            gaps = [rfc3339(t) for t in seconds_between(min(due, default=until), until) if t not in due]
            if gaps:
                words.append(f"{agent.name} {job}: {len(gaps)} undecided, {gaps[0]} to {gaps[-1]}\n{agent.tail()}")
        return "\n".join(words[:3])

    def check(self, allowed=("success",), timeout=40):
        """Every second of every job is decided once, at most once means that, no number of a record is missing. Returns the
        executions and the requests up to the instant of the check."""
        found, until = self.settle(timeout)
        executions = [e for job in found.values() for e in job]
        assert len({e["executionId"] for e in executions}) == len(executions), "an execution id stands there twice"
        for job, of_job in found.items():
            doubled = [rfc3339(t) for t, n in decided_seconds(of_job).items() if n > 1]
            assert not doubled, f"{self.jobs[job].name}: decided several times: {doubled[:10]}"
        odd = [e for e in executions if e["status"] not in allowed and not (e["status"] == "interrupted" and e["jobId"] in self.once)]
        assert not odd, f"{len(odd)} of {len(executions)} are not {allowed}: {odd[:2]}"
        requests = [r for r in self.target.requests() if instant(r.json()["scheduledTime"]) <= until]
        assert_target_agrees(executions, requests)
        again = [key for key, n in Counter(r.key for r in requests if r.json()["jobId"] in self.once).items() if n > 1]
        assert not again, f"at-most-once fires that were sent twice: {again[:5]}"
        holes = self.central.database.query("SELECT agent_id, holes::text FROM agent_stream WHERE holes::text <> '[]'")
        assert not holes, holes
        return executions, requests

    def events(self, agent):
        """[(kind, detail)] that the agent told central, oldest first."""
        return self.central.database.query(
            "SELECT e.kind, e.detail FROM agent_event e JOIN agent a USING (agent_id) WHERE a.name = %s ORDER BY e.epoch, e.seq", (agent.name,)
        )

    def wait_event(self, agent, kind, timeout=30):
        return wait_until(lambda: [detail for k, detail in self.events(agent) if k == kind], timeout, f"{kind} of {agent.name} at central",
                          explain=agent.tail)  # fmt: skip


def seconds_ago(seconds):
    return now() - timedelta(seconds=seconds)
