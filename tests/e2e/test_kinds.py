"""Every kind of metric, and series that come early and go: what Prometheus and strict parsers read of them."""
import json
import subprocess

import parshall
import validate_exposition

RULES = """
rules:
  - name: events
    json: true
    examples: [{line: '{"event": "x"}'}]
metrics:
  - {name: app_info, kind: info, help: Versions., when: {event: started}, labels: {version: version}}
  - {name: worker_state, kind: stateset, help: States., value: state, states: [idle, busy], labels: {pid: pid}}
  - {name: served_total, kind: counter, help: Served., value: served, op: set}
  - {name: wait_seconds, kind: histogram, help: Waits., value: wait, buckets: [0.1, 1], labels: {queue: queue}, exemplar: {trace_id: trace.id}, init: [{queue: [a, b]}]}
  - name: jobs_total
    kind: counter
    help: Jobs.
    rules: events
    when: {event: job}
    labels: {pid: pid, result: {field: result, values: [good, bad]}}
    ttl: 1h
    delete: {when: {phase: ended}, labels: pid}
  - name: ready_total
    kind: counter
    help: From the start.
    when: {event: ready}
    labels: {result: {field: result, values: [good, bad]}}
    init: true
"""
EVENTS = [
    {"event": "started", "version": 'a"\\b\n'},
    {"event": "state", "pid": 7, "state": "busy"},
    {"event": "state", "pid": 8, "state": "gone"},
    {"event": "total", "served": 41},
    {"event": "total", "served": 42},
    {"event": "waited", "queue": "a", "wait": 0.5, "trace": {"id": "f00"}},
    {"event": "job", "pid": 7, "result": "good"},
    {"event": "job", "pid": 8, "result": "odd"},
    {"event": "worker", "phase": "ended", "pid": 7},
]
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def lines(events):
    return "".join(json.dumps(event) + "\n" for event in events).encode()


def test_every_kind_is_what_the_parsers_want(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    with parshall.Live("--rules", rules, "--output", "none", stdin=subprocess.PIPE) as live:
        samples = live.scrape()  # before the first line
        assert samples.rows("ready_total") == [({"result": "bad"}, 0), ({"result": "good"}, 0)]
        assert len(samples.rows("wait_seconds_count")) == 2
        assert samples.rows("jobs_total") == []
        live.process.stdin.write(lines(EVENTS))
        live.process.stdin.flush()
        live.wait_total(len(EVENTS))
        samples = live.scrape()
        assert samples.rows("app_info") == [({"version": 'a"\\b\n'}, 1)]
        assert samples.by("worker_state", "pid", "worker_state") == {("7", "busy"): 1}
        assert samples.total("served_total") == 42
        assert samples.rows("jobs_total") == [({"pid": "8", "result": "other"}, 1)]
        assert samples.total("parshall_metric_series_gone_total", metric="jobs_total", reason="deleted") == 1
        assert samples.total("parshall_metric_rejected_total", metric="worker_state", reason="unknown_state") == 1
        text = live.get(headers={"Accept": "text/plain"})[2]
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
        assert (done.returncode, done.stdout + done.stderr) == (0, b""), text.decode()
        body = live.get(headers={"Accept": OPENMETRICS})[2].decode("utf-8")
    families = validate_exposition.families(body, openmetrics=True)
    exemplars = [(s.labels, s.exemplar.labels, s.exemplar.value) for f in families for s in f.samples if s.exemplar]
    assert exemplars == [({"queue": "a", "le": "1.0"}, {"trace_id": "f00"}, 0.5)]
    types = {f.name: f.type for f in validate_exposition.families(body, openmetrics=True)}
    wanted = {"app": "info", "worker_state": "stateset", "served": "counter", "wait_seconds": "histogram", "jobs": "counter"}
    assert {name: types.get(name) for name in wanted} == wanted


def test_kinds_survive_a_restart(tmp_path):
    rules, log = tmp_path / "rules.yaml", tmp_path / "a.log"
    rules.write_text(RULES, encoding="utf-8")
    log.write_bytes(lines(EVENTS))
    args = ["--once", log, "--rules", rules, "--output", "none", "--state", tmp_path / "state"]

    def ours(samples):
        return [row for row in samples.all if not row[0].startswith(("parshall_", "process_"))]

    first = ours(parshall.run_metered(*args)[1])
    assert ours(parshall.run_metered(*args)[1]) == first
