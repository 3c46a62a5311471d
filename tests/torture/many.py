"""Many files: K5 (1,000 files and logrotate in the middle), and 10,000 files of which 100 are written to."""
import os
import random
import resource
import threading
import time

import numbered
from bar import Bar, verdict
from pressure import newest
from rotate import logrotate

LINES = 1100


def _raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _k5(play):
    """Half of the lines, logrotate while some still come (and a kill), the other half: each line once."""
    found = []
    files = 1000 if play.rounds > 1 else 100
    for turn in range(play.rounds):
        with play.round() as folder:
            logs = folder / "logs"
            logs.mkdir(mode=0o755)
            truth = numbered.Truth()
            written = [0] * files

            def write_to(n, count):
                with open(logs / f"f{n}.log", "ab", buffering=0) as stream:
                    stream.write(numbered.lines(n + 1, written[n], count))
                written[n] += count

            with play.program(logs / ("*.log" if turn % 2 else "*.log*"), folder=folder,
                              preexec=_raise_descriptors) as subject:
                subject.start()
                for n in range(files):
                    write_to(n, play.random.randrange(400, 600))
                subject.ready()
                subject.wait_lines(sum(written))
                # `*.log` does not name what logrotate makes of it: such a file counts from when a snapshot knows it.
                for _ in range(2 if play.state else 0):
                    before = newest(folder / "state")
                    write_to(0, 1)
                    subject.until(lambda seen=before: newest(folder / "state") != seen, "the next snapshot")
                rotation = threading.Thread(target=logrotate, args=(folder, logs / "*.log", "create"))
                rotation.start()
                order = list(range(files))
                random.Random(play.seed + turn).shuffle(order)
                for i, n in enumerate(order):
                    if play.state and i == files // 2:
                        subject.kill()
                        subject.start()
                    write_to(n, 50)
                rotation.join(120)
                for n in range(files):
                    write_to(n, LINES - written[n])
                    truth.wrote(n + 1, LINES)
                subject.wait_lines(truth.total)
                samples = subject.stop()
            found += [f"run {turn}: {d}" for d in verdict(samples, truth, folder / "records.jsonl")]
        if found:
            break
    play.note(f"{turn + 1} runs, {files * LINES} lines in {files} files each")
    return found


def _f1(play):
    """Exact counts with many files; in the long form also the idle cost, and how soon a new file is read."""
    files, active = (10000, 100) if play.rounds > 1 else (500, 20)
    logs = play.folder / "logs"
    logs.mkdir()
    truth = numbered.Truth()
    for n in range(files):
        (logs / f"f{n}.log").write_bytes(numbered.lines(n + 1, 0, 2))
        truth.wrote(n + 1, 2)
    found = []
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < files + 100:
        return [f"at most {hard} descriptors are allowed here; this bar needs {files + 100} (ulimit -Hn)"]
    with play.program(logs / "*.log", preexec=_raise_descriptors, interval="default") as subject:
        subject.start().ready()
        subject.wait_lines(truth.total)
        written = 2
        for _ in range(20 if play.rounds > 1 else 3):
            for n in range(active):
                with open(logs / f"f{n}.log", "ab", buffering=0) as stream:
                    stream.write(numbered.lines(n + 1, written, 10))
                truth.wrote(n + 1, 10)
            written += 10
            time.sleep(0.02)
        subject.wait_lines(truth.total)
        if play.rounds > 1:
            found += _idle_cost(play, subject)
            found += _newness(play, subject, logs, truth, files)
        play.note(f"{files} files: {subject.resident_bytes() / 2**20:.0f} MiB resident, {subject.descriptors()} descriptors")
        samples = subject.stop()
    return found + verdict(samples, truth, play.folder / "records.jsonl")


def _idle_cost(play, subject):
    time.sleep(2)
    before, started = subject.cpu_s(), time.monotonic()
    time.sleep(20)
    share = (subject.cpu_s() - before) / (time.monotonic() - started)
    play.note(f"idle: {share:.2%} of a core")
    return [f"idle costs {share:.2%} of a core, at most 1 % is allowed"] if share > 0.01 else []


def _newness(play, subject, logs, truth, files):
    """From the rename that makes a file of ten lines appear until its records stand in the output."""
    found, waits, output = [], [], play.folder / "records.jsonl"
    for n in range(20):
        hidden = logs / "coming"
        hidden.write_bytes(numbered.lines(files + n + 1, 0, 10))
        truth.wrote(files + n + 1, 10)
        size = output.stat().st_size
        started = time.monotonic()
        os.rename(hidden, logs / f"new-{n}.log")
        subject.until(lambda before=size: output.stat().st_size > before, "a new file is read", 30)
        waits.append(time.monotonic() - started)
    play.note(f"a new file is read after {min(waits) * 1e3:.0f} to {max(waits) * 1e3:.0f} ms, "
              f"half of them within {sorted(waits)[len(waits) // 2] * 1e3:.0f} ms")
    if sorted(waits)[len(waits) // 2] > 0.25:
        found.append(f"a new file is read only after {sorted(waits)[len(waits) // 2] * 1e3:.0f} ms")
    return found


SOURCES_KEPT = 200  # AbsentSources::kKeptMax


def _f2(play):
    """Names that come and go, a batch at a time: every line counted, with flat memory and a bounded number of series."""
    found, batch = [], min(play.rounds, 1000)
    logs = play.folder / "logs"
    logs.mkdir()
    truth = numbered.Truth()
    first_bytes, most_series = None, 0
    with play.program(logs / "*.log", preexec=_raise_descriptors) as subject:
        subject.start().ready()
        for first in range(0, play.rounds, batch):
            for n in range(first, first + batch):
                (logs / f"f{n}.log").write_bytes(numbered.lines(n + 1, 0, 10))
                truth.wrote(n + 1, 10)
            subject.wait_lines(truth.total)
            if play.state and first % (2 * batch) == 0:
                subject.kill()
                subject.start().ready()
                subject.wait_lines(truth.total)
            for n in range(first, first + batch):
                (logs / f"f{n}.log").unlink()
            series = 0

            def forgotten():
                nonlocal series
                samples = subject.scrape()
                if samples is None:
                    return False
                series = len(samples.rows("parshall_lines_read_total"))
                return samples.total("parshall_gone_sources_total") >= first + batch - SOURCES_KEPT

            subject.until(forgotten, f"{first + batch - SOURCES_KEPT} sources are forgotten")
            most_series = max(most_series, series)
            # The first batches make what is kept for all of them.
            if first == min(2, play.rounds // batch - 1) * batch:
                first_bytes = subject.resident_bytes()
        grown = subject.resident_bytes() - first_bytes
        play.note(f"{play.rounds} names: at most {most_series} of them with series of their own, memory grew by "
                  f"{grown / 2**20:.1f} MiB behind the first {min(3 * batch, play.rounds)}")
        if most_series > SOURCES_KEPT:
            found.append(f"{most_series} names that are gone have series")
        if grown > 8 * 2**20:
            found.append(f"memory grew by {grown / 2**20:.1f} MiB")
        samples = subject.stop()
    return found + verdict(samples, truth, play.folder / "records.jsonl")


BARS = [
    Bar("K5", "1,000 files × 1,100 lines, the real logrotate and a kill in the middle", _k5, 20, 1),
    Bar("F2", "10,000 names come and go (rounds: names)", _f2, 10000, 500),
    Bar("F1", "10,000 files watched, 100 written to: counts, idle cost, a new file", _f1, 2, 1),
]

