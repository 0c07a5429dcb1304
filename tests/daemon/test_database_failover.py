"""The primary PostgreSQL is killed and its synchronous standby promoted: central comes back by itself, with every acked record."""
import os
import shutil
import subprocess
import threading
import time
import uuid
from datetime import timedelta

import requests
from harness.api import Api
from harness.paths import postgres_bin
from harness.postgres import _as_server_user
from harness.waiting import wait_until
from raw_agent import NOW, RawAgent, executions

BACK_SECONDS = 10


class TwoHosts:
    """What central is pointed at: both servers, whichever takes writes."""

    def __init__(self, primary, standby, name):
        self.conninfo = (f"host=127.0.0.1,127.0.0.1 port={primary.port},{standby.port} user=belfry dbname={name} "
                         "target_session_attrs=read-write")


def make_standby(world, primary):
    standby = world.cluster("standby")
    for entry in standby.data.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    done = subprocess.run(
        [str(part) for part in _as_server_user() + [postgres_bin() / "pg_basebackup", "-h", "127.0.0.1", "-p", primary.port, "-U", "belfry",
                                                    "-D", standby.data, "-R", "-c", "fast", "-X", "stream"]],
        capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    standby._configure({"hot_standby": "on"})
    standby.start()
    wait_until(lambda: primary.query("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == [(1,)], 30, "the standby")
    primary.set(synchronous_standby_names="*")
    wait_until(lambda: primary.query("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == [(1,)], 30,
               "synchronous replication")
    return standby


class Sender(threading.Thread):
    """Sends records without a pause; knows what was acked, and when the last refusal was."""

    def __init__(self, raw, job_id):
        super().__init__()
        self.raw, self.job_id = raw, job_id
        self.acked, self.refused, self.records, self.ended = 0, 0, [], threading.Event()
        self.last_good = 0.0
        self.odd = []

    def run(self):
        while not self.ended.is_set():
            if self.acked == len(self.records):
                self.records += executions(self.job_id, 40, NOW - timedelta(seconds=len(self.records) + 60))
            try:
                reply = self.raw.post(self.raw.body(self.acked + 1, self.records[self.acked:]), session=requests)
            except requests.RequestException as e:
                self.odd.append(str(e))
                continue
            if reply.status_code == 200:
                self.acked, self.last_good = reply.json()["ackedSeq"], time.monotonic()
            elif reply.status_code == 503 and reply.headers.get("Retry-After"):
                self.refused += 1
                self.ended.wait(0.1)
            else:
                self.odd.append(f"{reply.status_code} {reply.text}")


def test_a_promoted_standby_is_found_with_every_acked_record_while_agents_fire(world):
    folder_mode = os.stat(world.folder).st_mode
    assert folder_mode & 0o055, "the server's user must reach the folder"
    primary = world.cluster("primary").start()
    name = primary.create_database("belfry_ha").name
    standby = make_standby(world, primary)
    central = world.central(TwoHosts(primary, standby, name)).start()
    central.allow("database|chore failed|sums could not|statement")
    target = world.target()
    agent = world.agent(central)
    agent.start()
    job_id = central.api.create_job("* * * * * *", f"{target.url}/fire")["jobId"]
    wait_until(lambda: len(target.requests()) > 1, 20, "the first fires")
    sender = Sender(RawAgent(central), str(uuid.uuid4()))
    sender.start()
    try:
        wait_until(lambda: sender.acked > 400, 30, "records before the loss")
        primary.kill()
        killed = time.monotonic()
        wait_until(lambda: sender.refused > 0, 20, "the loss to be felt")
        fired_before, acked_before = len(target.requests()), sender.acked
        wait_until(lambda: len(target.requests()) >= fired_before + 2, 20, "fires that come out of the outage", explain=agent.tail)
        assert standby.query("SELECT pg_promote(true, 30)") == [(True,)]
        promoted = time.monotonic()
        wait_until(lambda: Api(central.url, central.token).get("/readyz", timeout=5).status_code == 200 and sender.last_good > promoted,
                   BACK_SECONDS, "central to be back by itself")
        assert standby.query("SELECT count(*) FROM execution WHERE job_id = %s", (sender.job_id,), name)[0][0] >= acked_before
        wait_until(lambda: sender.acked > acked_before + 400, 30, "records after the loss")
    finally:
        sender.ended.set()
        sender.join(60)
    assert not sender.odd, sender.odd[:3]
    assert killed < promoted
    assert standby.query("SELECT count(*) FROM execution WHERE job_id = %s", (sender.job_id,), name) == [(sender.acked,)]
    own = lambda: standby.query("SELECT count(DISTINCT scheduled_at), max(scheduled_at) - min(scheduled_at) FROM execution "  # noqa: E731
                                "WHERE job_id = %s", (job_id,), name)[0]
    wait_until(lambda: own()[0] >= 6 and own()[0] == own()[1].total_seconds() + 1, 20, "the agent's own records, without a hole",
               explain=lambda: f"fires and their span: {own()}")


def test_a_commit_that_was_cancelled_while_it_waited_for_the_standby_is_no_ack(world):
    """The server answers COMMIT, and a warning that the standby may not have it. Who acks that loses it with the primary."""
    cluster = world.cluster("waiting").start()
    database = cluster.create_database("belfry_wait")
    central = world.central(database).start()
    central.allow("chore failed|sums could not")
    raw, records = RawAgent(central), executions(str(uuid.uuid4()), 20, NOW)
    assert raw.sync(1, records[:10])["ackedSeq"] == 10  # its day is there, and the first chores are done
    wait_until(lambda: "does the chores now" in central.log(), 20, "the chores")
    cluster.set(synchronous_standby_names="nobody")
    wait_until(lambda: cluster.query("SHOW synchronous_standby_names") == [("nobody",)], 20, "the setting")
    waiting = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'belfry-central agents'"
    replies = []
    sender = threading.Thread(target=lambda: replies.append(raw.post(raw.body(11, records[10:]))))
    sender.start()
    try:
        wait_until(lambda: cluster.query(waiting) != [], 20, "a commit that waits for the standby")
        sender.join(30)
    finally:
        cluster.set(synchronous_standby_names="")
    assert [reply.status_code for reply in replies] == [503], replies[0].text
    wait_until(lambda: raw.post(raw.body(11, records[10:])).status_code == 200, 20, "the ack, now that it is safe")
    assert database.query("SELECT count(*) FROM execution") == [(20,)]
