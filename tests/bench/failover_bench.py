"""Of ten thousand agents some fall silent: how long until others know that the jobs are theirs now."""
import concurrent.futures
import signal
import time

from agent_benches import row
from central_lab import central_world
from fleet_benches import AGENTS, WARM_UP_SECONDS, start_fleet

FALLEN = 10  # as bench_fleet has it: the last ones
JOBS = 400
HEAVY = 1000  # the weight of those that will fall while the jobs are made, so that they hold half of them
OFFLINE_AFTER_S = 30
BAR_S = OFFLINE_AFTER_S + 5
HOLDERS = """SELECT held.job_id::text, agent.name, held.set_revision, held.changed_at, count(*) OVER (PARTITION BY held.job_id)
FROM assignment held JOIN agent USING (agent_id) WHERE NOT held.removed"""


def heard(path):
    """(when they fell, {agent's number: [(when, revision)]}) as the fleet wrote it down."""
    fell, sets = None, {}
    for line in path.read_text().splitlines():
        words = line.split()
        if words[0] == "fallen":
            fell = float(words[1])
        elif words[0] == "set":
            sets.setdefault(int(words[1]), []).append((float(words[2]), int(words[3])))
    return fell, sets


def number(name):
    return int(name.rsplit("-", 1)[1])


def failover_10k(lab):
    with central_world(lab) as world:
        database, central, fleet = start_fleet(lab, world, WARM_UP_SECONDS + BAR_S + 60, "failover")
        weigh = f"UPDATE agent SET weight = %s WHERE substr(name, 7)::int >= {AGENTS - FALLEN}"
        database.execute(weigh, (HEAVY,))
        central.init()
        time.sleep(WARM_UP_SECONDS)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda i: central.api.create_job("0 0 1 1 *", f"http://127.0.0.1:9/{i}"), range(JOBS)))
        database.execute(weigh, (1,))
        time.sleep(WARM_UP_SECONDS / 2)  # all holders have heard of their jobs
        before = {job: number(name) for job, name, *_ in database.query(HOLDERS)}
        victims = {job for job, agent in before.items() if agent >= AGENTS - FALLEN}
        fleet.send_signal(signal.SIGHUP)
        time.sleep(BAR_S + 15)
        after = {job: (number(name), revision, changed.timestamp()) for job, name, revision, changed, _ in database.query(HOLDERS)}
        foreseen = database.query("SELECT count(DISTINCT agent_id) FROM heir")[0][0]
        online = database.query("SELECT count(*) FROM agent WHERE offline_at IS NULL")[0][0]
        fleet.terminate()
        fleet.wait(10)
    fell, sets = heard(lab.folder / "failover.out")
    waits, noticed = [], []
    for job in victims:
        agent, revision, changed = after[job]
        told = [at for at, known in sets.get(agent, []) if known >= revision]
        waits.append(told[0] - fell if agent < AGENTS - FALLEN and told else float("inf"))
        noticed.append(changed - fell)
    worst = max(waits)
    return [
        row("failover.placed", max(noticed), "s", "told", True, f"{len(victims)} jobs of {FALLEN} agents"),
        row("failover.heard", worst, "s", f"<= {BAR_S}", worst <= BAR_S, f"p50 {sorted(waits)[len(waits) // 2]:.1f}"),
        row("failover.online", online, "agents", f"{AGENTS - FALLEN}", online == AGENTS - FALLEN, f"{foreseen} foreseen as heirs"),
    ]


BENCHES = {"failover_10k": failover_10k}
