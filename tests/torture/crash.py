"""Killed at any moment: K1 under load and rotation, K2 stopped over rotations, K3 at each call of a commit."""
import gzip
import os
import pathlib
import shutil
import threading
import time

import expositions
import faults
import judge
import load
import numbered
import program
from bar import Bar, verdict
from witness import Witness

LINES_PER_S = 20000


def _kill_after(play, default_interval):
    """1–400 ms where snapshots are 50 ms apart, 1 ms–3 s where they are a second apart."""
    return play.random.uniform(0.001, 3.0 if default_interval else 0.4)


def _k1_file(watch, default_interval=False):
    def play_k1(play):
        logs = play.folder / "logs"
        logs.mkdir()
        output, state = play.folder / "records.jsonl", play.folder / "state"
        interval = "default" if default_interval else None
        with load.Load(logs, play.seed, "--lines-per-s", LINES_PER_S, "--paused") as writer, \
                play.program(logs / watch, interval=interval) as subject:
            written = writer.pause()
            witness = Witness(subject, writer, output, state if play.state else None)
            witness.start()
            if play.state:  # what rotates away from a path before any snapshot speaks of it is not known
                subject.start().ready()
                subject.wait_lines(written)
                subject.stop()
            writer.go()
            started = time.monotonic()
            for _ in range(play.rounds if play.state else 0):
                subject.start()
                time.sleep(_kill_after(play, default_interval))
                subject.must_run()
                subject.kill()
            subject.start().ready()
            while not play.state and time.monotonic() - started < 3:  # without state: rotations only
                time.sleep(0.05)
            truth = writer.stop()
            subject.wait_lines(truth.total)
            witness.stop()
            samples = subject.stop()
        play.note(f"{play.rounds if play.state else 0} kills, {truth.total} lines, {writer.report['rotations']} rotations, "
                  f"at most {writer.report['kept_most']} rotated files kept, "
                  f"{witness.commits} commits and {len(witness.scrapes)} scrapes seen, "
                  f"{time.monotonic() - started:.0f} s")
        play.note(_ledger_line(samples))
        return (verdict(samples, truth, output) + witness.differences
                + expositions.check(witness.scrapes, play.folder))
    return play_k1


def _ledger_line(samples):
    outcomes = samples.by("parshall_lines_total", "outcome")
    return (f"ledger: read {samples.total('parshall_lines_read_total'):.0f} = "
            + " + ".join(f"{value:.0f} {name}" for name, value in sorted(outcomes.items())))


class _Collector:
    """What a supervisor does: each life writes to a pipe of its own, and what was read from it stays."""

    def __init__(self):
        self.lives = []
        self._thread = None

    def begin(self):
        reader, writer = os.pipe()
        self._thread = threading.Thread(target=self._read, args=(reader,), daemon=True)
        self._thread.start()
        return writer

    def _read(self, reader):
        blocks = []
        while block := os.read(reader, 1 << 18):
            blocks.append(block)
        os.close(reader)
        self.lives.append(b"".join(blocks))

    def end(self):
        self._thread.join(60)


def _start_into(subject, collector):
    writer = collector.begin()
    subject.start(stdout=writer)
    os.close(writer)


def _k1_pipe(play):
    """At least once: nothing is missing, and each life repeats at most what the snapshot it began from did not cover."""
    if not play.state:
        return []
    logs, state = play.folder / "logs", play.folder / "state"
    logs.mkdir()
    copies, unread = [], []
    collector = _Collector()
    with load.Load(logs, play.seed, "--lines-per-s", LINES_PER_S) as writer, \
            play.program(logs / "access.log*", output="-") as subject:
        witness = Witness(subject, writer)
        witness.start()
        cleared = 0
        for turn in range(play.rounds):
            _start_into(subject, collector)
            time.sleep(_kill_after(play, False))
            if len(writer.closed) - cleared >= 20:  # what is read may be deleted: a clean stop says it is
                cleared = len(writer.closed)
                written = writer.pause()
                subject.ready()
                if not subject.wait_lines(written):
                    unread.append(f"end {turn + 1}: {written} lines were written, {subject.lines_read()} read")
                subject.stop()
                writer.safe(cleared)
                writer.go()
            else:
                subject.must_run()
                subject.kill()
            collector.end()
            copies.append(play.folder / f"state-{turn}")
            shutil.copytree(state, copies[-1]) if state.exists() else copies[-1].mkdir()
        _start_into(subject, collector)
        subject.ready()
        truth = writer.stop()
        subject.wait_lines(truth.total)
        witness.stop()
        samples = subject.stop()
        collector.end()
        committed = [_committed_lines(play, subject, copy) for copy in copies]
    return unread + _judge_pipe(play, collector.lives, committed, samples, truth) + witness.differences


def _committed_lines(play, subject, state):
    """How many requests a state directory holds: asked of the program by a run that reads nothing."""
    nothing = play.folder / "nothing.log"
    nothing.touch()
    metrics = play.folder / "committed.txt"
    subject.once("--once", nothing, "--state", state, "--output", "none", "--metrics-file", metrics)
    return program.parshall.Samples(metrics.read_text()).total("http_requests_total")


def _judge_pipe(play, lives, committed, samples, truth):
    seen, found, repeated, held = judge.Seen(), [], [], 0
    for n, data in enumerate(lives):
        records_before, unique_before = seen.records, seen.records - seen.duplicates
        seen.feed(data, torn_end_allowed=True)  # a kill may tear the last record; it comes again
        again = (seen.records - records_before) - (seen.records - seen.duplicates - unique_before)
        allowed = unique_before - committed[n - 1] if n else 0
        repeated.append(again)
        held = max(held, allowed)
        if again > max(allowed, 0):
            found.append(f"output: life {n + 1} repeats {again} records; its snapshot left out {allowed:.0f}")
    play.note(f"{len(lives) - 1} ends, {truth.total} lines, {sum(repeated)} records came twice, "
              f"at most {max(repeated)} in one life; the snapshots left out up to {held:.0f}")
    play.note(_ledger_line(samples))
    return (verdict(samples, truth) + found
            + judge.records(seen, truth, duplicates_max=max(sum(repeated), 1)))


def _k2(play):
    """Stopped; while it is away the log is rotated twice and the older one is compressed; then started again."""
    found = []
    for turn in range(play.rounds):
        with play.round() as folder:
            log = folder / "access.log"
            truth = numbered.Truth()
            first = play.random.randrange(1, 3000)
            read = play.random.randrange(0, first + 1)
            data = numbered.lines(1, 0, first)
            cut = len(numbered.lines(1, 0, read)) + (play.random.randrange(60) if read < first else 0)
            log.write_bytes(data[:cut])
            kill = play.random.random() < 0.5
            with play.program(folder / "access.log*", folder=folder) as subject:
                subject.start().ready()
                subject.wait_lines(read)
                if kill and play.random.random() < 0.5:
                    time.sleep(play.random.uniform(0, 0.12))
                if play.state:
                    subject.kill() if kill else subject.stop()
                with open(log, "ab") as stream:
                    stream.write(data[cut:])
                truth.wrote(1, first)
                second, third = play.random.randrange(1, 500), play.random.randrange(0, 500)
                if turn % 2 and not play.state:
                    continue
                _rotate_down(log, second, third, compress=play.state and turn % 2 == 0)
                truth.wrote(2, second)
                truth.wrote(3, third)
                if play.state:
                    subject.start().ready()
                subject.wait_lines(truth.total)
                samples = subject.stop()
            found += [f"round {turn}: {d}" for d in verdict(samples, truth, folder / "records.jsonl")]
        if len(found) > judge.DIFFERENCES_SHOWN:
            break
    play.note(f"{turn + 1} rounds")
    return found


def _rotate_down(log, second, third, compress):
    """access.log → .1 → .2 (or .2.gz), with new lines in each."""
    name = str(log)
    os.rename(name, name + ".1")
    pathlib.Path(name).write_bytes(numbered.lines(2, 0, second))
    os.rename(name + ".1", name + ".2")
    os.rename(name, name + ".1")
    pathlib.Path(name).write_bytes(numbered.lines(3, 0, third))
    if compress:  # as gzip does: a new file beside it, then the old one goes
        with open(name + ".2", "rb") as plain, gzip.open(name + ".2.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        os.unlink(name + ".2")


def _k3(play):
    """Each call on the state directory is the last one of a life, one after the other; then K1's equality."""
    if not play.state:
        return []
    found, points, survived = [], 0, 0
    shim = faults.shim(play.folder)
    for call in ("open", "write", "fsync", "rename"):
        n, ended_by_itself = 1, 0
        while ended_by_itself < 1 and n <= play.rounds:
            with play.round() as folder:
                died, differences = _killed_at(play, folder, shim, call, n)
                found += [f"killed at {call} {n}: {d}" for d in differences]
            points += died
            survived += not died
            ended_by_itself += not died
            n += 1
            if len(found) > judge.DIFFERENCES_SHOWN:
                return found
    play.note(f"{points} calls were each the last one of a life")
    if points < 4:
        found.append("no call on the state directory could be hit: the shim sees nothing")
    return found


def _killed_at(play, folder, shim, call, n):
    """(whether that call came, differences)."""
    log = folder / "access.log"
    log.touch()
    truth = numbered.Truth()
    env = shim.environment(folder / "state", call, n, "kill")
    written = 0
    with play.program(folder / "access.log*", folder=folder, env=env, interval="10ms") as subject:
        subject.start()
        with open(log, "ab", buffering=0) as stream:
            end = time.monotonic() + 3
            while subject.running and written < 60 * 40 and time.monotonic() < end:
                stream.write(numbered.lines(1, written, 40))
                written += 40
                time.sleep(0.004)
            truth.wrote(1, written)
            died = not subject.running
            if died and subject.process.returncode != -9:
                return True, [f"ended with {subject.process.returncode}: {subject.err[-500:]}"]
            if not died:
                subject.kill()
            subject.env = {}
            subject.start().ready()
            stream.write(numbered.lines(1, written, 10))
        truth.wrote(1, 10)
        subject.wait_lines(truth.total)
        samples = subject.stop()
    return died, verdict(samples, truth, folder / "records.jsonl")



BARS = [
    Bar("K1-file-glob", "SIGKILL at 1–400 ms, 20,000 lines/s, rename each 0.5 s, watched by a glob, records to a file",
        _k1_file("access.log*"), 1000, 50),
    Bar("K1-file-path", "the same, watched by its path", _k1_file("access.log"), 1000, 25),
    Bar("K1-pipe", "the same, records to a pipe: at least once", _k1_pipe, 1000, 25),
    Bar("K1-default", "SIGKILL at 1 ms–3 s with the default interval", _k1_file("access.log*", True), 1000, 4),
    Bar("K2", "stopped or killed, rotated twice and gzipped meanwhile, started", _k2, 200, 6),
    Bar("K3", "killed at the n-th open, write, fsync, rename of the state directory, each n", _k3, 250, 4),
]
