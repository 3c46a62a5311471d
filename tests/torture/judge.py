"""Compares what the program says with the truth. Each function returns a list of differences; an empty one is agreement.

Nothing here is lenient: a number is equal or it is a difference.
"""
import collections
import json
import re

import numbered

DIFFERENCES_SHOWN = 20


def _compare(what, got, wanted, found):
    for key in sorted(set(got) | set(wanted), key=str):
        if got.get(key, 0) != wanted.get(key, 0):
            found.append(f"{what}{key}: {got.get(key, 0)}, truth {wanted.get(key, 0)}")


def series(samples, truth):
    """Counter, histogram buckets, _count and _sum of the default metrics against the truth."""
    lines, sums, buckets = truth.expected()
    found = []
    _compare("http_requests_total", samples.by("http_requests_total", "method", "status"), lines, found)
    name = "http_response_size_bytes"
    _compare(name + "_count", samples.by(name + "_count", "method", "status"), lines, found)
    _compare(name + "_sum", samples.by(name + "_sum", "method", "status"), sums, found)
    bounds = [*map(float, numbered.BUCKETS), float("inf")]
    wanted = {(*key, bound): value for key, values in buckets.items() for bound, value in zip(bounds, values) if value}
    got = collections.Counter()
    for labels, value in samples.rows(name + "_bucket"):
        if value:
            got[labels["method"], labels["status"], float(labels["le"])] += value
    _compare(name + "_bucket", got, wanted, found)
    return found


def ledger(samples, lines=None):
    """The ledger's identity; with `lines`, also how many there were and that each one was understood."""
    found = []
    read = samples.by("parshall_lines_read_total", "source")
    _compare("ledger: lines read of ", read, samples.by("parshall_lines_total", "source"), found)
    if lines is not None:
        outcomes = samples.by("parshall_lines_total", "outcome")
        gone = samples.by("parshall_gone_sources_lines_total", "outcome")
        _compare("ledger of gone sources: ", {"read": sum(gone.values())},
                 {"read": samples.total("parshall_gone_sources_lines_read_total")}, found)
        outcomes = {key: outcomes.get(key, 0) + gone.get(key, 0) for key in {*outcomes, *gone}}
        _compare("ledger: ", outcomes, {"matched": lines} if lines else {}, found)
    return found


class Seen:
    """Which sequence numbers an output holds. Fed with bytes as they come."""

    def __init__(self):
        self.times = collections.defaultdict(collections.Counter)  # file: seq: times
        self.records = 0
        self.bad = []  # lines that are no records of numbered lines
        self.others = []  # records of other lines

    def feed(self, data, torn_end_allowed=False):
        """Whole records. Returns what stands behind the last newline."""
        *whole, rest = data.split(b"\n")
        for text in whole:
            self.record(text)
        if rest and not torn_end_allowed:
            self.bad.append(b"no newline at the end: " + rest[-200:])
        return rest

    def record(self, text):
        try:
            record = json.loads(text.decode("utf-8"), parse_constant=_refuse)
            number = numbered.numbers(record.get("path"))
        except (ValueError, AttributeError):
            self.bad.append(text[:200])
            return None
        self.records += 1
        if number is None:
            self.others.append(record)
            return None
        file, seq = number
        self.times[file][seq] += 1
        return number

    def file(self, path):
        with open(path, "rb") as stream:
            rest = b""
            while block := stream.read(1 << 22):
                rest = self.feed(rest + block, torn_end_allowed=True)
            if rest:
                self.bad.append(b"no newline at the end: " + rest[-200:])
        return self

    @property
    def duplicates(self):
        return sum(n - 1 for seqs in self.times.values() for n in seqs.values() if n > 1)


def _refuse(name):
    raise ValueError(f"{name} is not JSON")


def records(seen, truth, duplicates_max=0):
    """Each seq that was written stands in the output, none that was not, and at most so many twice."""
    found = [f"output: not a record: {text!r}" for text in seen.bad[:DIFFERENCES_SHOWN]]
    found += [f"output: the record of a line nobody wrote: {record}" for record in seen.others[:DIFFERENCES_SHOWN]]
    for file in sorted(set(truth.counts) | set(seen.times)):
        wanted = {seq for seq in range(truth.counts.get(file, 0)) if (file, seq) not in truth.lost}
        got = seen.times.get(file, {})
        found += _ranges(f"output: missing of file {file}", sorted(wanted - got.keys()))
        found += _ranges(f"output: never written to file {file}", sorted(got.keys() - wanted))
        if duplicates_max == 0:
            found += _ranges(f"output: more than once of file {file}", sorted(s for s, n in got.items() if n > 1))
    if seen.duplicates > duplicates_max > 0:
        found.append(f"output: {seen.duplicates} duplicates, at most {duplicates_max} are allowed")
    return found


def _ranges(what, seqs):
    """One difference for each run of neighbours."""
    found, first = [], None
    for i, seq in enumerate(seqs):
        first = seq if first is None else first
        if i + 1 == len(seqs) or seqs[i + 1] != seq + 1:
            found.append(f"{what}: {first}…{seq} ({seq - first + 1})" if seq > first else f"{what}: {seq}")
            first = None
    return found


_SAMPLE = re.compile(r"^([A-Za-z_:][A-Za-z0-9_:]*)(\{[^}]*\})? (\S+)$")


def counters_of(text):
    """{series: value} of everything in an exposition that must never fall."""
    kinds, values = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            kinds[name] = kind
        elif match := _SAMPLE.match(line):
            name, labels, value = match.groups()
            base = re.sub(r"_(bucket|count|sum)$", "", name)
            if kinds.get(name) == "counter" or (kinds.get(base) == "histogram" and name != base + "_sum"):
                values[name + (labels or "")] = float(value)
    return values


def never_fell(before, after):
    """Counters of two scrapes of one process life."""
    return [f"fell within one life: {name}: {value} to {after.get(name, 'nothing')}"
            for name, value in before.items() if after.get(name, -1.0) < value]


def short(differences):
    """As lines for a person, not too many: some of each kind."""
    shown, kinds = [], collections.Counter()
    for difference in map(str, differences):
        kind = re.sub(r"[\d'(].*", "", difference)
        kinds[kind] += 1
        if kinds[kind] <= DIFFERENCES_SHOWN // 5 and len(shown) < DIFFERENCES_SHOWN:
            shown.append(difference)
    if len(differences) > len(shown):
        shown.append(f"… and {len(differences) - len(shown)} more")
    return shown
