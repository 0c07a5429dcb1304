"""What the benches of central share: a private PostgreSQL and central in a lab, agents and rows made by SQL."""
import contextlib
import hashlib
import os
import pathlib
import uuid

from lab import TICKS


@contextlib.contextmanager
def central_world(lab, **settings):
    """A world and its one cluster; all ends with it."""
    os.environ["BELFRY_BUILD"] = str(lab.build)
    from harness.postgres import make_template
    from harness.world import World
    lab.folder.chmod(0o755)
    clusters = []

    def cluster():
        if not clusters:
            clusters.append(world.cluster(**{"shared_buffers": "1GB", "max_wal_size": "8GB", **settings}).start())
        return clusters[0]

    world = World(make_template(lab.folder / "template"), cluster)
    try:
        yield world
    finally:
        world.close()
        world.remove()


def enrol_by_sql(database, n):
    """n agents as enrolment would have made them; returns their keys."""
    keys = [f"bench-{i}-{uuid.uuid4().hex}" for i in range(n)]
    with contextlib.closing(database.connect(autocommit=False)) as connection, connection.cursor() as cursor:
        for begin in range(0, n, 1000):
            rows = [(str(uuid.uuid4()), f"bench-{begin + i}", hashlib.sha256(key.encode()).digest())
                    for i, key in enumerate(keys[begin:begin + 1000])]
            values = b",".join(cursor.mogrify("(%s, %s, %s, 'bench')", row) for row in rows).decode()
            cursor.execute(f"INSERT INTO agent (agent_id, name, key_sha256, hostname) VALUES {values}")
        connection.commit()
    return keys


def status_number(process, name):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise SystemExit(f"bench: no {name}")


def memory_mb(process):
    """Resident now; the peak is VmHWM."""
    return status_number(process, "VmRSS") / 1024


def peak_memory_mb(process):
    return status_number(process, "VmHWM") / 1024


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
