#!/usr/bin/python3
"""state_cost.py [--bin FILE] [--megabytes 1000] [--copies 4] [--rounds 7]: what --state costs, as a ratio.

The same files are read with and without --state (default interval, a snapshot a second), in turns: off, on, on, off, …, so
that a slow moment of the machine meets both. Once metrics only, once with records to a file. The bar: throughput with
--state at least 0.98 of without.

A run with --state ends when its records are on the disk; one without leaves them in memory, for the kernel to write
behind its back, and on its time. So there is a third figure: until everything is on the disk (sync), for both. Each run
begins with nothing to write.
"""
import argparse
import os
import pathlib
import shutil
import tempfile
import time

import make_corpus
import measure

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "data"


def corpora(megabytes, copies):
    """Several files of their own: one that is reached by two names is read once."""
    DATA.mkdir(exist_ok=True)
    paths = []
    for n in range(copies):
        path = DATA / f"state-cost-{megabytes}-{n}.log"
        if not path.exists():
            if n == 0:
                make_corpus.write(path, megabytes)
            else:
                # The first line differs in each copy, as in real files.
                with open(paths[0], "rb") as source, open(path, "wb") as copy:
                    copy.write(b'192.0.2.%d - - [01/Apr/2026:08:00:02 +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n' % n)
                    shutil.copyfileobj(source, copy, 1 << 20)
        measure.warm(path)
        paths.append(path)
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=HERE.parent / "build" / "release" / "parshall")
    parser.add_argument("--megabytes", type=int, default=1000, help="size of one file (default 1000)")
    parser.add_argument("--copies", type=int, default=4, help="files that are read in one run (default 4)")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    paths = corpora(arguments.megabytes, arguments.copies)
    size = sum(p.stat().st_size for p in paths) / 1e6
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        for name, output in (("metrics", "none"), ("metrics + records to a file", "records.jsonl")):
            costs = {False: [], True: []}
            for turn in range(2 * arguments.rounds):
                with_state = turn % 4 in (1, 2)
                for leftover in pathlib.Path(folder).iterdir():
                    shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
                target = output if output == "none" else os.path.join(folder, output)
                state = ["--state", os.path.join(folder, "state")] if with_state else []
                os.sync()
                began = time.monotonic()
                cost = measure.run([arguments.bin, "--once", *paths, "--output", target, *state,
                                    "--web.listen-address", "none"])
                if cost.code != 0:
                    raise SystemExit(f"exit code {cost.code}")
                os.sync()
                cost.durable_s = time.monotonic() - began
                costs[with_state].append(cost)
            for figure in ("wall_s", "cpu_s", "durable_s"):
                off, on = (measure.median([getattr(c, figure) for c in costs[kind]]) for kind in (False, True))
                bar = "" if figure != "wall_s" else f" (bar 0.98: {'met' if off / on >= 0.98 else 'missed'})"
                print(f"{name}, {figure[:-2]}: without {size / off:.0f} MB/s, with --state {size / on:.0f} MB/s, "
                      f"ratio {off / on:.3f}{bar}", flush=True)


if __name__ == "__main__":
    main()
