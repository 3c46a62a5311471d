"""Hosts, methods and paths that are all different, with everything on: labels stay bounded, totals exact, scrapes quick.

100,000 lines by default; PARSHALL_LINES=1000000 is the long run.
"""
import os
import time

import pytest

import parshall

LINES = int(os.environ.get("PARSHALL_LINES", "100000"))
RULES = """
rules:
  - name: hits
    pattern: '^(?P<host>\\S+) (?P<method>\\S+) (?P<path>\\S+) (?P<ms>\\d+) (?P<trace>\\S+)$'
    fields: {ms: {type: duration, unit: ms, as: duration}}
    examples: [{line: 'h GET /a 12 t1'}]
metrics:
  - name: hits_total
    kind: counter
    help: Hits.
    labels: &all {host: {field: host, limit: 1000}, method: {field: method, limit: 1000}, path: {field: path, limit: 1000}}
    exemplar: trace
  - {name: hit_seconds, kind: histogram, help: Durations., value: duration, buckets: [0.01, 0.1, 1, 10], native: true, labels: *all, exemplar: trace}
  - {name: hit_quantiles_seconds, kind: summary, help: Durations., value: duration, quantiles: [0.5, 0.99], labels: *all}
  - {name: routes_total, kind: counter, help: By route., labels: {route: {field: path, template: path, limit: 1000}}}
"""


@pytest.mark.parametrize("spread", ["together", "apart"])
def test_everything_on_and_nothing_explodes(tmp_path, spread):
    """together: a line brings a new host, method and path; apart: they meet in ever new ways, up to --series-max."""
    rules, log = tmp_path / "rules.yaml", tmp_path / "hits.log"
    rules.write_text(RULES, encoding="utf-8")
    duration_ms = 0
    with open(log, "w", encoding="utf-8") as out:
        for n in range(LINES):
            host, method, path = (n, n, n) if spread == "together" else (n % 997, n % 1009, n // 3)
            ms = n * 7919 % 20011
            duration_ms += ms
            out.write(f"host{host}.example.org M{method} /shop{path % 7}/item-{path}/x{path}.html {ms} trace{n}\n")
    bound = ["--series-max", "5000"] if spread == "apart" else []
    with parshall.Live(log, "--rules", rules, "--output", "none", *bound) as live:
        parshall.wait_until(lambda: live.scrape().outcome("matched") == LINES, f"{LINES} lines are matched",
                            deadline_s=parshall.DEADLINE_S * (1 + LINES // 100_000))
        begin = time.monotonic()
        status, _, body = live.get()
        took = time.monotonic() - begin
        protobuf = live.get(headers={"Accept": "application/vnd.google.protobuf;encoding=delimited"})
        samples = parshall.Samples(body.decode("utf-8"))
        peak = live.memory_peak_bytes()
    print(f"{spread}: {LINES} lines, {peak / 2**20:.0f} MiB, {len(body)} bytes in {took:.2f} s, protobuf {len(protobuf[2])} bytes")
    assert samples.total("hits_total") == LINES
    assert samples.total("hit_seconds_count") == samples.total("hit_quantiles_seconds_count") == LINES
    assert samples.total("hit_seconds_sum") == pytest.approx(duration_ms / 1000, rel=1e-9)
    assert samples.total("routes_total") == LINES
    for label in ("host", "method", "path"):
        assert len({row[0][label] for row in samples.rows("hits_total")}) <= 1002
        assert samples.total("parshall_metric_overflow_total", metric="hits_total", label=label) > 0
    assert len(samples.rows("routes_total")) < 100
    if not parshall.SANITIZED:
        assert peak <= 200 * 2**20
        assert took <= 1
