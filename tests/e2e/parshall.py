"""Runs the program under test, for a moment (run) or for a while (Live), and reads what it says.

The binary is $PARSHALL_BIN, else build/release/parshall. Every wait has a deadline, every process ends by its own id.
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
BINARY = pathlib.Path(os.environ.get("PARSHALL_BIN") or ROOT / "build" / "release" / "parshall")
SANITIZED = "dev" in BINARY.parts or "tsan" in BINARY.parts
DEADLINE_S = 60 if SANITIZED else 20

NO_WEB = ["--web.listen-address", "none"]


def environment():
    """Ours without PARSHALL_…: a flag's twin in the environment must not steer a test."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PARSHALL_")}


@dataclass
class Done:
    """How a run ended: exit code (negative: killed by that signal) and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def records(self):
        return parse_records(self.out)


def parse_records(out):
    """The records of an output, strictly: valid UTF-8, one object a line, the last line complete."""
    text = out.decode("utf-8")
    assert text == "" or text.endswith("\n"), f"half a record at the end: {text[-200:]!r}"
    records = []
    for line in text.split("\n")[:-1]:
        record = json.loads(line, parse_constant=_refuse_constant)
        assert isinstance(record, dict), line
        records.append(record)
    return records


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def run(*args, stdin=b"", deadline_s=None, env=None, stdout=subprocess.PIPE):
    """Runs to the end. stdin: bytes, or an open file."""
    command = [str(BINARY), *map(str, args)]
    feed = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, timeout=deadline_s or DEADLINE_S,
        env={**environment(), **(env or {})}, **feed)
    return Done(done.returncode, done.stdout or b"", done.stderr.decode("utf-8", "replace"))


def run_metered(*args, stdin=b"", deadline_s=None):
    """Runs to the end without a listener; returns Done and the final Samples."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "metrics.txt")
        done = run(*args, *NO_WEB, "--metrics-file", path, stdin=stdin, deadline_s=deadline_s)
        assert done.code == 0, f"exit code {done.code}: {done.err[-2000:]}"
        return done, Samples(path.read_text(encoding="utf-8"))


class Samples:
    """One exposition in the text format, read by prometheus_client."""

    def __init__(self, text):
        from prometheus_client.parser import text_string_to_metric_families

        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self.all = [(s.name, s.labels, s.value) for f in self.families for s in f.samples]

    def rows(self, name, **labels):
        return [(ls, v) for n, ls, v in self.all
                if n == name and all(ls.get(k) == str(want) for k, want in labels.items())]

    def total(self, name, **labels):
        """The sum over all series of this name that have these labels; 0 if there is none."""
        return sum(v for _, v in self.rows(name, **labels))

    def outcome(self, outcome, **labels):
        return self.total("parshall_lines_total", outcome=outcome, **labels)

    def by(self, name, *keys, **labels):
        """{values of the label keys: sum}, zeros left out; a single key is not wrapped in a tuple."""
        sums = {}
        for ls, v in self.rows(name, **labels):
            key = tuple(ls.get(k, "") for k in keys) if len(keys) > 1 else ls.get(keys[0], "")
            sums[key] = sums.get(key, 0) + v
        return {k: v for k, v in sums.items() if v}

    def check_ledger(self):
        """SPEC section 7: for every source, lines read are the sum over their outcomes."""
        read = self.by("parshall_lines_read_total", "source")
        outcomes = self.by("parshall_lines_total", "source")
        assert read == outcomes, f"the ledger does not balance: read {read}, outcomes {outcomes}"
        known = {"matched", "unmatched", "oversized", "dropped", "rejected", "duplicate"}
        assert {ls["outcome"] for ls, _ in self.rows("parshall_lines_total")} <= known

    def check_histograms(self):
        """Each histogram's _count is its +Inf bucket, and its buckets never fall."""
        for family in self.families:
            if family.type != "histogram":
                continue
            series = {}
            for s in family.samples:
                key = tuple(sorted((k, v) for k, v in s.labels.items() if k != "le"))
                entry = series.setdefault(key, {"buckets": []})
                if s.name.endswith("_bucket"):
                    entry["buckets"].append((float(s.labels["le"]), s.value))
                elif s.name.endswith("_count"):
                    entry["count"] = s.value
            for key, entry in series.items():
                counts = [v for _, v in sorted(entry["buckets"])]
                assert counts == sorted(counts), (family.name, key, entry)
                assert sorted(entry["buckets"])[-1] == (float("inf"), entry["count"]), (family.name, key)

    def check_requests_agree(self):
        """The default histogram of sizes has seen what the default counter has counted."""
        counted = self.by("http_requests_total", "method", "status")
        observed = self.by("http_response_size_bytes_count", "method", "status")
        assert counted == observed, f"counter {counted}, histogram {observed}"


def wait_until(condition, what, deadline_s=None):
    """Asks again and again until condition() is true and returns what it gave; fails with `what` at the deadline."""
    end = time.monotonic() + (deadline_s or DEADLINE_S)
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"gave up waiting until {what() if callable(what) else what}"
        time.sleep(0.01)


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


class Live:
    """A running parshall with /metrics on a free port of loopback. Use as a context manager."""

    def __init__(self, *args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, host="127.0.0.1", env=None):
        self.host = host
        self.port = free_port(host)
        bracketed = f"[{host}]" if ":" in host else host
        self.address = f"{bracketed}:{self.port}"
        command = [str(BINARY), *map(str, args), "--web.listen-address", self.address]
        self._err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=self._err, env={**environment(), **(env or {})})

    def __enter__(self):
        try:
            wait_until(self._is_ready, lambda: f"{self.address} answers; stderr: {self.err}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _is_ready(self):
        assert self.process.poll() is None, f"ended at once with {self.process.returncode}: {self.err}"
        try:
            return self.get("/-/ready")[0] == 200
        except OSError:
            return False

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        self._err.close()

    @property
    def err(self):
        self._err.seek(0)
        return self._err.read().decode("utf-8", "replace")

    def get(self, path="/metrics", headers=None, method="GET"):
        """(status, headers, body) of one request."""
        request = urllib.request.Request(f"http://{self.address}{path}", headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def scrape(self):
        status, _, body = self.get()
        assert status == 200, body
        return Samples(body.decode("utf-8"))

    def wait_total(self, count, name="parshall_lines_read_total", **labels):
        """Scrapes until this total is reached, and returns that scrape."""
        last = []

        def reached():
            last[:] = [self.scrape()]
            return last[0] if last[0].total(name, **labels) >= count else None

        return wait_until(
            reached, lambda: f"{name}{labels} is {count}; it is {last[0].total(name, **labels)}; stderr: {self.err}")

    def memory_peak_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def end(self, signum=signal.SIGTERM):
        """Sends the signal, waits, and returns Done (stdout: what was not read yet, when it is a pipe)."""
        self.process.send_signal(signum)
        return self.wait()

    def wait(self):
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        out = self.process.stdout.read() if self.process.stdout else b""
        code = self.process.wait(DEADLINE_S)
        return Done(code, out, self.err)
