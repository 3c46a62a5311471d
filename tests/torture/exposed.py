"""A web server in the open: H1, ten thousand connections that keep it waiting; H3, scrapes through load and kills.

One process plays all bad clients with epoll; a good scrape is curl on a new connection each time, as Prometheus after a
restart: of the two cores here, the clients shall take as little as they can. All of it is over loopback.
"""
import collections
import multiprocessing
import resource
import select
import socket
import ssl
import statistics
import subprocess
import threading
import time

import expositions
import load
import parshall
from bar import Bar, verdict
from witness import Witness

MIB = 1 << 20
SCRAPE_S_MAX = 1.0
CLOSED_S_MAX = 10.0
CLOSED_S_SLACK = 1.5  # of the one who looks: it sees a close when its turn comes
GROWTH_MAX = 100 * MIB
INGEST_LOSS_MAX = 0.05
LINES_PER_S = 20000
BODY_BYTES = 50 * MIB
SERIES = 190_000
CONNECTIONS = 10_000
READERS = 100
ENDS = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


class BadClients(threading.Thread):
    """Keeps `count` connections open, of three kinds by turns; they come all at once, and each one that ends is
    replaced, as quickly as if all of them were closed after eight seconds.

    silent: says nothing. slow: begins a request (under TLS, a handshake) and sends a byte each second. shaking: sends a
    TLS hello that has no end, which on a plain port is no request.
    """

    KINDS = ["silent", "slow", "shaking"]

    def __init__(self, port, count, secure):
        super().__init__(daemon=True)
        self.port, self.count, self.secure = port, count, secure
        self.open = {}  # fd: [socket, kind, since, has begun]
        self.longest, self.closed, self.opened = 0.0, 0, 0
        self.failure = None
        self.due = collections.deque()  # (when, fd, since) of slow ones: the next byte
        self.epoll = select.epoll()
        self.stopped = threading.Event()

    def stop(self):
        self.stopped.set()
        self.join(60)
        for sock, *_ in self.open.values():
            sock.close()
        self.epoll.close()

    def connect(self):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", self.port))
        self.open[sock.fileno()] = [sock, self.KINDS[self.opened % len(self.KINDS)], time.monotonic(), False]
        self.epoll.register(sock, ENDS | select.EPOLLOUT)
        self.opened += 1

    def begin(self, entry):
        sock, kind = entry[0], entry[1]
        entry[3] = True
        if kind == "slow":
            sock.send(b"\x16\x03" if self.secure else b"GET /metrics HTTP/1.1\r\nX: ")
            self.due.append((time.monotonic() + 1, sock.fileno(), entry[2]))
        elif kind == "shaking":
            sock.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"r" * 40)
        self.epoll.modify(sock, ENDS)

    def end(self, number, now):
        sock, _, since, *_ = self.open.pop(number)
        self.longest = max(self.longest, now - since)
        self.closed += 1
        sock.close()  # takes it out of the epoll, too

    def run(self):
        try:
            self.play()
        except Exception as error:
            self.failure = repr(error)

    def play(self):
        budget, last = float(self.count), time.monotonic()
        while not self.stopped.is_set():
            now = time.monotonic()
            budget, last = min(self.count, budget + (now - last) * self.count / 8), now
            # Some at a time: the machine's own queue of connections is not what is tried here.
            for _ in range(int(min(200, budget, self.count - len(self.open)))):
                self.connect()
                budget -= 1
            for number, events in self.epoll.poll(0.02, 4096):
                entry, now = self.open.get(number), time.monotonic()
                if entry is None:
                    continue
                try:
                    if events & ENDS:
                        self.end(number, now)
                    elif not entry[3]:
                        self.begin(entry)
                except OSError:
                    self.end(number, now)
            now = time.monotonic()
            while self.due and self.due[0][0] <= now:
                _, number, since = self.due.popleft()
                entry = self.open.get(number)
                if entry is None or entry[2] != since:
                    continue  # closed meanwhile
                self.due.append((now + 1, number, since))
                try:
                    entry[0].send(b"a")
                except OSError:
                    self.end(number, now)

    def oldest(self):
        now = time.monotonic()
        return max([now - entry[2] for entry in list(self.open.values())] or [0.0])


class SlowReader(threading.Thread):
    """Asks for /metrics and takes a little each second, again and again."""

    def __init__(self, port, context):
        super().__init__(daemon=True)
        self.port, self.context = port, context
        self.longest, self.closed = 0.0, 0
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(0.1):
            began = time.monotonic()
            try:
                self.read()
            except OSError:
                pass
            if not self.stopped.is_set():
                self.closed += 1
                self.longest = max(self.longest, time.monotonic() - began)

    def read(self):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(30)
            sock.connect(("127.0.0.1", self.port))
            if self.context:
                sock = self.context.wrap_socket(sock)
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            ends = select.poll()
            ends.register(sock, ENDS)
            while sock.recv(512) and not self.stopped.is_set():
                # What stands in the socket is no sign that the other side still serves it.
                if any(event & ENDS for _, event in ends.poll(1000)):
                    break
            sock.close()


class Crowd:
    """All bad clients, in a process of their own."""

    def __init__(self, port, count, secure):
        fork = multiprocessing.get_context("fork")
        self.port, self.count, self.context = port, count, _trusting() if secure else None
        self.stopped = fork.Event()
        self.here, there = fork.Pipe()
        self.process = fork.Process(target=self._run, args=(there,), daemon=True)

    def start(self):
        """Before any thread."""
        self.process.start()

    def _run(self, there):
        bad = BadClients(self.port, self.count, self.context is not None)
        readers = [SlowReader(self.port, self.context) for _ in range(READERS)]
        for player in (bad, *readers):
            player.start()
        self.stopped.wait()
        oldest = bad.oldest()
        bad.stop()
        for reader in readers:
            reader.stopped.set()
        there.send({"longest": max([bad.longest, oldest] + [reader.longest for reader in readers]), "opened": bad.opened,
                    "closed": bad.closed, "reads": sum(r.closed for r in readers), "failure": bad.failure,
                    "cpu_s": time.process_time()})

    def stop(self):
        self.stopped.set()
        assert self.here.poll(90), "the bad clients do not answer"
        report = self.here.recv()
        self.process.join(60)
        return report


def _rules(folder):
    """Access lines as ever, and others with a series each: a body of 50 MiB."""
    path = folder / "wide.yaml"
    path.write_text("""rules:
  - name: wide
    pattern: '^wide (?P<wide>\\S+)$'
metrics:
  - name: wide_lines_total
    kind: counter
    help: Lines of a wide label.
    rules: wide
    labels: {wide: {field: wide, limit: %d}}
""" % (SERIES + 10))
    return path


class GoodScraper(threading.Thread):
    """A scrape each half second, each on a connection of its own, by curl, which says how long each took."""

    def __init__(self, port, secure):
        super().__init__(daemon=True)
        self.url = f"{'https' if secure else 'http'}://127.0.0.1:{port}/metrics"
        self.times, self.faults, self.bytes, self.slowest = [], [], 0, (0.0, "")
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(0.5):
            status, seconds = self.scrape()
            self.times.append(seconds)
            if status != "200":
                self.faults.append(f"a good scrape gives {status} after {seconds:.2f} s")
            elif self.bytes < BODY_BYTES:
                self.faults.append(f"a good scrape is of {self.bytes} bytes only")

    def stop(self):
        self.stopped.set()
        self.join(60)

    def scrape(self):
        """(status, or what went wrong; seconds)"""
        done = subprocess.run(["curl", "-sSk", "-m", "30", "-o", "/dev/null", "-w",
                               "%{http_code} %{time_total} %{size_download} connected %{time_connect} s, TLS %{time_appconnect} s, "
                               "first byte %{time_starttransfer} s", self.url], capture_output=True, text=True)
        status, seconds, size, steps = done.stdout.split(maxsplit=3)
        self.bytes = int(size)
        self.slowest = max(self.slowest, (float(seconds), steps))
        return status if done.returncode == 0 else done.stderr.strip(), float(seconds)


def _trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True, timeout=60)
    (folder / "web.yml").write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    return folder / "web.yml"


def _h1(secure):
    def play_h1(play):
        """rounds: seconds."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(CONNECTIONS, hard - 500)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        logs, wide = play.folder / "logs", play.folder / "wide.log"
        logs.mkdir()
        port = parshall.free_port()
        flags = ["--web.config.file", _certificate(play.folder)] if secure else []
        with open(wide, "wb") as stream:
            for n in range(SERIES):
                stream.write(b"wide %0*d\n" % (BODY_BYTES // SERIES - 24, n))
        found = []
        with load.Load(logs, play.seed, "--lines-per-s", LINES_PER_S) as writer, play.program(
                wide, logs / "access.log*", "--rules", _rules(play.folder), "--rules", parshall.ROOT / "rules/access.yaml",
                "--web.listen-address", f"127.0.0.1:{port}", *flags, output="none", state=False) as subject:
            subject.context = _trusting() if secure else None
            subject.start().ready()
            good, crowd = GoodScraper(port, secure), Crowd(port, count, secure)
            parshall.wait_until(lambda: good.scrape()[0] == "200" and good.bytes >= BODY_BYTES, "the body is large", 120)
            calm = _read_in(subject, 5)
            before, before_most = subject.resident_bytes(), subject.resident_bytes("VmHWM")
            crowd.start()
            good.start()
            used = subject.cpu_s()
            read, began = _lines_read(subject), time.monotonic()
            while time.monotonic() - began < play.rounds:
                subject.must_run()
                time.sleep(0.1)
            rate = (_lines_read(subject) - read) / (time.monotonic() - began)
            used, most = subject.cpu_s() - used, subject.resident_bytes("VmHWM")
            good.stop()
            bad = crowd.stop()
            writer.stop()
            subject.stop()
        longest = bad["longest"]
        grown, slowest = most - before_most, max(good.times)
        play.note(f"{'TLS' if secure else 'plain'}, {play.rounds} s: {bad['opened']} bad connections, {count} at a time, and "
                  f"{bad['reads']} of {READERS} slow readers, closed after {longest:.1f} s at most; {len(good.times)} good scrapes of "
                  f"{good.bytes / MIB:.0f} MiB, {statistics.median(good.times):.2f} s in the middle, slowest {slowest:.2f} s ({good.slowest[1]}); memory "
                  f"{before / MIB:.0f} MiB, {before_most / MIB:.0f} MiB at a calm scrape, +{grown / MIB:.0f} MiB above it; "
                  f"{rate:.0f} lines/s read, {calm:.0f} before; CPU {used:.0f} s, the bad clients' {bad['cpu_s']:.0f} s")
        found += good.faults[:5] + ([bad['failure']] if bad['failure'] else [])
        if slowest > SCRAPE_S_MAX:
            found.append(f"the slowest good scrape took {slowest:.2f} s")
        if grown > GROWTH_MAX:
            found.append(f"memory grew by {grown / MIB:.0f} MiB")
        if longest > CLOSED_S_MAX + CLOSED_S_SLACK:
            found.append(f"a bad connection stayed {longest:.1f} s")
        if rate < calm * (1 - INGEST_LOSS_MAX):
            found.append(f"{rate:.0f} lines/s were read, {calm:.0f} before")
        if not bad["closed"] or bad["opened"] < count or not bad["reads"]:
            found.append(f"the bad clients did not play: {bad['opened']} opened, {bad['closed']} closed")
        return found
    return play_h1


def _lines_read(subject):
    """Asked again if need be: this reader takes its time, and may be closed for it."""
    return parshall.wait_until(subject.lines_read, "it says how much was read", 60)


def _read_in(subject, seconds):
    """Lines per second while nobody disturbs."""
    read, began = _lines_read(subject), time.monotonic()
    time.sleep(seconds)
    return (_lines_read(subject) - read) / (time.monotonic() - began)


def _h3(play):
    """rounds: scrapes, through load and kills; each passes promtool and the strict parser, no counter falls in a life."""
    logs = play.folder / "logs"
    logs.mkdir()
    output, state = play.folder / "records.jsonl", play.folder / "state"
    with load.Load(logs, play.seed, "--lines-per-s", LINES_PER_S) as writer, play.program(logs / "access.log*") as subject:
        witness = Witness(subject, writer, output, state if play.state else None, scrapes_max=play.rounds)
        witness.start()
        while len(witness.scrapes) < play.rounds and witness.is_alive():
            subject.start()
            time.sleep(play.random.uniform(0.2, 1.5))
            subject.must_run()
            subject.kill()
        subject.start().ready()
        truth = writer.stop()
        subject.wait_lines(truth.total)
        witness.stop()
        samples = subject.stop()
    play.note(f"{len(witness.scrapes)} scrapes over {subject.lives - 1} kills and {truth.total} lines")
    found = [] if len(witness.scrapes) >= play.rounds else [f"only {len(witness.scrapes)} scrapes"]
    return found + witness.differences + expositions.check(witness.scrapes, play.folder) + verdict(samples, truth, output)


BARS = [
    Bar("H1-plain", "10,000 connections that keep it waiting (rounds: seconds)", _h1(False), 600, 60),
    Bar("H1-tls", "the same under TLS (rounds: seconds)", _h1(True), 600, 60),
    Bar("H3", "scrapes through load and kills (rounds: scrapes)", _h3, 1000, 100),
]
