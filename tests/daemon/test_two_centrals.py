"""Two centrals on one database, either killed -9 at any time under load: no lost ack, no error beyond a retry."""
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import requests
from raw_agent import NOW, RawAgent, executions
from test_ingest import assert_sums_agree

from harness.waiting import wait_until

AGENTS = 6
KILLS = 6
LOAD_SECONDS = 300


class Sender:
    """One agent that sends batch after batch, to either central; a failed one goes to the other central at once."""

    def __init__(self, centrals, n):
        self.raw, self.urls = RawAgent(centrals[0], f"raw-{n}"), [central.agent_url for central in centrals]
        self.rng, self.job_id = random.Random(n), str(uuid.uuid4())
        self.acked = self.retries = self.turns = 0
        self.records = []

    def try_one(self, url):
        body = self.raw.body(self.acked + 1, self.records[self.acked:])
        try:
            reply = self.raw.post(body, url, session=requests)
        except requests.ConnectionError:
            return False
        assert reply.status_code == 200, f"{reply.status_code} {reply.text}"
        self.acked = reply.json()["ackedSeq"]
        return True

    def run(self, ended):
        while not ended.is_set():
            self.records += executions(self.job_id, self.rng.randint(1, 80), NOW - timedelta(seconds=len(self.records) + 100))
            first, second = self.rng.sample(self.urls, 2)
            if not self.try_one(first):
                self.retries += 1
                assert self.try_one(second), "the other central did not answer either"
            assert self.acked == len(self.records)
            self.turns += 1


def wait_turns(senders, n=2):
    """Until each has begun anew since now: nobody is in the middle of a retry for what was killed before."""
    turns = [sender.turns for sender in senders]
    wait_until(lambda: all(sender.turns >= before + n for sender, before in zip(senders, turns)), 30, "every sender to go on", every=0.01)


def test_either_of_two_centrals_killed_at_any_time_loses_no_ack_and_costs_a_retry_at_most(world, database):
    one = world.central(database, agent_threads=8).start()
    other = world.beside(one, agent_threads=8).start()
    centrals, ended, rng = [one, other], threading.Event(), random.Random(4)
    senders = [Sender(centrals, n) for n in range(AGENTS)]
    with ThreadPoolExecutor(AGENTS) as pool:
        running = [pool.submit(sender.run, ended) for sender in senders]
        try:
            for n in range(KILLS):
                time.sleep(rng.uniform(0.2, 0.8))
                victim = centrals[n % 2]
                wait_turns(senders)
                felt = sum(sender.retries for sender in senders)
                victim.kill()
                wait_until(lambda: sum(sender.retries for sender in senders) > felt, 30, "the kill to be felt", every=0.01)
                victim.start()
        finally:
            ended.set()
        for done in running:
            done.result(LOAD_SECONDS)
    acked = sum(sender.acked for sender in senders)
    assert sum(sender.retries for sender in senders) >= KILLS, "the kills were not felt"
    assert database.query("SELECT count(*) FROM execution") == [(acked,)]
    assert database.query("SELECT sum(acked_seq) FROM agent_stream") == [(acked,)]
    assert database.query("SELECT count(*) FROM agent_stream WHERE holes <> '[]'") == [(0,)]
    assert_sums_agree(database)


def test_a_revoked_key_opens_nothing_after_a_second_on_either_central_over_connections_that_are_kept(world, database):
    one = world.central(database).start()
    other = world.beside(one).start()
    raw = RawAgent(one, "raw")
    kept = {central.agent_url: requests.Session() for central in (one, other)}
    for url, session in kept.items():
        assert raw.post(raw.body(), url, session=session).status_code == 200
    assert one.api.post(f"/api/agents/{raw.agent_id}/actions/revoke").status_code == 200
    revoked = time.monotonic()
    taken = {url: 0.0 for url in kept}
    while time.monotonic() < revoked + 2.5:
        for url, session in kept.items():
            begun = time.monotonic() - revoked
            status = raw.post(raw.body(), url, session=session).status_code
            assert status in (200, 401)
            if status == 200:
                taken[url] = begun
    assert max(taken.values()) <= 1, f"taken until so many seconds after it was revoked: {taken}"
