"""The harness itself: it must find what it is there to find."""
import http.client
import os
import signal

import pytest
import requests

from harness.process import ALARMS
from harness.waiting import TimedOut, wait_until


def test_a_cluster_takes_connections_and_survives_an_immediate_stop(world):
    cluster = world.cluster().start()
    database = cluster.create_database("one")
    database.execute("CREATE TABLE t (n int)")
    database.execute("INSERT INTO t VALUES (7)")
    cluster.crash()
    with pytest.raises(Exception, match="refused"):
        database.query("SELECT 1")
    cluster.start()
    assert database.query("SELECT n FROM t") == [(7,)]
    assert cluster.query("SHOW fsync") == [("on",)]


def test_every_database_of_a_test_is_its_own(world):
    first, second = world.database(), world.database()
    first.execute("CREATE TABLE t (n int)")
    assert second.query("SELECT count(*) FROM pg_tables WHERE tablename = 't'") == [(0,)]


def test_a_target_remembers_requests_and_misbehaves_on_order(target):
    requests.post(target.url + "/foo", json={"a": 1}, headers={"Idempotency-Key": "k"})
    target.behave(lambda request, handler: (503, {"Retry-After": "1"}, b"later"))
    reply = requests.post(target.url + "/foo", headers={"Idempotency-Key": "k"})
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
    assert target.keys("/foo") == {"k": 2}
    assert target.requests()[0].json() == {"a": 1}


def test_a_cut_reply_reaches_the_upstream_and_not_the_client(world, target):
    proxy = world.proxy(target.port)
    proxy.set("cut", cut_after=10, times=1)
    with pytest.raises((requests.ConnectionError, http.client.HTTPException)):
        requests.post(proxy.url + "/a", data=b"x")
    assert requests.post(proxy.url + "/b").status_code == 200
    assert [r.path for r in target.requests()] == ["/a", "/b"]
    assert [(e.path, e.mode, e.status) for e in proxy.exchanges()] == [("/a", "cut", 200), ("/b", "pass", 200)]


def test_a_doubled_request_reaches_the_upstream_twice(world, target):
    proxy = world.proxy(target.port)
    proxy.set("double", times=1)
    assert requests.post(proxy.url + "/a", data=b"x" * 100000).status_code == 200
    assert [len(r.body) for r in target.requests()] == [100000, 100000]


def test_a_black_hole_swallows_and_a_stopped_proxy_refuses(world, target):
    proxy = world.proxy(target.port)
    proxy.set("blackhole")
    with pytest.raises(requests.ReadTimeout):
        requests.get(proxy.url, timeout=0.2)
    proxy.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(proxy.url, timeout=1)
    proxy.start()
    proxy.set("pass")
    assert requests.get(proxy.url, timeout=5).status_code == 200
    assert len(target.requests()) == 1


def test_waiting_tells_what_it_waited_for_and_what_it_saw():
    with pytest.raises(TimedOut, match="for a miracle; last it was 0"):
        wait_until(lambda: 0, timeout=0.1, what="a miracle")


@pytest.mark.parametrize("line", [
    "==1==ERROR: AddressSanitizer: heap-use-after-free on address",
    "common/cron.c:12:3: runtime error: signed integer overflow",
    "agent: BUG: a fire was decided twice",
    "belfry-agent: agent/core.c:10: core_tick: Assertion `x' failed.",
    "(process:1): GLib-CRITICAL **: 10:00:00.000: g_hash_table_lookup: assertion 'hash_table != NULL' failed",
])  # fmt: skip
def test_alarms_are_seen_in_a_log(world, line):
    process = world.process("noisy", ["sh", "-c", 'echo "$0"', line]).start()
    process.wait()
    assert len(process.alarms()) == 1
    process.allow(".")
    assert not process.alarms()


def test_ordinary_lines_are_no_alarm():
    assert not ALARMS.search("2026-11-23T12:00:00Z info central: debug mode off, ready")


def test_a_process_that_ignores_the_stop_signal_is_a_failure(world):
    process = world.process("deaf", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"])
    process.stop_timeout = 0.5
    process.start()
    wait_until(lambda: "up" in process.log(), what="the trap to be set")
    pid = process.pid
    with pytest.raises(AssertionError, match="did not stop"):
        process.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
