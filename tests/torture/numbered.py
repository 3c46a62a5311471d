"""Numbered access lines, and the truth about them.

A line is `… "METHOD /r/<file>/<seq> HTTP/1.1" STATUS SIZE …`: file and seq say which line it is, and everything that is
counted follows from seq alone. So the truth is known from how many lines of each file were written, and from nothing that
the program under test says.
"""
import bisect
import collections

METHODS = ["GET", "GET", "GET", "POST", "PUT", "HEAD", "DELETE"]
STATUSES = ["200", "200", "201", "304", "404", "500", "503", "200", "302"]
SIZES = [0, 1, 99, 100, 101, 250, 999, 1000, 2500, 7777, 10000, 25001, 99999, 100000, 250000, 777777, 1000000, 2500001,
         5000000, 9999999, 10000000, 10000001, 123456789]
RING = len(METHODS) * len(STATUSES) * len(SIZES)  # 7 * 9 * 23: no common factors, so each combination stands once
BUCKETS = [100, 250, 1000, 2500, 10000, 25000, 100000, 250000, 1000000, 2500000, 5000000, 10000000]

_HEAD = [f'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "{METHODS[k % len(METHODS)]} /r/' for k in range(RING)]
_TAIL = [f' HTTP/1.1" {STATUSES[k % len(STATUSES)]} {SIZES[k % len(SIZES)]} "-" "t"\n' for k in range(RING)]


def line(file, seq):
    k = seq % RING
    return f"{_HEAD[k]}{file}/{seq}{_TAIL[k]}".encode()


def lines(file, first, count):
    return b"".join(line(file, seq) for seq in range(first, first + count))


def numbers(path):
    """(file, seq) of a record's path; None if it is not one of ours."""
    parts = path.split("/") if isinstance(path, str) else []
    if len(parts) != 4 or parts[:2] != ["", "r"] or not (parts[2].isdecimal() and parts[3].isdecimal()):
        return None
    return int(parts[2]), int(parts[3])


class Truth:
    """What was written: for each file the seqs [0, count), minus those that are known to be lost."""

    def __init__(self):
        self.counts = collections.Counter()  # file: lines
        self.lost = set()  # (file, seq) that no reader could have seen

    def wrote(self, file, count):
        self.counts[file] += count

    @property
    def total(self):
        return sum(self.counts.values()) - len(self.lost)

    def expected(self):
        """({(method, status): lines}, {(method, status): sum of sizes}, {(method, status): cumulative buckets with +Inf})."""
        ring = [0] * RING
        for count in self.counts.values():
            for k in range(RING if count >= RING else 0):
                ring[k] += count // RING
            for k in range(count % RING):
                ring[k] += 1
        for _, seq in self.lost:
            ring[seq % RING] -= 1
        lines_, sums = collections.Counter(), collections.Counter()
        buckets = collections.defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        for k, times in enumerate(ring):
            if not times:
                continue
            key = METHODS[k % len(METHODS)], STATUSES[k % len(STATUSES)]
            size = SIZES[k % len(SIZES)]
            lines_[key] += times
            sums[key] += times * size
            for b in range(bisect.bisect_left(BUCKETS, size), len(BUCKETS) + 1):
                buckets[key][b] += times
        return dict(lines_), {k: v for k, v in sums.items() if v}, dict(buckets)
