"""Files that come, go and are mistaken for each other: R1 inode reuse, R2 equal beginnings, R3 copytruncate, R4 names,
R5 without inotify, R6 half a line over a crash."""
import collections
import os
import subprocess
import threading
import time

import faults
import judge
import parshall
import numbered
from bar import Bar, verdict
from situations import PLAYS


def _r1(play):
    """While the program is away its file is deleted and a new one gets the same inode: it is read from its beginning."""
    if not play.state:
        return []
    log = play.folder / "access.log"
    truth = numbered.Truth()
    reused, size = 0, 200
    log.write_bytes(numbered.lines(1, 0, size))
    truth.wrote(1, size)
    with play.program(log) as subject:
        subject.start().ready()
        for turn in range(play.rounds):
            subject.wait_lines(truth.total)
            subject.stop()
            inode = log.stat().st_ino
            log.unlink()
            file = turn + 2
            size = max(1, size + (-play.random.randrange(1, 50), 0, play.random.randrange(1, 50))[turn % 3])
            data = numbered.lines(file, 0, size)
            log.write_bytes(data)
            reused += log.stat().st_ino == inode
            truth.wrote(file, size)
            subject.start().ready()
            if size < 30:
                size = 200
        subject.wait_lines(truth.total)
        samples = subject.stop()
    play.note(f"{reused} of {play.rounds} new files got the inode of the old one")
    return verdict(samples, truth, play.folder / "records.jsonl")


def _same(n):
    """A line that stands in several files."""
    return b'10.0.0.2 - - [21/Nov/2026:09:32:30 +0000] "GET /same/%d HTTP/1.1" 200 5 "-" "the same in each file"\n' % n


BEGINNING = b"".join(_same(n) for n in range(50))
assert len(BEGINNING) > 4096


def _r2(play):
    """Files that begin with the same 4,096 bytes are different files."""
    found = []
    for turn in range(play.rounds):
        with play.round() as folder:
            log, wanted = folder / "access.log", collections.Counter()
            size = play.random.randrange(1, 400)

            def put(path, file, count, mode="wb"):
                with open(path, mode) as stream:
                    stream.write(BEGINNING + numbered.lines(file, 0, count))
                wanted.update({f"/r/{file}/{seq}": 1 for seq in range(count)})
                wanted.update({f"/same/{n}": 1 for n in range(50)})

            put(log, 1, size)
            put(folder / "access.log.other", 2, size)
            with play.program(folder / "access.log*", folder=folder) as subject:
                subject.start().ready()
                subject.wait_lines(wanted.total())
                if play.state and turn % 2:
                    subject.stop()
                os.rename(log, folder / "access.log.1")
                put(log, 3, size + (-1, 0, 1)[turn % 3])
                if not subject.running:
                    subject.start().ready()
                subject.wait_lines(wanted.total())
                put(log, 4, max(size - 2, 0))  # truncated, and written anew
                subject.wait_lines(wanted.total())
                samples = subject.stop()
            found += [f"round {turn}: {d}" for d in judge.ledger(samples, wanted.total())]
            got = collections.Counter(r["path"] for r in parshall.parse_records(
                (folder / "records.jsonl").read_bytes()))
            found += [f"round {turn}: {key}: {got[key]}, truth {wanted[key]}" for key in got | wanted
                      if got[key] != wanted[key]]
        if len(found) > judge.DIFFERENCES_SHOWN:
            break
    return found


class _Appender(threading.Thread):
    """Writes whole lines until told to stop, with O_APPEND or at an offset of its own that no truncation resets."""

    def __init__(self, path, append, random):
        super().__init__(daemon=True)
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else 0), 0o644)
        self.random, self.seq, self.lock = random, 0, threading.Lock()
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.is_set():
            count = self.random.randrange(1, 30)
            with self.lock:
                os.write(self.fd, numbered.lines(1, self.seq, count))
                self.seq += count
            time.sleep(0.001)

    def stop(self):
        self.stopped.set()
        self.join(60)
        os.close(self.fd)
        return self.seq


LOGROTATE = """{log} {{
  rotate 3
  {how}
  nocompress
  missingok
  su {user} {group}
}}
"""


def logrotate(folder, log, how):
    """The real one, forced, with its own state."""
    import grp
    import pwd
    config = folder / "logrotate.conf"
    config.write_text(LOGROTATE.format(log=log, how=how, user=pwd.getpwuid(os.getuid()).pw_name,
                                       group=grp.getgrgid(os.getgid()).gr_name))
    config.chmod(0o644)
    done = subprocess.run(["/usr/sbin/logrotate", "--force", "--state", folder / "logrotate.state", config],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def _r3(append, real):
    def play_r3(play):
        """Loss is only what stood before a truncation and was not read yet; nothing comes twice."""
        logs = play.folder / "logs"
        logs.mkdir(mode=0o755)
        log = logs / "access.log"
        log.touch()
        ends = []  # seq at each truncation: what was written before it
        with play.program(log) as subject:
            subject.start().ready()
            writer = _Appender(log, append, play.random)
            writer.start()
            for turn in range(play.rounds):
                time.sleep(play.random.uniform(0.002, 0.06))
                before = writer.seq
                if real:
                    logrotate(play.folder, log, "copytruncate")
                    ends.append((before, writer.seq))
                    continue
                (logs / "copy").write_bytes(log.read_bytes())
                before = writer.seq
                os.truncate(log, 0)
                ends.append((before, writer.seq))
                if play.state and turn % 10 == 9:
                    subject.kill() if turn % 20 == 9 else subject.stop()
                    subject.start().ready()
            total = writer.stop()
            subject.wait_caught_up()
            rest = subject.wait_quiet()
            samples = subject.stop()
        truth = numbered.Truth()
        truth.wrote(1, total)
        return _judge_truncated(play, samples, truth, ends, rest)
    return play_r3


def _judge_truncated(play, samples, truth, ends, lines_read):
    seen = judge.Seen().file(play.folder / "records.jsonl")
    total = truth.counts[1]
    truth.lost = {(1, seq) for seq in range(total) if seq not in seen.times[1]}
    found = []
    # A loss is a run of lines that ends where a truncation was.
    run_end = None
    for _, seq in sorted(truth.lost, reverse=True):
        if (1, seq + 1) in truth.lost:
            continue
        run_end = seq
        if not any(low - 60 <= run_end < high + 60 for low, high in ends):
            found.append(f"lost up to seq {run_end}, where nothing was truncated")
    halves = [r for r in seen.others if r.get("outcome") == "unmatched"]
    for record in halves:
        text = record.get("message", "").encode()
        if not (text and any(numbered.line(1, seq).startswith(text) for _, seq in truth.lost)):
            found.append(f"the record of no line that was written: {record}")
    seen.others = [r for r in seen.others if r.get("outcome") != "unmatched"]
    found += judge.series(samples, truth) + judge.ledger(samples) + judge.records(seen, truth)
    lost_bytes = sum(len(numbered.line(1, seq)) for _, seq in truth.lost)
    reported = {name: value for name, _, value in samples.all if "lost" in name and "bytes" in name and value}
    play.note(f"{len(ends)} truncations, {total} lines, {len(truth.lost)} lines ({lost_bytes} bytes) truncated before they "
              f"could be read; reported: {sum(reported.values()):.0f} bytes; {len(halves)} half lines")
    if sum(reported.values()) > lost_bytes + 4096 * len(ends):
        found.append(f"more is reported as lost than was: {reported}, {lost_bytes} bytes")
    if lines_read is None:
        found.append("no scrape")
    return found


def _r4(play):
    """Each situation of situations.py, as often as asked; descriptors are the same before and after."""
    found = []
    for turn in range(play.rounds):
        for situation in PLAYS:
            with play.round() as folder:
                try:
                    found += [f"{situation.__name__}: {d}" for d in situation(play, folder)]
                except AssertionError as failure:
                    found.append(f"{situation.__name__}: {failure}")
    play.note(f"{len(PLAYS)} situations, {turn + 1} times")
    return found


def _r5(play):
    """Without inotify (none, no watches left, queue overflow): found by looking, nothing lost."""
    found = []
    shim = faults.shim(play.folder)
    for turn in range(play.rounds):
        for name, env in (("no inotify", shim.environment("", "inotify", 1, 24, last=10**9)),
                          ("watches run out", shim.environment("", "inotify", 3, 28, last=10**9)),
                          ("queue overflow", {})):
            with play.round() as folder:
                truth = numbered.Truth()
                logs = folder / "logs"
                logs.mkdir()
                with play.program(logs / "*.log", folder=folder, env=env) as subject:
                    subject.start().ready()
                    _write_in_turns(play, logs, truth, 1)
                    subject.wait_lines(truth.total)
                    if name == "queue overflow":
                        _overflow(subject, logs)
                    _write_in_turns(play, logs, truth, 6)
                    os.rename(logs / "a.log", folder / "a.log.1")
                    (logs / "a.log").write_bytes(numbered.lines(11, 0, 77))
                    truth.wrote(11, 77)
                    subject.wait_lines(truth.total)
                    samples = subject.stop()
                found += [f"{name}: {d}" for d in verdict(samples, truth, folder / "records.jsonl")]
    return found


def _write_in_turns(play, logs, truth, first_file):
    for i, name in enumerate("abcde"):
        count = play.random.randrange(1, 300)
        with open(logs / f"{name}.log", "ab") as stream:
            stream.write(numbered.lines(first_file + i, 0, count))
        truth.wrote(first_file + i, count)


def _overflow(subject, logs):
    """More events than the kernel's queue holds, while the program is stopped (SIGSTOP)."""
    import signal
    limit = int(open("/proc/sys/fs/inotify/max_queued_events").read())
    subject.process.send_signal(signal.SIGSTOP)
    try:
        for n in range(limit // 2 + 1000):  # create and delete are events of their own; equal neighbours are merged
            os.close(os.open(logs / f"passing-{n % 7}", os.O_CREAT | os.O_WRONLY))
            os.unlink(logs / f"passing-{n % 7}")
    finally:
        subject.process.send_signal(signal.SIGCONT)


def _r6(play):
    """Half a line, crash, the other half: one record."""
    log = play.folder / "access.log"
    log.touch()
    truth, seq = numbered.Truth(), 0
    with play.program(log) as subject, open(log, "ab", buffering=0) as stream:
        subject.start().ready()
        for turn in range(play.rounds):
            text = numbered.line(1, seq)
            cut = play.random.randrange(1, len(text))
            stream.write(text[:cut])
            if play.random.random() < 0.5:
                time.sleep(play.random.uniform(0, 0.08))
            if play.state:
                subject.kill() if play.random.random() < 0.8 else subject.ready().stop()
                early = play.random.random() < 0.5
                if early:
                    stream.write(text[cut:])
                subject.start()
                if not early:
                    time.sleep(play.random.uniform(0, 0.03))
                    stream.write(text[cut:])
            else:
                stream.write(text[cut:])
            seq += 1
            if turn % 10 == 0:
                subject.ready()
        truth.wrote(1, seq)
        subject.ready()
        subject.wait_lines(truth.total)
        samples = subject.stop()
    return verdict(samples, truth, play.folder / "records.jsonl")


BARS = [
    Bar("R1", "inode reuse while the program is away: shorter, equal, longer content", _r1, 300, 12),
    Bar("R2", "equal first 4,096 bytes in two files, over a rotation, after truncation", _r2, 100, 4),
    Bar("R3-append", "copytruncate under load by hand, O_APPEND writer", _r3(True, False), 200, 20),
    Bar("R3-stale", "copytruncate under load by hand, writer with an offset of its own (NUL hole)", _r3(False, False), 200, 20),
    Bar("R3-logrotate", "copytruncate by the real logrotate, O_APPEND writer", _r3(True, True), 200, 8),
    Bar("R4", "symlinks, hard links, renames in and out, FIFO, directories, permissions", _r4, 10, 1),
    Bar("R5", "inotify missing, out of watches, its queue overflown", _r5, 20, 1),
    Bar("R6", "half a line, crash, the other half", _r6, 1000, 25),
]
