#!/usr/bin/python3
"""latency.py [--bin FILE] [--seconds 10] [--rate 1000]: from a line written into parshall's pipe to its record read out of it.

One line at a time at a steady rate, as a server under load writes them. The bar: p99 at most 1 ms (target 50 µs).
The reader is this Python, whose own part is measured with `cat` in parshall's place and printed beside.
"""
import argparse
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINE = (b'192.0.2.7 - - [01/Apr/2026:08:00:02 +0000] "GET /products/%d HTTP/1.1" 200 8511 "https://shop.example/" '
        b'"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"\n')


def measure(command, seconds, rate):
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    source, sink = process.stdin.fileno(), process.stdout.fileno()
    taken, period = [], 1_000_000_000 // rate
    for n in range(100):  # warm-up
        os.write(source, LINE % n)
        read_line(sink)
    due = time.perf_counter_ns() + period
    for n in range(seconds * rate):
        left = due - time.perf_counter_ns()
        if left > 0:
            time.sleep(left / 1e9)
        began = time.perf_counter_ns()
        os.write(source, LINE % n)
        read_line(sink)
        taken.append(time.perf_counter_ns() - began)
        due += period
    process.stdin.close()
    process.stdout.close()
    process.wait(20)
    return sorted(taken)


def read_line(descriptor):
    data = os.read(descriptor, 1 << 16)
    while not data.endswith(b"\n"):
        more = os.read(descriptor, 1 << 16)
        if not more:
            raise SystemExit("the program ended")
        data += more


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/parshall")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=1000)
    arguments = parser.parse_args()
    for name, command in [("parshall", [arguments.bin, "--web.listen-address", "none"]), ("cat", ["cat"])]:
        taken = measure(command, arguments.seconds, arguments.rate)
        at = lambda share: taken[min(len(taken) - 1, int(len(taken) * share))] / 1000
        print(f"{name:9} {len(taken)} lines at {arguments.rate}/s: "
              f"p50 {at(.5):.0f} µs, p99 {at(.99):.0f} µs, p99.9 {at(.999):.0f} µs, max {taken[-1] / 1000:.0f} µs")


if __name__ == "__main__":
    main()
