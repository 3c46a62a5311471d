"""The program under test over many lives: started, scraped over a unix socket, killed, started again with the same arguments."""
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent / "tools")]

import parshall  # noqa: E402  (after the path)

DEADLINE_S = 60
STALL_S = 15  # a machine may well stand still for some seconds


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, context):
        super().__init__("localhost", timeout=10)
        self.path, self.context = path, context

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)
        if self.context:
            self.sock = self.context.wrap_socket(self.sock)


class Failed(AssertionError):
    """The program did what it must not, so that the bar cannot even go on."""


class Program:
    """Use as a context manager: whatever happens, no process is left."""

    def __init__(self, folder, *args, output=None, env=None, wrapper=(), web=True, preexec=None):
        """output: the argument of --output; "-" with a `stdout` given to start(). wrapper: a command in front."""
        self.folder = pathlib.Path(folder)
        self.run_dir = pathlib.Path(tempfile.mkdtemp(prefix="torture-"))  # a socket's path must be short
        self.socket = str(self.run_dir / "s")
        self.env, self.wrapper, self.preexec = env or {}, list(wrapper), preexec
        self.web = ["--web.listen-address", f"unix:{self.socket}" if web else "none"]
        self.output = ["--output", str(output)] if output is not None else []
        self.args = [str(a) for a in args]
        self.metrics_file = self.folder / "final-metrics.txt"
        self.log = open(self.folder / "parshall.err", "ab+")
        self.process = None
        self.lives, self.stalls = 0, 0
        self.context = None  # of TLS, if its web configuration asks for it

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running:
            self.process.kill()
        if self.process:
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.run_dir, ignore_errors=True)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    @property
    def err(self):
        return (self.folder / "parshall.err").read_bytes().decode("utf-8", "replace")

    def command(self, *more):
        return [*self.wrapper, str(parshall.BINARY), *self.args, *self.output, *self.web,
                "--metrics-file", str(self.metrics_file), *map(str, more)]

    def start(self, *more, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL):
        # A killed life leaves its socket; the next one must cope, so it is not removed here.
        self.lives += 1
        self.process = subprocess.Popen(self.command(*more), stdin=stdin, stdout=stdout, stderr=self.log,
                                        env={**parshall.environment(), **self.env}, preexec_fn=self.preexec)
        return self

    def get(self, path="/metrics", headers=None):
        connection = _UnixConnection(self.socket, self.context)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def scrape_text(self, openmetrics=False):
        """The body, or None while nobody answers."""
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"} if openmetrics else {}
        try:
            status, body = self.get("/metrics", accept)
        except (OSError, http.client.HTTPException):
            return None
        return body.decode("utf-8") if status == 200 else None

    def scrape(self):
        text = self.scrape_text()
        return parshall.Samples(text) if text is not None else None

    def lines_read(self):
        """Over all sources; without a whole parse, since it is asked for again and again."""
        text = self.scrape_text()
        return None if text is None else sum(float(v) for v in re.findall(r"^parshall_lines_read_total\{.*\} (\S+)$", text, re.M))

    def must_run(self):
        if not self.running:
            raise Failed(f"ended by itself with {self.process.returncode}: {self.err[-2000:]}")

    def until(self, condition, what, deadline_s=DEADLINE_S):
        """Waits for condition() while the program runs."""
        end = time.monotonic() + deadline_s
        while True:
            value = condition()
            if value:
                return value
            self.must_run()
            if time.monotonic() > end:
                raise Failed(f"gave up waiting until {what() if callable(what) else what}; stderr: {self.err[-1000:]}")
            time.sleep(0.01)

    def ready(self):
        def answers():
            try:
                return self.get("/-/ready")[0] == 200
            except (OSError, http.client.HTTPException):
                return False
        self.until(answers, "it is ready")
        return self

    def wait_lines(self, count, stall_s=None):
        """Until so many lines were read, or nothing has moved for long: what is missing then shows in the comparison."""
        last, since = None, time.monotonic()
        while True:
            now = self.lines_read()
            if now is not None and now >= count:
                return True
            self.must_run()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > (stall_s or STALL_S):
                self.stalls += 1
                return False
            time.sleep(0.01)

    def wait_caught_up(self):
        """Until it says that it has read its files to their ends. A busy disk may keep a new life from reading for seconds."""
        def unread():
            found = re.findall(r"^parshall_source_lag_bytes\{.*\} (\S+)$", self.scrape_text() or "", re.M)
            return sum(map(float, found)) if found else None
        self.until(lambda: unread() == 0, lambda: f"{unread()} bytes are read")

    def wait_quiet(self, quiet_s=0.5):
        """Until nothing more is read, in a life that does read: for where the number of lines is not known beforehand."""
        last, since = None, time.monotonic()
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            now = self.lines_read()
            if now is None or now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since >= quiet_s:
                return last
            self.must_run()
            time.sleep(0.02)
        raise Failed("it does not come to rest")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """A clean end; returns the final Samples."""
        self.metrics_file.unlink(missing_ok=True)
        self.must_run()
        self.process.terminate()
        return self.ended()

    def ended(self, deadline_s=DEADLINE_S):
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"does not end; stderr: {self.err[-1000:]}") from None
        if code != 0:
            raise Failed(f"exit code {code}: {self.err[-2000:]}")
        return parshall.Samples(self.metrics_file.read_text(encoding="utf-8"))

    def once(self, *args, code=0):
        """One run to its end with these arguments only, for looking at something."""
        done = parshall.run(*args, *parshall.NO_WEB, env=self.env, deadline_s=DEADLINE_S)
        if done.code != code:
            raise Failed(f"exit code {done.code}, not {code}: {done.err[-2000:]}")
        return done

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self, key="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        raise Failed(f"no {key}")

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
