#!/usr/bin/python3
"""article.py FILE METRICS [--json]: what the article "Using Structlog with Gunicorn" does, as a filter.

The article's expression and its clean-up of the fields, json.dumps for each line to stdout, and counting by method and status
with sizes in 12 buckets. --json: each line is an event whose key `event` is the combined line. METRICS gets the counts.
"""
import bisect
import collections
import json
import re
import sys

PARTS = [
    r'(?P<host>\S+)',
    r'\S+',
    r'(?P<user>\S+)',
    r'\[(?P<time>.+)\]',
    r'"(?P<request>.+)"',
    r'(?P<status>[0-9]+)',
    r'(?P<size>\S+)',
    r'"(?P<referer>.*)"',
    r'"(?P<agent>.*)"',
]
PATTERN = re.compile(r'\s+'.join(PARTS) + r'\s*\Z')
BOUNDS = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 6_000_000, 10_000_000]


def fields(message):
    match = PATTERN.match(message)
    if not match:
        return None
    found = match.groupdict()
    if found["user"] == "-":
        found["user"] = None
    found["status"] = int(found["status"])
    found["size"] = 0 if found["size"] == "-" else int(found["size"])
    if found["referer"] == "-":
        found["referer"] = None
    return found


def main():
    path, metrics = sys.argv[1:3]
    events = "--json" in sys.argv[3:]
    requests, buckets, bytes_sum = collections.Counter(), [0] * (len(BOUNDS) + 1), 0
    write = sys.stdout.write
    with open(path, encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            record = json.loads(line) if events else {}
            found = fields(record["event"] if events else line.rstrip("\n"))
            if found is None:
                continue
            record.update(found)
            write(json.dumps(record) + "\n")
            requests[found["request"].split(" ", 1)[0], found["status"]] += 1
            buckets[bisect.bisect_left(BOUNDS, found["size"])] += 1
            bytes_sum += found["size"]
    with open(metrics, "w", encoding="utf-8") as out:
        json.dump({f"{method} {status}": count for (method, status), count in requests.items()}, out)


main()
