#!/usr/bin/python3
"""scrape.py [--bin FILE] [--series 10000] [--rounds 50]: the time of one scrape of 10,000 histogram series of 12 buckets.

A rule file gives a label with 10,000 values; the scrape is timed from the request to the last byte of the body over a
connection that is kept, in both formats and with gzip. The bar: at most 20 ms for the text (target 5 ms).
"""
import argparse
import http.client
import pathlib
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
RULES = """\
rules:
  - name: item
    pattern: '^(?P<id>[a-z0-9]+) (?P<size>[0-9]+)$'
    fields:
      size: {type: int}
    examples:
      - line: 'item7 120'
metrics:
  - name: item_size_bytes
    kind: histogram
    help: Sizes of items.
    value: size
    buckets: [100, 300, 1000, 3000, 10000, 30000, 100000, 300000, 1000000, 3000000, 6000000, 10000000]
    labels:
      id: {field: id, limit: 20000}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(connection, headers):
    began = time.perf_counter()
    connection.request("GET", "/metrics", headers=headers)
    body = connection.getresponse().read()
    return time.perf_counter() - began, body


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/parshall")
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder, "rules.yaml")
        rules.write_text(RULES)
        port = free_port()
        process = subprocess.Popen(
            [arguments.bin, "--rules", rules, "--output", "none", "--web.listen-address", f"127.0.0.1:{port}"],
            stdin=subprocess.PIPE)
        try:
            process.stdin.write(b"".join(b"item%d %d\n" % (n, n * 997 % 9_000_000) for n in range(arguments.series)))
            process.stdin.flush()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            wait_until_counted(connection, arguments.series)
            for name, headers in [
                ("text", {}), ("text, gzip", {"Accept-Encoding": "gzip"}),
                ("OpenMetrics", {"Accept": "application/openmetrics-text; version=1.0.0"}),
            ]:
                taken = []
                for _ in range(arguments.rounds):
                    seconds, body = get(connection, headers)
                    taken.append(seconds * 1000)
                taken.sort()
                print(f"{arguments.series} series, {name:12} {len(body) / 1e6:5.2f} MB: median "
                      f"{taken[len(taken) // 2]:.1f} ms, min {taken[0]:.1f} ms, max {taken[-1]:.1f} ms")
            process.stdin.close()
            process.wait(20)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(20)


def wait_until_counted(connection, series):
    end = time.monotonic() + 20
    while True:
        try:
            _, body = get(connection, {})
            if body.count(b"item_size_bytes_count{") == series:
                return
            said = f'{body.count(b"item_size_bytes_count{")} series'
        except OSError as error:
            connection.close()
            said = error
        if time.monotonic() > end:
            raise SystemExit(f"gave up waiting for {series} series: {said}")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
