#!/usr/bin/python3
"""A small model of what the bars expect of the program, with faults that can be asked for by MODEL_FAULT: the harness must
find each of them (test_survival.py). It knows numbered lines only and is no more than what K1 needs.

Faults: none · keeps-output (does not cut the output back) · forgets-counts (resumes the offsets but not the counters) ·
commits-early (the snapshot speaks of lines that are not counted yet) · sums-are-off (one byte too many in a _sum) ·
counter-falls (in every other pair of scrapes)
"""
import argparse
import bisect
import collections
import glob
import http.server
import json
import os
import re
import signal
import socketserver
import threading
import time

import numbered

FAULT = os.environ.get("MODEL_FAULT", "none")
LINE = re.compile(rb'"(\S+) (\S+) HTTP/1.1" (\d+) (\d+) ')


class Model:
    def __init__(self, arguments):
        self.arguments = arguments
        self.lock = threading.Lock()
        self.offsets, self.sizes = {}, collections.defaultdict(list)
        self.scrapes, self.stopped = 0, False
        self.counts, self.sums = collections.Counter(), collections.Counter()
        self.lines = 0
        self.out = None if arguments.output == "none" else 1 if arguments.output == "-" else os.open(
            arguments.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.state = os.path.join(arguments.state, "snapshot") if arguments.state else None
        if self.state:
            os.makedirs(arguments.state, exist_ok=True)
            self.recover()
        self.interval = 0.05 if arguments.interval == "50ms" else 1.0

    def recover(self):
        try:
            with open(self.state) as stream:
                saved = json.load(stream)
        except FileNotFoundError:
            saved = {"offsets": {}, "series": [], "lines": 0, "length": 0}
        self.offsets = saved["offsets"]
        if FAULT != "forgets-counts":
            self.lines = saved["lines"]
            for method, status, size, times in saved["series"]:
                self.counts[method, status, size] = times
        if self.out not in (None, 1) and FAULT != "keeps-output":
            os.ftruncate(self.out, saved["length"])

    def commit(self, offsets=None):
        if not self.state:
            return
        saved = {"offsets": offsets or self.offsets, "lines": self.lines,
                 "series": [[*key, times] for key, times in self.counts.items()],
                 "length": os.fstat(self.out).st_size if self.out not in (None, 1) else 0}
        with open(self.state + ".tmp", "w") as stream:
            json.dump(saved, stream)
        os.rename(self.state + ".tmp", self.state)

    def paths(self):
        for pattern in self.arguments.paths:
            yield from sorted(glob.glob(pattern), key=len, reverse=True)
            if "*" not in pattern:  # rotated files that are known
                yield from (p for p in glob.glob(pattern + ".*") if self.identity(p) in self.offsets)

    @staticmethod
    def identity(path):
        try:
            with open(path, "rb") as stream:
                return f"{os.fstat(stream.fileno()).st_ino} {stream.readline()[:80].decode()}"
        except FileNotFoundError:
            return None

    def read(self):
        came = False
        for path in self.paths():
            identity = self.identity(path)
            if not identity or '"' not in identity:
                continue
            try:
                with open(path, "rb") as stream:
                    if self.identity(path) != identity:
                        continue
                    stream.seek(self.offsets.get(identity, 0))
                    data = stream.read(1 << 20)
            except FileNotFoundError:
                continue
            data = data[:data.rfind(b"\n") + 1]
            if data:
                came = True
                self.take(identity, data)
        return came

    def take(self, identity, data):
        records = []
        if FAULT == "commits-early":
            self.commit({**self.offsets, identity: self.offsets.get(identity, 0) + len(data)})
        with self.lock:
            for line in data.splitlines():
                method, path, status, size = (g.decode() for g in LINE.search(line).groups())
                self.counts[method, status, int(size)] += 1
                self.lines += 1
                records.append(f'{{"path":"{path}","status":{status}}}\n')
            self.offsets[identity] = self.offsets.get(identity, 0) + len(data)
        whole = "".join(records).encode()
        while self.out is not None and whole:
            whole = whole[os.write(self.out, whole):]

    def run(self):
        committed = time.monotonic()
        while not self.stopped:
            if not self.read():
                if self.arguments.once:
                    break
                time.sleep(0.002)
            if time.monotonic() - committed > self.interval:
                committed = time.monotonic()
                self.commit()
        self.read()
        self.commit()
        if self.arguments.metrics_file:
            with open(self.arguments.metrics_file, "w") as stream:
                stream.write(self.exposition(False))

    def exposition(self, openmetrics):
        with self.lock:
            counts, lines = dict(self.counts), self.lines
        self.scrapes += 1
        if FAULT == "counter-falls" and self.scrapes % 4 in (0, 3):
            counts = {key: times // 2 for key, times in counts.items()}
        series = collections.defaultdict(lambda: [0, 0, [0] * (len(numbered.BUCKETS) + 1)])
        for (method, status, size), times in counts.items():
            entry = series[f'method="{method}",status="{status}"']
            entry[0] += times
            entry[1] += times * size
            for b in range(bisect.bisect_left(numbered.BUCKETS, size), len(numbered.BUCKETS) + 1):
                entry[2][b] += times
        out = []

        def counter(name, rows):
            family = name.removesuffix("_total") if openmetrics else name
            out.extend([f"# HELP {family} Model.", f"# TYPE {family} counter", *rows])
        counter("http_requests_total", [f"http_requests_total{{{k}}} {v[0]}" for k, v in series.items()])
        counter("parshall_lines_read_total", [f'parshall_lines_read_total{{source="m"}} {lines}'])
        counter("parshall_lines_total", [f'parshall_lines_total{{source="m",outcome="matched"}} {lines}'])
        name = "http_response_size_bytes"
        out += [f"# HELP {name} Model.", f"# TYPE {name} histogram"]
        for labels, (count, total, buckets) in series.items():
            bounds = [*(f"{b}.0" for b in numbered.BUCKETS), "+Inf"]
            out += [f'{name}_bucket{{{labels},le="{b}"}} {v}' for b, v in zip(bounds, buckets)]
            out += [f"{name}_count{{{labels}}} {count}", f"{name}_sum{{{labels}}} {total + (FAULT == 'sums-are-off')}"]
        return "\n".join([*out, *(["# EOF"] if openmetrics else [])]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--state")
    parser.add_argument("--state.interval", dest="interval")
    parser.add_argument("--output", default="-")
    parser.add_argument("--web.listen-address", dest="web")
    parser.add_argument("--metrics-file")
    parser.add_argument("--once", action="store_true")
    model = Model(parser.parse_intermixed_args())
    signal.signal(signal.SIGTERM, lambda *_: setattr(model, "stopped", True))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = model.exposition("openmetrics" in self.headers.get("Accept", "")).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def address_string(self):
            return "unix"

        def log_message(self, *_):
            pass

    if model.arguments.web.startswith("unix:"):
        path = model.arguments.web[5:]
        if os.path.exists(path):
            os.unlink(path)
        server = socketserver.ThreadingUnixStreamServer(path, Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    model.run()


if __name__ == "__main__":
    main()
