"""A web server in the open: H1, ten thousand connections that keep it waiting; H3, scrapes through load and kills.

One process here plays all bad clients with epoll; a good scrape is a new connection each time, as Prometheus after a
restart. All of it is over loopback, so that nothing but the program decides how quick an answer is.
"""
import multiprocessing
import resource
import select
import socket
import ssl
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
    """Keeps `count` connections open, of three kinds by turns; each one that ends is replaced, as quickly as if all of them
    were closed after eight seconds.

    silent: says nothing. slow: begins a request (under TLS, a handshake) and sends a byte each second. shaking: sends a
    TLS hello that has no end, which on a plain port is no request.
    """

    KINDS = ["silent", "slow", "shaking"]

    def __init__(self, port, count, secure):
        super().__init__(daemon=True)
        self.port, self.count, self.secure = port, count, secure
        self.open = {}  # fd: [socket, kind, since, last byte, has begun]
        self.longest, self.closed, self.opened = 0.0, 0, 0
        self.failure = None
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
        self.open[sock.fileno()] = [sock, self.KINDS[self.opened % len(self.KINDS)], time.monotonic(), 0.0, False]
        self.epoll.register(sock, ENDS | select.EPOLLOUT)
        self.opened += 1

    def begin(self, entry):
        sock, kind = entry[0], entry[1]
        entry[4] = True
        if kind == "slow":
            sock.send(b"\x16\x03" if self.secure else b"GET /metrics HTTP/1.1\r\nX: ")
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
                    elif not entry[4]:
                        self.begin(entry)
                except OSError:
                    self.end(number, now)
            now = time.monotonic()
            for number, entry in list(self.open.items()):
                if entry[1] != "slow" or not entry[4] or now - entry[3] < 1:
                    continue
                entry[3] = now
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


class GoodScraper:
    """A scrape each half second, each on a connection of its own; in a process of its own, since the threads of the bad
    clients would keep it waiting themselves."""

    def __init__(self, port, secure):
        self.port, self.times, self.faults, self.bytes = port, [], [], 0
        self.context = _trusting() if secure else None
        fork = multiprocessing.get_context("fork")
        self.stopped = fork.Event()
        self.here, there = fork.Pipe()
        self.process = fork.Process(target=self._run, args=(there,), daemon=True)

    def start(self):
        """Before any thread."""
        self.process.start()

    def _run(self, there):
        while not self.stopped.wait(0.5):
            began = time.monotonic()
            try:
                status = self.scrape()
            except OSError as error:
                status = repr(error)
            self.times.append(time.monotonic() - began)
            if status != 200:
                self.faults.append(f"a good scrape gives {status} after {self.times[-1]:.2f} s")
        there.send((self.times, self.faults, self.bytes))

    def stop(self):
        self.stopped.set()
        assert self.here.poll(60), "the good scraper does not answer"
        self.times, self.faults, self.bytes = self.here.recv()
        self.process.join(60)

    def scrape(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sock:
            if self.context:
                sock = self.context.wrap_socket(sock)
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            head, self.bytes = b"", 0
            while data := sock.recv(1 << 20):
                self.bytes += len(data)
                head = head or data[:64]
            sock.close()
        return int(head.split(b" ")[1]) if head else "nothing"


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
        count = min(CONNECTIONS, hard - 500) if play.rounds >= 60 else 2000
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
            good, bad = GoodScraper(port, secure), BadClients(port, count, secure)
            readers = [SlowReader(port, good.context) for _ in range(READERS)]
            parshall.wait_until(lambda: good.scrape() == 200 and good.bytes >= BODY_BYTES, "the body is large", 120)
            calm = _read_in(subject, 5)
            before, before_most = subject.resident_bytes(), subject.resident_bytes("VmHWM")
            for player in (good, bad, *readers):
                player.start()
            most, read, began = before, _lines_read(subject), time.monotonic()
            while time.monotonic() - began < play.rounds:
                subject.must_run()
                most = max(most, subject.resident_bytes())
                time.sleep(0.1)
            rate = (_lines_read(subject) - read) / (time.monotonic() - began)
            oldest = bad.oldest()
            good.stop()
            bad.stop()
            for reader in readers:
                reader.stopped.set()
            writer.stop()
            subject.stop()
        longest = max([bad.longest, oldest] + [reader.longest for reader in readers])
        grown, slowest = max(most, before_most) - before_most, max(good.times)
        play.note(f"{'TLS' if secure else 'plain'}, {play.rounds} s: {bad.opened} bad connections, {count} at a time, and "
                  f"{sum(r.closed for r in readers)} of {READERS} slow readers, closed after {longest:.1f} s at most; {len(good.times)} good scrapes of "
                  f"{good.bytes / MIB:.0f} MiB, slowest {slowest:.2f} s; memory {before / MIB:.0f} MiB, {before_most / MIB:.0f} "
                  f"MiB at a calm scrape, +{grown / MIB:.0f} MiB above it; {rate:.0f} lines/s read, {calm:.0f} before")
        found += good.faults[:5] + ([bad.failure] if bad.failure else [])
        if slowest > SCRAPE_S_MAX:
            found.append(f"the slowest good scrape took {slowest:.2f} s")
        if grown > GROWTH_MAX:
            found.append(f"memory grew by {grown / MIB:.0f} MiB")
        if longest > CLOSED_S_MAX + CLOSED_S_SLACK:
            found.append(f"a bad connection stayed {longest:.1f} s")
        if rate < calm * (1 - INGEST_LOSS_MAX):
            found.append(f"{rate:.0f} lines/s were read, {calm:.0f} before")
        if not bad.closed or bad.opened < count or not any(r.closed for r in readers):
            found.append(f"the bad clients did not play: {bad.opened} opened, {bad.closed} closed")
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
    Bar("H1-plain", "10,000 connections that keep it waiting (rounds: seconds)", _h1(False), 600, 25),
    Bar("H1-tls", "the same under TLS (rounds: seconds)", _h1(True), 600, 25),
    Bar("H3", "scrapes through load and kills (rounds: scrapes)", _h3, 1000, 100),
]
