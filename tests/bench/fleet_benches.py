"""Ten thousand logical agents on one central: in peace, and all at once after central was away."""
import os
import signal
import sys
import time

from agent_benches import row
from central_lab import central_world, cpu_seconds, enrol_by_sql, memory_mb, peak_memory_mb

AGENTS = int(os.environ.get("BELFRY_BENCH_AGENTS", "10000"))
WITH_RECORDS = AGENTS // 10
PER_SYNC = 5
JOB = "018f0000-0000-7000-8000-00000000f1ee"
FLEET_SECONDS = int(os.environ.get("BELFRY_BENCH_FLEET_SECONDS", "60"))
WARM_UP_SECONDS = 25
# The backoff doubles to its maximum in about 20 s; a longer outage changes nothing but the records, which are made at once.
OUTAGE_SECONDS = int(os.environ.get("BELFRY_BENCH_OUTAGE_SECONDS", "50"))
HERD_PER_SYNC = 10  # so that five minutes are a backlog, also as central sees it
RETURN_SECONDS = 60


def start_fleet(lab, world, seconds, name, per_sync=PER_SYNC):
    database = world.database()
    central = world.central(database)
    central.run("migrate")
    central.start()
    keys = lab.folder / f"{name}.keys"
    keys.write_text("\n".join(enrol_by_sql(database, AGENTS)) + "\n")
    # Central counts the fleet every few seconds; the first syncs should hear the right pace.
    time.sleep(6)
    command = [lab.build / "tests/bench/bench_fleet", central.agent_port, keys, JOB, seconds, WITH_RECORDS, per_sync]
    return database, central, lab.start(command, f"{name}.out")


def read_report(lab, name):
    seconds, kinds = [], {}
    for line in (lab.folder / f"{name}.out").read_text().splitlines():
        words = line.split()
        if words[:1] == ["second"]:
            seconds.append({"at": float(words[1]), **{key: int(value) for key, value in zip(words[2::2], words[3::2])}})
        elif words[:1] == ["kind"]:
            kinds[words[1]] = {key: float(value) for key, value in zip(words[2::2], words[3::2])}
        else:
            print(f"  {line}", file=sys.stderr)
    return seconds, kinds


def fleet_10k(lab):
    with central_world(lab) as world:
        _, central, fleet = start_fleet(lab, world, WARM_UP_SECONDS + FLEET_SECONDS, "fleet")
        time.sleep(WARM_UP_SECONDS)
        fleet.send_signal(signal.SIGUSR1)
        begin, cpu = time.time(), cpu_seconds(central)
        fleet.wait(FLEET_SECONDS + 60)
        cpu, memory, peak = cpu_seconds(central) - cpu, memory_mb(central), peak_memory_mb(central)
    seconds, kinds = read_report(lab, "fleet")
    seconds = [second for second in seconds if second["at"] >= begin]
    syncs, errors = sum(s["ok"] for s in seconds), sum(s["errors"] + s["refused"] for s in seconds)
    worst = max(kind["p99"] for kind in kinds.values())
    return [
        row("fleet.sync_p99", worst, "ms", "<= 100", worst <= 100, f"p50 {kinds['idle']['p50']}"),
        *[row(f"fleet.{name}_p99", kind["p99"], "ms", "told", True, f"p50 {kind['p50']} max {kind['max']}") for name, kind in kinds.items()],
        row("fleet.errors", errors, "syncs", "0", errors == 0 and syncs > AGENTS, f"of {syncs}"),
        row("fleet.rss", memory, "MB", "<= 150", memory <= 150, f"peak {peak:.0f}"),
        row("fleet.cpu_per_sync", cpu / syncs * 1e6, "us", "told", True, f"{syncs / len(seconds):.0f} syncs/s"),
    ]


def herd(lab):
    """Central is away until all agents wait their longest; then those that send records get what five minutes would have brought."""
    with central_world(lab) as world:
        _, central, fleet = start_fleet(lab, world, WARM_UP_SECONDS + OUTAGE_SECONDS + RETURN_SECONDS + 10, "herd", HERD_PER_SYNC)
        time.sleep(WARM_UP_SECONDS)
        central.kill()
        away = time.time()
        time.sleep(OUTAGE_SECONDS)
        fleet.send_signal(signal.SIGUSR2)
        fleet.send_signal(signal.SIGUSR1)
        central.start()
        fleet.wait(RETURN_SECONDS + 120)
        memory = peak_memory_mb(central)
    seconds, kinds = read_report(lab, "herd")
    # From the second in which the first agent got through: a herd would show there.
    after = [s for s in seconds if s["at"] > away + 2]
    while after and after[0]["ok"] + after[0]["refused"] == 0:
        after.pop(0)
    after = after[:RETURN_SECONDS]
    if len(after) < RETURN_SECONDS:
        raise SystemExit("bench: central did not come back in time")
    served = [s["requests"] - s["away"] for s in after]
    mean, peak = sum(served) / len(served), max(served)
    errors = sum(s["errors"] for s in after) + sum(s["away"] for s in after[1:])
    drained = next((i for i, s in enumerate(after) if s["backlogs"] == 0), None)
    live, backlog = (kinds.get(kind, {"n": 0, "p50": 0, "p99": float("inf")}) for kind in ("beside", "backlog"))
    return [
        row("herd.peak_to_mean", peak / mean, "x", "< 3", peak / mean < 3, f"mean {mean:.0f}/s"),
        row("herd.errors", errors, "requests", "0 but 429 and 503", errors == 0, f"{sum(s['refused'] for s in after)} refused"),
        row("herd.live_p99", live["p99"], "ms", "<= that of backlog", live["n"] >= 50 and live["p99"] <= backlog["p99"],
            f"backlog {backlog['p99']}", live["p99"] / backlog["p99"]),
        row("herd.drained", drained, "s", "<= 60", drained is not None, f"{backlog['n']:.0f} backlogs"),
        row("herd.rss", memory, "MB", "<= 150", memory <= 150),
    ]


BENCHES = {"fleet_10k": fleet_10k, "herd": herd}
