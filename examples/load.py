#!/usr/bin/python3
"""Asks a web server again and again: load.py URL [REQUESTS [A_SECOND]]; 0 requests are requests without end.

Waits until somebody answers, and says at the end how many requests were answered with which status.
"""
import collections
import random
import sys
import time
import urllib.error
import urllib.request

PATHS = ["/"] * 10 + [f"/products/{n}" for n in range(8)] + ["/orders"] * 4 + ["/missing", "/slow", "/boom"]


def ask(url, path):
    data = b"product=lamp" if path == "/orders" else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, data=data), timeout=10) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def main(url, requests=0, a_second=20.0):
    statuses = collections.Counter()
    asked = 0
    refused_since = None
    while not requests or asked < requests:
        try:
            # The first ones in order, so that a short run has met every page.
            statuses[ask(url, PATHS[asked] if asked < len(PATHS) else random.choice(PATHS))] += 1
        except OSError as error:
            refused_since = refused_since or time.monotonic()
            if requests and time.monotonic() - refused_since > 20:
                sys.exit(f"load.py: nobody answers at {url}: {error}")
            time.sleep(0.1)
            continue
        refused_since = None
        asked += 1
        time.sleep(1 / a_second)
    print(f"asked {asked} times:", ", ".join(f"{n} x {status}" for status, n in sorted(statuses.items())), file=sys.stderr)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"), *map(int, sys.argv[2:3]), *map(float, sys.argv[3:4]))
