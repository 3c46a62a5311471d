"""Hostile lines, hostile places and a clock that jumps: L1, S1, S2, C1."""
import itertools
import os
import pathlib
import stat
import subprocess
import time

import numbered
import parshall
from bar import Bar, verdict
from pressure import Feed, newest

MIB = 1 << 20
FAKETIME = pathlib.Path("/usr/lib") / f"{os.uname().machine}-linux-gnu" / "faketime" / "libfaketimeMT.so.1"


def _l1(play):
    """One line of so many MiB without newline, then good ones: cut, counted once, memory flat. In a file and on stdin."""
    found = []
    for through_stdin in (False, True):
        with play.round() as folder:
            log = folder / "access.log"
            log.write_bytes(numbered.lines(1, 0, 10))
            truth = numbered.Truth()
            truth.wrote(1, 20)
            source = "-" if through_stdin else log
            with play.program(source, folder=folder, state=not through_stdin) as subject:
                if through_stdin:
                    subject.start(stdin=subprocess.PIPE).ready()
                    stream = subject.process.stdin
                    stream.write(log.read_bytes())
                else:
                    subject.start().ready()
                    stream = open(log, "ab")
                stream.flush()
                subject.wait_lines(10)
                before = subject.resident_bytes("VmHWM")
                block = b"x" * MIB
                for _ in range(play.rounds):
                    stream.write(block)
                stream.write(b"\n" + numbered.lines(1, 10, 10))
                stream.flush()
                subject.wait_lines(21)
                grown = subject.resident_bytes("VmHWM") - before
                stream.close()
                samples = subject.ended() if through_stdin else subject.stop()
            if samples.outcome("oversized") != 1 or samples.outcome("matched") != 20:
                found.append(f"stdin {through_stdin}: outcomes {samples.by('parshall_lines_total', 'outcome')}")
            if grown > 17 * MIB:
                found.append(f"memory grew by {grown / MIB:.1f} MiB over a line of {play.rounds} MiB")
            found += verdict(samples, truth, ledger_lines=False)
            play.note(f"a line of {play.rounds} MiB {'on stdin' if through_stdin else 'in a file'}: memory grew by "
                      f"{grown / MIB:.1f} MiB")
    return found


def _state_with_content(play, folder, feed):
    with play.program(feed.path, folder=folder) as subject:
        feed.write(10)
        subject.start().ready()
        subject.wait_lines(feed.truth.total)
        subject.stop()
    return folder / "state"


def _s1(play):
    """What stands in the place of the state is not ours: refused or replaced, and what it points at is untouched."""
    if not play.state:
        return []
    found, told = [], []
    for spoil, lock in itertools.product((_as_symlink, _as_fifo, _as_hard_link, _as_directory, _as_foreign), (False, True)):
        with play.round() as folder, Feed(folder) as feed:
            state = _state_with_content(play, folder, feed)
            names = [p for p in state.iterdir() if p.is_file() and (p.name == "lock") == lock]
            if not names:
                return [f"a clean end left no {'lock' if lock else 'snapshot'}"]
            found += [f"{p.name} has mode {stat.S_IMODE(p.stat().st_mode):04o}, not 0600" for p in names
                      if stat.S_IMODE(p.stat().st_mode) & 0o077]
            victim = folder / "victim"
            victim.write_bytes(b"somebody else's\n")
            for path in names:
                path.unlink()
                spoil(path, victim)
            done = _try_to_run(play, folder, feed)
            told.append(f"{spoil.__name__[4:]} as {'lock' if lock else 'snapshot'}: {done}")
            if victim.read_bytes() != b"somebody else's\n" or victim.stat().st_nlink < 1:
                found.append(f"{spoil.__name__}: what it points at was changed")
            if done == "hangs":
                found.append(f"{spoil.__name__}: it hangs")
    for spoil in (_dir_is_file, _dir_is_symlink, _dir_is_open_to_all):
        with play.round() as folder, Feed(folder) as feed:
            feed.write(10)
            spoil(folder / "state", folder / "elsewhere")
            done = _try_to_run(play, folder, feed)
            told.append(f"{spoil.__name__[5:]}: {done}")
            if done == "hangs" or (spoil is _dir_is_file and done != "exit code 2"):
                found.append(f"{spoil.__name__}: {done}")
    play.note("; ".join(told))
    return found


def _as_symlink(path, victim):
    path.symlink_to(victim)


def _as_fifo(path, victim):
    os.mkfifo(path)


def _as_hard_link(path, victim):
    os.link(victim, path)


def _as_directory(path, victim):
    path.mkdir()


def _as_foreign(path, victim):
    path.write_bytes(b"\x00" * 4096)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)


def _dir_is_file(state, elsewhere):
    state.write_text("a file")


def _dir_is_symlink(state, elsewhere):
    elsewhere.mkdir()
    state.symlink_to(elsewhere)


def _dir_is_open_to_all(state, elsewhere):
    state.mkdir()
    state.chmod(0o777)


def _try_to_run(play, folder, feed):
    """"runs" (and was stopped), "exit code N" or "hangs"."""
    with play.program(feed.path, folder=folder) as subject:
        subject.start()
        end = time.monotonic() + 10
        while time.monotonic() < end and subject.running:
            text = subject.scrape_text()
            if text is not None and parshall.Samples(text).total("parshall_build_info") == 1:
                subject.process.terminate()
                subject.process.wait(20)
                return "runs" if subject.process.returncode == 0 else f"runs, exit code {subject.process.returncode}"
            time.sleep(0.02)
        if subject.running:
            return "hangs"
        return f"exit code {subject.process.returncode}"


def _s2(play):
    """A second instance with the same state says who holds it and ends with 2; the first is unharmed."""
    if not play.state:
        return []
    found = []
    with Feed(play.folder) as feed, play.program(feed.path) as first:
        feed.write(100)
        first.start().ready()
        for _ in range(play.rounds):
            feed.write(10)
            other = parshall.run(feed.path, *play.state_flags(), "--output", play.folder / "other.jsonl",
                                 *parshall.NO_WEB)
            if other.code != 2 or str(first.pid) not in other.err:
                found.append(f"the second ended with {other.code} and said: {other.err[-300:]}")
            if (play.folder / "other.jsonl").exists() and (play.folder / "other.jsonl").stat().st_size:
                found.append("the second wrote records")
            first.must_run()
        first.wait_lines(feed.truth.total)
        first.kill()
        feed.write(10)
        first.start().ready()  # the lock of a killed one is no lock
        first.wait_lines(feed.truth.total)
        return found + verdict(first.stop(), feed.truth, play.folder / "records.jsonl")


def _c1(play):
    """The wall clock jumps while it runs: counted and committed as before, and a kill loses nothing."""
    if not FAKETIME.exists():
        return [f"there is no {FAKETIME} (Debian package faketime)"]
    found = []
    clock = play.folder / "clock"
    env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    clock.write_text("+0\n")
    with Feed(play.folder) as feed, play.program(feed.path, env=env) as subject:
        subject.start().ready()
        for turn in range(play.rounds):
            for step in ("-3600", "+86400", "-631152000", "+0"):
                before = newest(play.folder / "state")
                feed.write(play.random.randrange(1, 200))
                new = play.folder / "clock.new"
                new.write_text(step + "\n")
                os.rename(new, clock)
                feed.write(play.random.randrange(1, 200))
                subject.wait_lines(feed.truth.total)
                if play.state:
                    subject.until(lambda seen=before: newest(play.folder / "state") != seen, "the next snapshot", 20)
                    subject.kill()
                    subject.start().ready()
        subject.wait_lines(feed.truth.total)
        samples = subject.stop()
        negative = [name for name, _, value in samples.all if value < 0]
        found += [f"negative: {name}" for name in negative]
        return found + verdict(samples, feed.truth, play.folder / "records.jsonl")


BARS = [
    Bar("L1", "one line of 1 GiB, in a file and on stdin (rounds: MiB)", _l1, 1024, 48),
    Bar("S1", "symlinks, FIFOs, hard links, foreign files in the place of the state", _s1, 1, 1),
    Bar("S2", "two instances with one state", _s2, 20, 2),
    Bar("C1", "the clock steps −1 h, +1 d, −20 y and back", _c1, 10, 1),
]
