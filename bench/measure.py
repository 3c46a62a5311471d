"""Runs a command and measures what it cost: wall time, CPU time of it and its children, peak memory."""
import os
import pathlib
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass


@dataclass
class Cost:
    wall_s: float
    cpu_s: float
    peak_bytes: int
    code: int


def _watch(pid, peak, ended):
    """VmHWM of the process itself: what wait4 says contains the peak of the Python that started it."""
    status = pathlib.Path(f"/proc/{pid}/status")
    while not ended.is_set():
        try:
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak[0] = max(peak[0], int(line.split()[1]) * 1024)
        except OSError:
            return
        ended.wait(0.01)


def run(command, stdout=subprocess.DEVNULL, stderr=None, env=None):
    began = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env)
    peak, ended = [0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, ended))
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak[0], process.returncode)


def median(values):
    return statistics.median(values)


def read_whole(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def warm(path):
    """Puts the file into the page cache the same way each time: what is there of it is let go, then it is read from begin to end.

    Kernels take pages out of the cache that lie idle (DAMON, within a minute or two here): those are read from the disk. And a cache that was
    filled over hours, in pieces, cost 2 to 2.5 times as much to read, all of it there; probably its pages lie scattered in memory.
    read_whole() just before each run keeps all of it there.
    """
    with open(path, "rb", buffering=0) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    read_whole(path)


def read_seconds(path):
    """CPU seconds that `read` alone takes for the file in pieces of 256 KiB: the part of every figure that no program can save."""
    read_whole(path)
    before = time.process_time()
    piece = bytearray(256 << 10)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(piece):
            pass
    return time.process_time() - before
