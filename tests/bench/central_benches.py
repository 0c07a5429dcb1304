"""Central alone: ingest beside raw COPY."""
import types

from agent_benches import row
from central_lab import central_world


def ingest(lab):
    """
    The usual case, many executions of few jobs, and the hard one, where every record is of another job: long enough for
    sums to be folded while it is measured, as they always are in the long run.
    """
    rows = []
    with central_world(lab) as world:
        import bench_ingest
        for name, jobs, batches in (("ingest", 250, 15), ("ingest.every_other_job", 5000, 30)):
            options = types.SimpleNamespace(agents=4, batches=batches, jobs=jobs, batch=5000)
            cluster = world.cluster(name=name.replace(".", "-"), shared_buffers="512MB", max_wal_size="4GB").start()
            figures = bench_ingest.measure(world, cluster, options)
            cluster.stop()
            ratio = figures["rate"] / figures["raw"]
            rows += [
                row(f"{name}.rate", figures["rate"], "records/s", ">= 25000 and >= 0.4 of raw COPY",
                    figures["rate"] >= 25000 and ratio >= 0.4, f"COPY {figures['raw']:.0f}", ratio),
                row(f"{name}.folded_after", figures["folded"], "s", "told", True),
            ]
    return rows


BENCHES = {"ingest": ingest}
