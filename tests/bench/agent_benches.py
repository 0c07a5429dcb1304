"""The agent's figures. Each bench is a function of a Lab that returns rows; a ratio is always taken within one run."""
import datetime
import re
import time

from lab import percentile, wait_for


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def row(name, value, unit, bar, passed, reference=None, ratio=None):
    return {"name": name, "value": round(value, 4), "unit": unit, "reference": reference,
            "ratio": None if ratio is None else round(ratio, 3), "bar": bar, "pass": bool(passed)}


def at_instant(seconds):
    when = int(time.time() + seconds)
    return when, "@at " + datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def burst(lab, name, n, url, lead, connections):
    """n jobs due in one instant: their records and that instant."""
    agent = lab.agent(name, max_open_transfers=connections, max_open_per_target=connections)
    when, schedule = at_instant(lead)
    agent.with_jobs((f"{name}-{i}", {"schedule": schedule, "api": url}) for i in range(n))
    agent.start()
    assert time.time() < when - 0.5, "the lead was too short to load the jobs"
    time.sleep(max(0, when - time.time()) + 1)
    wait_for(lambda: idle(agent), 120, "the end of the burst")
    agent.stop()
    return when, agent.records()


def idle(agent):
    before = agent.cpu_seconds()
    time.sleep(1)
    return agent.cpu_seconds() - before < 0.05


def bare_loop(lab, url):
    return float(re.search(r"(\d+) requests/s", lab.run(lab.build / "tests/bench/bench_loop", url, 2, 64)).group(1))


def throughput(lab):
    """
    Durable executions per second against the bare libcurl loop, same target, same run. The bare loop is measured before
    and after each burst, and the burst compared with the mean: other work on the machine comes and goes. The agent
    has 128 connections, as many for each of its two runners as the bare loop has.
    """
    url = lab.nginx()
    rates, lost, doubled = [], 0, 0
    n, bursts = 100000, 5
    before = bare_loop(lab, url)
    for i in range(bursts):
        when, records = burst(lab, f"burst{i}", n, url, 13, 128)
        done = [r for r in records if r["status"] == "success"]
        lost += n - len({r["jobId"] for r in done})
        doubled += len(records) - len({r["executionId"] for r in records})
        rate = len(done) / (max(instant(r["finishedAt"]) for r in done) - when)
        after = bare_loop(lab, url)
        bare = (before + after) / 2
        rates.append((rate / bare, rate, bare))
        before = after
    ratio, rate, bare = sorted(rates)[bursts // 2]
    return [
        row("throughput", rate, "executions/s", ">= 0.6 of the bare libcurl loop", ratio >= 0.6, round(bare), ratio),
        row("throughput.lost_or_doubled", lost + doubled, "fires", "0", lost + doubled == 0),
    ]


def lateness_of(lab, name, url, extra=(), seconds=15):
    """1,000 fires a second, evenly spread: lateness of those after the first three seconds, in ms."""
    agent = lab.agent(name)
    jobs = [(f"live-{i}", {"schedule": "* * * * * *", "api": url, "jitterMs": 999}) for i in range(1000)]
    agent.with_jobs(jobs + list(extra))
    agent.start()
    time.sleep(seconds + 3)
    agent.stop()
    records = [r for r in agent.records() if r["jobId"].startswith("live-") and instant(r["scheduledAt"]) > agent.began + 3]
    assert len(records) > 900 * (seconds - 1), f"only {len(records)} records"
    return [r["latenessMs"] for r in records]


def lateness(lab):
    late = lateness_of(lab, "late", lab.nginx())
    p50, p99 = percentile(late, 50), percentile(late, 99)
    return [
        row("lateness.p50", p50, "ms", "<= 0.5", p50 <= 0.5, "bare timerfd 0.09"),
        row("lateness.p99", p99, "ms", "<= 2", p99 <= 2, "bare timerfd 0.21"),
    ]


def instant_10k(lab):
    when, records = burst(lab, "instant", 10000, lab.nginx(), 6, 256)
    sent = [instant(r["scheduledAt"]) - when + r["latenessMs"] / 1000 for r in records if r["status"] == "success"]
    assert len(sent) == 10000, f"{len(sent)} of 10000"
    return [
        row("instant_10k.first", min(sent) * 1000, "ms", "<= 2", min(sent) <= 0.002),
        row("instant_10k.last", max(sent), "s", "<= 0.6", max(sent) <= 0.6),
    ]


def hang(lab):
    """1,000 jobs on a target that never answers: what the others feel."""
    url, hanging = lab.nginx(), lab.target() + "/hang"
    stuck = [(f"stuck-{i}", {"schedule": "* * * * * *", "api": hanging, "timeoutMs": 30000, "jitterMs": 999}) for i in range(1000)]
    alone = percentile(lateness_of(lab, "alone", url), 99)
    beside = percentile(lateness_of(lab, "beside", url, stuck), 99)
    again = percentile(lateness_of(lab, "again", url), 99)
    ratio = beside / max(alone, again)
    return [row("hang.p99_of_others", beside, "ms", "<= 1.2 of the same without", ratio <= 1.2, round(max(alone, again), 3), ratio)]


def sparse_jobs(n, url):
    """Schedules of every hour and minute of the day, as a large site has."""
    for i in range(n):
        yield f"job-{i:07d}", {"schedule": f"{i % 60} {(i // 60) % 24} {1 + (i // 1440) % 28} * *", "api": f"{url}/{i}"}


def idle_cost(lab, name, n, first_lead):
    url = lab.nginx()
    agent = lab.agent(name)
    agent.with_jobs(sparse_jobs(n, url))
    with agent.database() as database:
        database.execute("UPDATE job SET definition = ? WHERE id = (SELECT min(id) FROM job)",
                         ('{"schedule":"* * * * * *","api":"%s"}' % url,))
    database.close()
    agent.start()
    ready = time.time() - agent.began
    time.sleep(first_lead)
    memory, cpu = agent.memory_mb(), agent.cpu_seconds()
    time.sleep(20)
    share = (agent.cpu_seconds() - cpu) / 20 * 100
    agent.stop()
    first = min((instant(r["startedAt"]) for r in agent.records() if "startedAt" in r), default=float("inf"))
    return memory, first - agent.began, share, ready


def million(lab):
    memory, first, share, _ = idle_cost(lab, "million", 1000000, 10)
    return [
        row("million.rss", memory, "MB", "<= 300", memory <= 300),
        row("million.first_fire", first, "s", "<= 5", first <= 5),
        row("million.idle_cpu", share, "% of a core", "< 2", share < 2),
    ]


def idle_10k(lab):
    memory, _, share, _ = idle_cost(lab, "idle", 10000, 3)
    return [
        row("idle_10k.rss", memory, "MB", "<= 20", memory <= 20),
        row("idle_10k.cpu", share, "% of a core", "< 0.3", share < 0.3),
    ]


BENCHES = {"throughput": throughput, "lateness": lateness, "instant_10k": instant_10k, "hang": hang, "million": million,
           "idle_10k": idle_10k}
