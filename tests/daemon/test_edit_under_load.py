"""Jobs are edited and deleted while they run: no fire of a deleted job, none lost or doubled by an edit."""
import json
import os
import random
import signal
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from harness.ledger import assert_each_second_once, instant, latest, now, seconds_between
from harness.waiting import wait_until

JOBS = 20
EDITING_SECONDS = 12
STORM = 600  # edits at central, as fast as it goes
FILE_STORM = 1200  # edits of files, 100 a second
EDITORS = 4


def create_jobs(api, target, n):
    return [api.create_job("* * * * * *", target.url + "/foo", name=f"job {i}")["jobId"] for i in range(n)]


def all_have_run(target, jobs):
    return {r.json()["jobId"] for r in target.requests()} >= set(jobs)


def executions_of(api, jobs):
    found = {job: [] for job in jobs}
    for e in api.executions():
        if e["jobId"] in found:
            found[e["jobId"]].append(e)
    return found


def caught_up(api, jobs, since):
    """All executions of each job when every one has a fire later than `since`."""
    found = executions_of(api, jobs)
    if all((latest(of_job) or since) > since for of_job in found.values()):
        return found
    return None


def test_edits_that_keep_the_schedule_lose_and_double_no_fire(world, central, agent, target):
    api = central.api
    jobs = create_jobs(api, target, JOBS)
    wait_until(lambda: all_have_run(target, jobs), 20, "every job to have run", explain=world.tails)

    def edit(share):
        """Each editor has jobs of its own: two at once on one job would be told apart by nobody."""
        mine, dice, client = jobs[share::EDITORS], random.Random(share), central.api
        for n in range(STORM // EDITORS):
            client.edit_job(dice.choice(mine), timeoutMs=dice.randrange(5000, 30000), body=f"edit {n}")

    began = time.monotonic()
    with ThreadPoolExecutor(EDITORS) as crew:
        list(crew.map(edit, range(EDITORS)))
    print(f"{STORM / (time.monotonic() - began):.0f} edits a second")
    since = now()
    found = wait_until(lambda: caught_up(api, jobs, since), 30, "executions after the last edit", every=0.5, explain=world.tails)
    for job in jobs:
        assert_each_second_once(found[job], min(instant(e["scheduledAt"]) for e in found[job]), since)
    fires = Counter((r.headers["Idempotency-Key"]) for r in target.requests())
    assert max(fires.values()) == 1, "a fire was sent twice"


def write_file(folder, name, api, turn):
    """As an editor or a configuration management does it."""
    fresh = folder / f".{name}.new"
    fresh.write_text(json.dumps({"schedule": "* * * * * *", "api": api, "timeoutMs": 5000 + turn}))
    os.replace(fresh, folder / f"{name}.json")


def reads(agent):
    return agent.log().count("job files read")


def test_a_storm_of_edits_and_reloads_of_job_files_loses_and_doubles_no_fire(world, target):
    folder = world.folder / "jobs"
    folder.mkdir()
    names = [f"job{n}" for n in range(JOBS)]
    for name in names:
        write_file(folder, name, target.url + "/foo", 0)
    agent = world.agent(None, jobs_dir=folder).start()
    wait_until(lambda: all_have_run(target, names), 20, "every job to have run", explain=world.tails)
    dice, began = random.Random(1), time.monotonic()
    for turn in range(1, FILE_STORM + 1):
        write_file(folder, dice.choice(names), target.url + "/foo", turn)
        if turn > FILE_STORM / 2 and turn % 10 == 0:
            agent.signal(signal.SIGHUP)
        elif turn == FILE_STORM / 2:
            assert reads(agent) > 2, "no edit took effect before there was a pause"
        time.sleep(max(0.0, began + turn / 100 - time.monotonic()))
    since = now()
    last = {name: json.loads((folder / f"{name}.json").read_text())["timeoutMs"] for name in names}
    wait_until(lambda: {name: agent.get(f"/jobs/{name}")["timeoutMs"] for name in names} == last, 20, "the last edits to be in force",
               explain=world.tails)  # fmt: skip
    wait_until(lambda: all(latest(e for e in agent.get(f"/executions?jobId={name}&limit=5")["executions"]) > since for name in names), 20,
               "fires after the storm", explain=world.tails)  # fmt: skip
    agent.stop()
    assert reads(agent) >= 20, "the files were hardly read again: no storm"
    with closing(agent.database()) as connection:
        records = [json.loads(row["record"]) for row in connection.execute("SELECT record FROM outbox")]
    for name in names:
        found = [r for r in records if r.get("jobId") == name and "executionId" in r]
        assert_each_second_once(found, min(instant(e["scheduledAt"]) for e in found), since)
    fires = Counter(r.key for r in target.requests())
    assert max(fires.values()) == 1, "a fire was sent twice"


def test_edits_of_the_schedule_lose_no_fire_that_both_schedules_have(world, central, agent, target):
    """Every second becomes every second second and back: an even second is due under either."""
    api = central.api
    jobs = create_jobs(api, target, 5)
    wait_until(lambda: all_have_run(target, jobs), 20, "every job to have run", explain=world.tails)
    ends, turn = time.monotonic() + EDITING_SECONDS, 0
    while time.monotonic() < ends:
        for job in jobs:
            api.edit_job(job, schedule=("*/2 * * * * *", "* * * * * *")[turn % 2])
        turn += 1
        time.sleep(0.1)
    since = now()
    found = wait_until(lambda: caught_up(api, jobs, since), 30, "executions after the last edit", every=0.5, explain=world.tails)
    for job in jobs:
        decided = Counter(instant(e["scheduledAt"]) for e in found[job])
        doubled = [t for t, n in decided.items() if n > 1]
        assert not doubled, f"instants with several executions: {doubled[:5]}"
        even = [t for t in seconds_between(min(decided), since) if t.second % 2 == 0]
        assert [t for t in even if t not in decided] == []


def test_no_fire_of_a_deleted_job_starts_after_the_agent_applied_it(world, central, agent, target):
    api = central.api
    jobs = create_jobs(api, target, JOBS)
    wait_until(lambda: all_have_run(target, jobs), 20, "every job to have run", explain=world.tails)
    applied = {}
    for job in jobs[: JOBS // 2]:
        api.delete_job(job)
        wait_until(lambda: agent.local("GET", f"/jobs/{job}").status == 404, 10, "the agent to apply the delete", every=0.01)
        applied[job] = time.time()
    kept = jobs[JOBS // 2 :]
    since = now()
    found = wait_until(lambda: caught_up(api, kept, since), 30, "the other jobs to go on", every=0.5, explain=world.tails)
    starts = defaultdict(list)
    for r in target.requests():
        starts[r.json()["jobId"]].append(r.sent)
    late = {job: max(starts[job]) - at for job, at in applied.items() if max(starts[job]) > at}
    assert not late, f"deleted jobs that fired seconds after their end: {late}"
    for job in kept:
        assert_each_second_once(found[job], min(instant(e["scheduledAt"]) for e in found[job]), since)


def test_a_deleted_job_stays_deleted_after_the_agent_restarts_with_an_old_copy(world, central, agent, target):
    api = central.api
    job = create_jobs(api, target, 1)[0]
    wait_until(lambda: all_have_run(target, [job]), 20, "the job to run", explain=world.tails)
    agent.kill()
    api.delete_job(job)
    agent.start()
    wait_until(lambda: agent.local("GET", f"/jobs/{job}").status == 404, 15, "the delete to arrive", explain=world.tails)
    assert api.get(f"/api/jobs/{job}").status_code == 404
    assert job not in [j["jobId"] for j in api.jobs()]


def test_a_paused_job_is_silent_and_goes_on_without_making_up(world, central, agent, target):
    api = central.api
    job = create_jobs(api, target, 1)[0]
    wait_until(lambda: all_have_run(target, [job]), 20, "the job to run", explain=world.tails)
    assert api.post(f"/api/jobs/{job}/actions/pause").status_code in (200, 204)
    wait_until(lambda: not agent.get(f"/jobs/{job}")["state"]["nextAt"], 10, "the agent to apply the pause", explain=world.tails)
    paused_at = now()
    time.sleep(3)  # silence is what is measured
    assert not [r for r in target.requests() if r.due > paused_at.timestamp() + 1], "it ran while it was paused"  # but for what was planned
    resumed_at = now()
    assert api.post(f"/api/jobs/{job}/actions/resume").status_code in (200, 204)
    wait_until(lambda: [r for r in target.requests() if r.due > resumed_at.timestamp()][1:], 10, "the job to go on", explain=world.tails)
    due = [instant(r.json()["scheduledTime"]) for r in target.requests()]
    made_up = [t for t in due if paused_at < t < resumed_at]
    assert len(made_up) <= 1, f"instants of the pause were made up: {made_up}"
