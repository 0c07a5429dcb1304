"""Central and its PostgreSQL on a bad host, and before a herd: a disk that is full, slow or fails to sync, no descriptors, no memory. Nothing is
acked that is not kept, every refusal says when to come again, agents go on firing, and central comes back by itself."""
import os
import re
import resource
import shutil
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from harness.api import Api, assert_problem
from harness.disk import fill, make_room
from harness.ledger import assert_each_second_once, instant, latest, now
from harness.postgres import Cluster
from harness.syscalls import Injection
from harness.waiting import wait_until
from raw_agent import NOW, RawAgent, executions
from test_ingest import assert_sums_agree

pytestmark = pytest.mark.long

REFUSALS = (429, 503, 507)


class Sender:
    """An agent that is nothing but records: what it sent, how much of it was acked, how often it was refused."""

    def __init__(self, central, name="raw"):
        self.raw, self.job_id = RawAgent(central, name), str(uuid.uuid4())
        self.records, self.acked, self.refusals, self.odd = [], 0, [], []

    def send(self, n=200):
        """One batch; what was refused is sent again with it."""
        if len(self.records) < self.acked + n:
            self.records += executions(self.job_id, n, NOW - timedelta(seconds=len(self.records) + n))
        try:
            reply = self.raw.post(self.raw.body(self.acked + 1, self.records[self.acked : self.acked + 1000]))
        except requests.ConnectionError:
            self.refusals.append(None)
            return
        if reply.status_code == 200:
            self.acked = reply.json()["ackedSeq"]
            return
        self.refusals.append(reply.status_code)
        if reply.status_code not in REFUSALS or int(reply.headers.get("Retry-After", 0)) < 1:
            self.odd.append(f"{reply.status_code} {reply.headers} {reply.text}")

    def finish(self, world):
        """Until all is acked. Whatever was refused before must have been told to come again."""
        assert not self.odd, self.odd[:3]
        self.send()
        wait_until(lambda: self.acked == len(self.records) or self.send(), 60, "central to take all", explain=world.tails)

    def kept(self, database):
        return database.query("SELECT count(*) FROM execution WHERE job_id = %s", (self.job_id,))[0][0]


class Cast:
    """A cluster, central, an agent with a job every second, a sender."""

    def __init__(self, world, target, cluster):
        self.world, self.target, self.cluster = world, target, cluster if cluster.running() else cluster.start()
        self.database = world.database(cluster)
        self.central = world.central(self.database).start()
        self.central.allow("database|chore failed")
        self.pid = self.central.pid
        self.agent = world.agent(self.central).start()
        self.job = self.central.api.create_job("* * * * * *", target.url + "/foo")["jobId"]
        wait_until(lambda: self.central.api.executions(jobId=self.job), 20, "the first execution", explain=world.tails)
        self.sender = Sender(self.central)
        self.sender.send()
        assert self.sender.acked == 200

    def reconnect(self):
        """Central gets new connections, with server processes that were begun now."""
        self.database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                            (self.database.name,))  # fmt: skip

    def fires_go_on(self, n=5):
        before = len(self.target.requests())
        wait_until(lambda: len(self.target.requests()) >= before + n, 20, "the agent to go on firing", explain=self.world.tails)

    def check(self):
        """Central is there by itself, with every record once."""
        api = self.central.api
        wait_until(lambda: api.get("/readyz").status_code == 200, 30, "central to be back", explain=self.world.tails)
        assert self.central.running()
        self.sender.finish(self.world)
        assert self.sender.kept(self.database) == len(self.sender.records)
        since = now()
        wait_until(lambda: (latest(api.executions(jobId=self.job)) or since) > since, 40, "the agent's records", explain=self.world.tails)
        found = api.executions(jobId=self.job)
        assert_each_second_once(found, min(instant(e["scheduledAt"]) for e in found), since)
        assert_sums_agree(self.database)


def test_on_a_full_disk_nothing_is_acked_that_is_not_kept_and_central_comes_back_when_there_is_space(world, target, disk):
    folder = disk(world.folder / "small", "200m", "755")
    cast = Cast(world, target, world.add(Cluster(world.template, folder, settings={"min_wal_size": "32MB", "max_wal_size": "64MB"})))
    sender, api = cast.sender, cast.central.api
    fill(folder)

    def refused():
        fill(folder)
        sender.send()
        return len(sender.refusals) >= 5

    wait_until(refused, 60, "central to refuse records", explain=world.tails)
    for reply in (api.post("/api/jobs", json={"schedule": "0 0 1 1 *", "api": target.url}), api.get("/api/jobs"), api.get("/readyz")):
        assert reply.status_code in (200, 201, 503, 507), f"{reply.status_code} {reply.text}"
    assert Api(cast.central.url).get("/healthz").status_code == 200
    cast.fires_go_on()
    make_room(folder)
    if not cast.cluster.running():  # without space to recover in, PostgreSQL itself may have ended
        cast.cluster.kill()
        cast.cluster.start()
    cast.check()
    assert cast.central.pid == cast.pid


def test_without_room_for_tables_changes_are_507_and_agents_keep_what_they_have(world, target, disk):
    """The log of PostgreSQL has a disk of its own, so the server goes on and only says no."""
    folder = disk(world.folder / "tables", "64m")
    shutil.chown(folder, "postgres", "postgres")
    cluster = world.cluster().start()
    cluster.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
    cluster.execute("ALTER DATABASE template1 SET TABLESPACE small")  # and so of what is made after it
    cast = Cast(world, target, cluster)
    cast.central.allow("statement failed")
    api, agent = cast.central.api, cast.agent
    fill(folder)
    body = {"schedule": "0 0 1 1 *", "api": target.url, "body": "".join(uuid.uuid4().hex for _ in range(1000))}

    def refused():
        reply = api.post("/api/jobs", json=body)
        return [reply] if reply.status_code != 201 else []

    (reply,) = wait_until(refused, 60, "the tables to be full", explain=world.tails)
    problem = assert_problem(reply, 507)
    assert "no room on its disk" in problem["detail"] and "Make room" in problem["detail"]
    assert problem["title"] == "Insufficient Storage" and int(reply.headers["Retry-After"]) >= 1
    jobs = api.json("/api/jobs", limit=1)["jobs"]
    wait_until(lambda: cast.sender.send(1000) or 507 in cast.sender.refusals, 60, "records to be refused", explain=world.tails)
    acked = cast.sender.acked
    wait_until(lambda: "Insufficient Storage" in (agent.status()["central"]["error"] or ""), 60, "the agent to say why", explain=world.tails)
    assert agent.status()["store"]["outboxDepth"] > 0
    cast.fires_go_on()
    assert jobs and Api(cast.central.url).get("/readyz").status_code == 200
    assert cast.central.log().count("No space left on device") < 20, "one line for each refusal"
    make_room(folder)
    assert cast.sender.kept(cast.database) == acked
    wait_until(lambda: api.post("/api/jobs", json=body).status_code == 201, 30, "changes to be taken again", explain=world.tails)
    cast.check()
    assert cast.central.pid == cast.pid


def test_when_postgresqls_disk_fails_to_sync_nothing_is_acked_that_is_not_kept(world, target):
    """A failed sync of its log is a panic of PostgreSQL: it throws out everybody and recovers."""
    cast = Cast(world, target, world.cluster())
    sender = cast.sender
    injection = Injection(cast.cluster, None, "fdatasync", "error=EIO:when=12", world.folder)
    try:
        cast.reconnect()

        def panicked():
            sender.send()
            return cast.cluster.log().count("PANIC") >= 3

        wait_until(panicked, 60, "three panics", explain=world.tails)
    finally:
        injection.detach()
    assert injection.injected() >= 3
    assert sender.refusals, "no panic was felt"
    wait_until(lambda: cast.cluster.query("SELECT 1"), 60, "PostgreSQL to recover", explain=world.tails)
    assert sender.kept(cast.database) >= sender.acked, "acked records are gone"
    cast.check()
    assert cast.central.pid == cast.pid


def test_on_a_slow_disk_of_postgresql_senders_wait_or_are_told_to_and_fires_are_on_time(world, target, pulse):
    cast = Cast(world, target, world.cluster())
    senders = [Sender(cast.central, f"raw-{n}") for n in range(12)]
    ended = threading.Event()
    failures = []

    def run(sender):
        try:
            while not ended.is_set():
                sender.send(50)
        except BaseException as e:
            failures.append(e)

    injection = Injection(cast.cluster, None, "fdatasync", "delay_enter=300000", world.folder)
    began = now()
    crew = [threading.Thread(target=run, args=(sender,)) for sender in senders]
    for thread in crew:
        thread.start()
    try:
        cast.reconnect()
        wait_until(lambda: injection.injected() >= 30 and all(s.acked >= 100 for s in senders), 60, "slow commits", explain=world.tails)
        assert cast.central.api.get("/api/jobs", timeout=60).status_code in (200, 503)
        cast.fires_go_on(8)
    finally:
        ended.set()
        injection.detach()
        for thread in crew:
            thread.join()
    assert not failures, failures[0]
    cast.check()
    for sender in senders:
        sender.finish(world)
        assert sender.kept(cast.database) == len(sender.records)
    during = [e["latenessMs"] for e in cast.central.api.executions(jobId=cast.job) if instant(e["scheduledAt"]) > began]
    assert max(during) < pulse.allows(1000), "central's disk made the agent late"


def test_without_descriptors_central_serves_who_is_there_and_takes_others_when_there_are_some(world, target):
    cast = Cast(world, target, world.cluster())
    limit = resource.prlimit(cast.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(cast.pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{cast.pid}/fd")) - 1, limit[1]))
    strangers = [socket.create_connection(("127.0.0.1", port)) for port in (cast.central.api_port, cast.central.agent_port) for _ in range(20)]
    began, processor = time.monotonic(), cast.central.processor_seconds()
    sent = cast.sender.acked
    wait_until(lambda: cast.sender.send() or cast.sender.acked >= sent + 1000, 30, "who was there to be served", explain=world.tails)
    cast.reconnect()  # and central finds no descriptor for new ones
    cast.sender.send()
    assert cast.sender.refusals, "the shortage was not felt"
    cast.fires_go_on(8)
    spent, took = cast.central.processor_seconds() - processor, time.monotonic() - began
    assert spent < 0.5 * took + 1, f"it spins: {spent:.1f} s of processor time in {took:.1f} s"
    for stranger in strangers:
        stranger.close()
    resource.prlimit(cast.pid, resource.RLIMIT_NOFILE, limit)
    cast.check()
    assert cast.central.pid == cast.pid


def test_when_memory_runs_out_under_central_nothing_acked_is_lost(world, target):
    """It refuses, or it ends and a service manager starts it again, as this test does."""
    cast = Cast(world, target, world.cluster())
    cast.central.allow("GLib-ERROR|failed to allocate|out of memory|Cannot allocate")
    senders = [Sender(cast.central, f"raw-{n}") for n in range(6)]
    deaths = 0

    def starve():
        """What it has is all it gets. Not RLIMIT_AS: malloc keeps address space in reserve."""
        has = kilobytes(cast.central, "VmData") << 10
        resource.prlimit(cast.central.pid, resource.RLIMIT_DATA, (has, resource.RLIM_INFINITY))

    def felt():
        nonlocal deaths
        list(crew.map(lambda sender: sender.send(1000), senders))
        if not cast.central.running():
            deaths += 1
            cast.central.kill()
            cast.central.start()
            starve()
        return deaths >= 2 or sum(len(sender.refusals) for sender in senders) >= 20

    starve()
    with ThreadPoolExecutor(len(senders)) as crew:
        wait_until(felt, 60, "central to feel the limit", explain=world.tails)
    print(f"{deaths} deaths, {sum(len(sender.refusals) for sender in senders)} refusals")
    if cast.central.running():
        resource.prlimit(cast.central.pid, resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        cast.central.kill()
        cast.central.start()
    cast.check()
    for sender in senders:
        sender.finish(world)
        assert sender.kept(cast.database) == len(sender.records)


def kilobytes(central, name):
    return int(re.search(name + r":\s+(\d+)", open(f"/proc/{central.pid}/status").read())[1])


def half_sent_bodies(central, n):
    """Connections that sent nearly all of a large body, or as much as was taken."""
    size = 8 << 20
    head = f"POST /api/agent/sync HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode()
    taken = []
    for _ in range(n):
        connection = socket.create_connection(("127.0.0.1", central.agent_port), timeout=10)
        try:
            connection.sendall(head + b" " * (size - 1))
            taken.append(connection)
        except OSError:
            connection.close()
    return taken


def test_with_little_memory_what_is_too_much_is_503_and_central_lives_on(world):
    central = world.central(memory_max_mb=160).start()
    central.allow("not enough memory|chore failed|could not be folded")
    api, database = central.api, central.database
    pid = central.pid
    senders = [Sender(central, f"raw-{n}") for n in range(8)]
    api.create_job("@daily", "http://127.0.0.1:1/", body="".join(uuid.uuid4().hex for _ in range(1800)))
    database.execute("""INSERT INTO job (job_id, revision, name, active, type, target_mode, definition, created_at, created_by, updated_at,
        updated_by) SELECT gen_random_uuid(), revision, 'large', active, type, target_mode, definition, created_at, created_by, updated_at,
        updated_by FROM job, generate_series(1, 500)""")
    resource.prlimit(central.pid, resource.RLIMIT_DATA, ((kilobytes(central, "VmData") + (400 << 10)) << 10, resource.RLIM_INFINITY))
    refusals, odd, ended = [], [], threading.Event()

    def ask():
        mine = central.api
        while not ended.is_set():
            reply = mine.get("/api/jobs", params={"limit": 500})
            if reply.status_code == 503 and int(reply.headers["Retry-After"]) >= 1:
                refusals.append(reply.json()["title"])
            elif reply.status_code != 200:
                odd.append(f"{reply.status_code} {reply.text[:200]}")

    with ThreadPoolExecutor(30) as crew:
        work = [crew.submit(ask) for _ in range(16)]
        until = time.monotonic() + 10
        try:
            while time.monotonic() < until:
                list(crew.map(lambda sender: sender.send(1000), senders))
            taken = half_sent_bodies(central, 60)
            wait_until(lambda: [sender.send(1000) for sender in senders] and any(sender.refusals for sender in senders), 20, "records to be refused")
        finally:
            ended.set()
        for job in work:
            job.result()
    assert not odd, odd[:3]
    assert "Out Of Memory" in refusals
    assert len(taken) < 60, "all bodies were taken"
    print(f"{len(refusals)} refusals, {len(taken)} bodies, {kilobytes(central, 'VmHWM') >> 10} MB at most")
    assert kilobytes(central, "VmHWM") < 200 << 10
    for connection in taken:
        connection.close()
    wait_until(lambda: api.get("/api/jobs", params={"limit": 10}).status_code == 200, 60, "central to serve", explain=central.tail)
    for sender in senders:
        sender.finish(world)
        assert sender.kept(database) == len(sender.records)
    assert central.pid == pid and central.running()


def test_a_herd_is_told_to_come_later_and_gets_in_at_the_rate(world, database):
    """Hundreds of agents return in one moment; the rate is that of a central for twenty a second."""
    rate, herd = 20, 200
    raw = RawAgent(world.central(database, syncs_per_second=rate).start())
    firsts, told, odd = [], [], []

    def come_back(_):
        while True:
            reply = raw.post(raw.body(), session=requests)
            firsts.append(time.monotonic()) if len(firsts) < herd else None
            if reply.status_code == 200:
                return time.monotonic()
            retry_s = int(reply.headers.get("Retry-After", 0))
            told.append(retry_s) if reply.status_code == 429 and retry_s >= 1 else odd.append((reply.status_code, reply.text))
            time.sleep(max(retry_s, 1))

    began = time.monotonic()
    with ThreadPoolExecutor(herd) as crew:
        served = sorted(at - began for at in crew.map(come_back, range(herd)))
    assert not odd, odd[:3]
    # What the bucket holds comes in at once, the others at the rate, which is a quarter above what agents are told.
    let_in = 1.25 * rate * (1 + max(firsts) - began)
    assert len(told) >= herd - let_in, f"{len(told)} were told to come later, and {let_in:.0f} may have come in at once"
    assert served[-1] > herd / rate / 2, f"all were let in within {served[-1]:.1f} s"
    print(f"{herd} in {served[-1]:.1f} s, {len(told)} times told to come later")
