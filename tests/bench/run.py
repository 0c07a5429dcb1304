#!/usr/bin/python3
"""Runs benches, prints a table, writes a list of {name, value, unit, reference, ratio, bar, pass}. Use: make bench ONLY=a,b"""
import argparse
import json
import pathlib
import sys
import time

import agent_benches
import central_benches
import dashboard_bench
import drain_bench
import failover_bench
import fleet_benches
import fleet_reads
import late_bench
import place_bench
import read_benches
from lab import Lab

BENCHES = {**agent_benches.BENCHES, "drain": drain_bench.drain, **central_benches.BENCHES, **fleet_benches.BENCHES, **failover_bench.BENCHES, **late_bench.BENCHES, **place_bench.BENCHES, **read_benches.BENCHES, **fleet_reads.BENCHES, **dashboard_bench.BENCHES}


def show(row):
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
    reference = "" if row["reference"] is None else str(row["reference"])
    verdict = "ok" if row["pass"] else "SHORT"
    print(f"{row['name']:32} {row['value']:>12} {row['unit']:14} {reference:>18} {ratio:>6}  {row['bar']:34} {verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="")
    parser.add_argument("--out", default=None)
    options = parser.parse_args()
    names = [name for name in options.only.split(",") if name] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench {unknown[0]!r}; there are: {', '.join(BENCHES)}")
    out = pathlib.Path(options.out or f"{options.build}/bench-results.json")
    rows = []
    print(f"{'figure':32} {'value':>12} {'unit':14} {'reference':>18} {'ratio':>6}  {'bar':34}", flush=True)
    for name in names:
        began = time.monotonic()
        with Lab(pathlib.Path(options.build).resolve()) as lab:
            new = BENCHES[name](lab)
        for row in new:
            show(row)
        rows += new
        print(f"  {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    out.write_text(json.dumps(rows, indent=1) + "\n")
    short = [row["name"] for row in rows if not row["pass"]]
    print(f"{len(rows) - len(short)} of {len(rows)} figures reach their bar; written to {out}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
