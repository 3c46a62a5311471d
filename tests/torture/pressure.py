"""Full disks, failing calls, missing descriptors, readers that are slow or gone: D1–D4, O1, O2."""
import errno
import fcntl
import os
import resource
import threading
import time

import faults
import judge
import numbered
from bar import Bar, verdict

F_SETPIPE_SZ = 1031


class Feed:
    """A log that grows by numbered lines when told to."""

    def __init__(self, folder):
        self.path = folder / "access.log"
        self.stream = open(self.path, "ab", buffering=0)
        self.truth = numbered.Truth()

    def write(self, count):
        self.stream.write(numbered.lines(1, self.truth.counts[1], count))
        self.truth.wrote(1, count)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()


def newest(state):
    """Changes with each commit that is complete."""
    try:
        return max(((e.stat().st_mtime_ns, e.inode()) for e in os.scandir(state) if ".tmp" not in e.name), default=None)
    except FileNotFoundError:
        return None


def _state_errors(samples):
    return sum(value for name, _, value in samples.all
               if name.startswith("parshall_state") and ("error" in name or "fail" in name))


def _d1(play):
    """The disk of the state is full again and again; it goes on counting, and the next kill finds a good state."""
    if not play.state:
        return []
    flag, found, errors = play.folder / "full", [], 0
    env = faults.shim(play.folder).environment(play.folder / "state", "write", 1, errno.ENOSPC, last=10**9, flag=flag)
    with Feed(play.folder) as feed, play.program(feed.path, env=env) as subject:
        subject.start().ready()
        for turn in range(play.rounds):
            feed.write(play.random.randrange(1, 500))
            flag.touch()
            feed.write(play.random.randrange(1, 500))
            subject.wait_lines(feed.truth.total)
            subject.until(lambda: _state_errors(subject.scrape()) > 0, "a counter parshall_state_…errors… rises", 10)
            errors += 1
            if turn % 3 == 1:
                subject.kill()
                flag.unlink()
                subject.start().ready()
                continue
            flag.unlink()
            feed.write(10)
            subject.wait_lines(feed.truth.total)
            if turn % 3 == 2:
                subject.kill()
                subject.start().ready()
        subject.wait_lines(feed.truth.total)
        samples = subject.stop()
        play.note(f"{errors} times without room")
        return found + verdict(samples, feed.truth, play.folder / "records.jsonl")


def _d2(play):
    """The disk of the output is full for a while: it pauses, is there for /metrics, and goes on by itself."""
    out = play.folder / "out"
    out.mkdir()
    flag = play.folder / "full"
    env = faults.shim(play.folder).environment(out, "write", 1, errno.ENOSPC, last=10**9, flag=flag)
    with Feed(play.folder) as feed, play.program(feed.path, env=env, output=out / "records.jsonl") as subject:
        subject.start().ready()
        for turn in range(play.rounds):
            feed.write(play.random.randrange(1, 300))
            flag.touch()
            feed.write(play.random.randrange(1, 300))
            time.sleep(play.random.uniform(0.05, 0.4))
            if subject.scrape() is None:
                subject.must_run()
                return [f"round {turn}: /metrics does not answer while the output is full: {subject.unanswered}; "
                        f"stderr: {subject.err[-1000:]}"]
            if play.state and turn % 2:
                subject.kill()
                subject.start()
            flag.unlink()
            if play.state and turn % 2:
                subject.ready()
            subject.wait_lines(feed.truth.total)
        samples = subject.stop()
        return verdict(samples, feed.truth, out / "records.jsonl")


def _d3(play):
    """The n-th fsync fails: the commit has failed, the next one is made anew, and a kill finds a good state."""
    if not play.state:
        return []
    found, shim = [], faults.shim(play.folder)
    for n in range(1, play.rounds + 1):
        with play.round() as folder, Feed(folder) as feed:
            env = shim.environment(folder / "state", "fsync", n, errno.EIO)
            with play.program(feed.path, folder=folder, env=env, interval="10ms") as subject:
                subject.start()
                for _ in range(10 + n):
                    feed.write(20)
                    time.sleep(0.008)
                if subject.running:
                    subject.ready()
                    subject.kill()
                else:
                    found.append(f"fsync {n}: exit code {subject.process.returncode}: {subject.err[-300:]}")
                feed.write(5)
                subject.env = {}
                subject.start().ready()
                subject.wait_lines(feed.truth.total)
                samples = subject.stop()
            found += [f"fsync {n}: {d}" for d in verdict(samples, feed.truth, folder / "records.jsonl")]
        if found:
            break
    return found


FEW = 24  # the program's own are about 16; the rest is for files


def _few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def _d4_descriptors(play):
    """A handful of descriptors for 30 files: it says so, idles, serves; with more of them everything is read."""
    found = []
    for turn in range(play.rounds):
        with play.round() as folder:
            logs, truth = folder / "logs", numbered.Truth()
            logs.mkdir()
            with play.program(logs / "*.log", folder=folder, preexec=_few_descriptors) as subject:
                subject.start().ready()
                for n in range(30):
                    (logs / f"f{n}.log").write_bytes(numbered.lines(n + 1, 0, 50))
                    truth.wrote(n + 1, 50)
                time.sleep(0.5)
                before, started = subject.cpu_s(), time.monotonic()
                time.sleep(2)
                share = (subject.cpu_s() - before) / (time.monotonic() - started)
                if share > 0.1:
                    found.append(f"run {turn}: without descriptors it spends {share:.0%} of a core")
                play.note(f"meanwhile: {share:.1%} of a core, /metrics "
                          f"{'answers' if subject.scrape_text() is not None else 'does not answer'}")
                hard = resource.prlimit(subject.pid, resource.RLIMIT_NOFILE)[1]
                resource.prlimit(subject.pid, resource.RLIMIT_NOFILE, (min(256, hard), hard))
                subject.wait_lines(truth.total)
                samples = subject.stop()
            found += [f"run {turn}: {d}" for d in verdict(samples, truth, folder / "records.jsonl")]
    return found


def _d4_calls(play):
    """Interrupted and short reads and writes, everywhere and in the state directory."""
    found, shim = [], faults.shim(play.folder)
    for turn in range(play.rounds):
        for call, what in (("write", "short"), ("read", "short"), ("write", errno.EINTR), ("read", errno.EINTR),
                           ("open", errno.EINTR), ("fsync", errno.EINTR)):
            with play.round() as folder, Feed(folder) as feed:
                first = 1 + play.random.randrange(6) if call != "fsync" else 3  # the first commit is part of the start
                env = shim.environment(folder, call, first, what,
                                       last=40 if what == "short" else first + play.random.randrange(6))
                with play.program(feed.path, folder=folder, env=env) as subject:
                    feed.write(200)
                    subject.start().ready()
                    for _ in range(5):
                        feed.write(play.random.randrange(1, 100))
                        subject.wait_lines(feed.truth.total)
                    if play.state:
                        subject.kill()
                        feed.write(7)
                        subject.start().ready()
                    subject.wait_lines(feed.truth.total)
                    samples = subject.stop()
                found += [f"{call} {what}: {d}" for d in verdict(samples, feed.truth, folder / "records.jsonl")]
        if found:
            break
    return found


def _o1(play):
    """The reader of the records leaves after k of them. What it may have missed is what stood in the pipe."""
    found = []
    for turn in range(play.rounds):
        with play.round() as folder, Feed(folder) as feed:
            k = play.random.randrange(0, 3000)
            with play.program(feed.path, folder=folder, output="-") as subject:
                reader, writer = os.pipe()
                capacity = fcntl.fcntl(reader, F_SETPIPE_SZ, 4096)
                feed.write(4000)
                subject.start(stdout=writer)
                os.close(writer)
                with open(reader, "rb") as stream:
                    first = b"".join(stream.readline() for _ in range(k))
                subject.until(lambda: not subject.running, "it ends after its reader left", 20) if subject.running else None
                if subject.process.returncode != 1:
                    found.append(f"k={k}: exit code {subject.process.returncode}, not 1")
                seen = judge.Seen()
                seen.feed(first)
                if play.state:
                    found += [f"k={k}: {d}" for d in _o1_goes_on(subject, feed, folder, seen, capacity)]
                elif seen.records != k or seen.bad:
                    found.append(f"k={k}: {seen.records} records")
        if found:
            break
    return found


def _o1_goes_on(subject, feed, folder, seen, capacity):
    path = folder / "second"
    with open(path, "wb") as stream:
        subject.start(stdout=stream)
    subject.ready()
    subject.wait_lines(feed.truth.total)
    samples = subject.stop()
    size = path.stat().st_size
    seen.file(path)
    missing = {(1, seq) for seq in range(feed.truth.counts[1]) if seq not in seen.times[1]}
    found = verdict(samples, feed.truth)
    if len(missing) * 150 > capacity:
        found.append(f"{len(missing)} records are missing, more than stood in the pipe of {capacity} bytes; "
                     f"{size} bytes came afterwards")
    feed.truth.lost = missing
    found += judge.records(seen, feed.truth, duplicates_max=feed.truth.counts[1])
    feed.truth.lost = set()
    return found


def _o2(play):
    """Nobody reads the records for a while: flat memory, /metrics answers, nothing is lost."""
    found, seconds = [], play.rounds
    reader, writer = os.pipe()
    with Feed(play.folder) as feed, play.program(feed.path, output="-") as subject:
        subject.start(stdout=writer).ready()
        os.close(writer)
        feed.write(2000)
        time.sleep(0.3)
        before, slowest = subject.resident_bytes(), 0.0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            feed.write(4000)
            started = time.monotonic()
            if subject.scrape_text() is None:
                found.append("/metrics does not answer while the output is blocked")
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.2)
        grown = subject.resident_bytes() - before
        data = []
        collector = threading.Thread(target=lambda: data.extend(iter(lambda: os.read(reader, 1 << 18), b"")), daemon=True)
        collector.start()
        subject.wait_lines(feed.truth.total)
        samples = subject.stop()
        collector.join(60)
        os.close(reader)
        seen = judge.Seen()
        seen.feed(b"".join(data))
        play.note(f"{seconds} s blocked, {feed.truth.total} lines: memory grew by {grown / 2**20:.1f} MiB, the slowest "
                  f"scrape took {slowest * 1e3:.0f} ms")
        if grown > 16 * 2**20:
            found.append(f"memory grew by {grown / 2**20:.1f} MiB")
        if seconds >= 30 and slowest > 0.1:
            found.append(f"a scrape took {slowest * 1e3:.0f} ms")
        return found + verdict(samples, feed.truth) + judge.records(seen, feed.truth)


BARS = [
    Bar("D1", "no room for the state, and room again", _d1, 100, 4),
    Bar("D2", "no room for the output, and room again", _d2, 50, 3),
    Bar("D3", "the n-th fsync of the state fails with EIO", _d3, 40, 3),
    Bar("D4-descriptors", "30 files and 24 descriptors, of which the program has 16 itself", _d4_descriptors, 5, 1),
    Bar("D4-calls", "short and interrupted reads, writes, opens, fsyncs", _d4_calls, 20, 1),
    Bar("O1", "the reader of the records leaves after k of them", _o1, 100, 5),
    Bar("O2", "nobody reads the records (rounds: seconds)", _o2, 60, 2),
]

