"""Every kind of metric as a real Prometheus reads it, and the protobuf exposition as Google's own library does."""
import json
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
from google.protobuf import descriptor_pb2, message_factory

import parshall
import validate_exposition
from prometheus_server import Prometheus

PROTO = "/usr/share/gocode/src/github.com/prometheus/client_model"
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
RULES = """
rules:
  - name: events
    json: true
    examples: [{line: '{"event": "x"}'}]
metrics:
  - {name: jobs_total, kind: counter, help: Jobs., when: {event: job}, labels: {queue: queue}, exemplar: {trace_id: trace}}
  - {name: waiting, kind: gauge, help: Waiting., value: waiting, labels: {queue: queue}}
  - {name: app_info, kind: info, help: Versions., when: {event: started}, labels: {version: version}}
  - {name: worker_state, kind: stateset, help: States., value: state, states: [idle, busy], labels: {pid: pid}}
  - {name: wait_seconds, kind: histogram, help: Waits., value: wait, buckets: [0.1, 1, 10], labels: {queue: queue}, exemplar: {trace_id: trace}}
  - {name: work_seconds, kind: histogram, help: Work., value: work, native: true, buckets: [0.1, 1], labels: {queue: queue}, exemplar: {trace_id: trace}}
  - {name: drift_seconds, kind: histogram, help: Drift., value: drift, native: {schema: 8, max_buckets: 20}}
  - {name: size_bytes, kind: summary, help: Sizes., value: size, quantiles: [0.5, 0.99], labels: {queue: queue}}
  - {name: '{component}_restarts_total', kind: counter, help: Restarts., when: {event: restart}, labels: {queue: queue}}
  - name: hosts_total
    kind: counter
    help: By host.
    when: {event: job}
    labels: {host: host}
    relabel:
      - {source_labels: host, regex: 'test-.*', action: drop}
      - {source_labels: host, regex: '([^.]+)\\..*', target_label: host}
"""
EVENTS = (
    [{"event": "started", "version": 'a"\\b\n'}, {"state": "busy", "pid": 7}, {"waiting": 3, "queue": "a"}]
    + [{"event": "job", "queue": "a", "host": f"h{n % 2}.example", "wait": 0.5, "trace": f"t{n}"} for n in range(10)]
    + [{"event": "job", "queue": "b", "host": "test-1", "wait": 5}]
    + [{"queue": "a", "work": n / 100, "trace": "w"} for n in range(1, 101)]
    + [{"drift": d} for d in (0, -0.25, -1e-9, 2, 2, 1e6)] + [{"drift": 1.1**n} for n in range(50)]
    + [{"queue": "a", "size": n} for n in range(1, 1001)]
    + [{"event": "restart", "queue": "a", "component": c} for c in ("auth", "mail-out", "mail.out", "jobs", "9")]
)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    rules = tmp_path_factory.mktemp("rules") / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    with parshall.Live("--rules", rules, "--output", "none", stdin=subprocess.PIPE) as running:
        running.process.stdin.write("".join(json.dumps(event) + "\n" for event in EVENTS).encode())
        running.process.stdin.flush()
        running.wait_total(len(EVENTS))
        yield running


def test_a_real_prometheus_scrapes_and_answers(live, tmp_path):
    with Prometheus(tmp_path, f"127.0.0.1:{live.port}") as prometheus:
        assert prometheus.values("jobs_total") == {("a",): 10, ("b",): 1}
        assert prometheus.values("up") == {(): 1}
        assert prometheus.values("waiting") == {("a",): 3}
        assert prometheus.values("worker_state") == {("7", "idle"): 0, ("7", "busy"): 1}
        # an info joined
        joined = prometheus.values("sum without (instance, job, queue) (jobs_total * on () group_left (version) app_info)")
        assert joined == {('a"\\b\n',): 11}
        # a classic histogram, from its buckets: all ten of queue a in (0.1, 1]
        assert prometheus.values('histogram_quantile(0.5, wait_seconds_bucket{queue="a"})') == {("a",): pytest.approx(0.55)}
        # a native one: no buckets were chosen for it, and the quantile is within its resolution of 9 %
        assert prometheus.values("histogram_count(work_seconds)") == {("a",): 100}
        assert prometheus.values("histogram_sum(work_seconds)") == {("a",): pytest.approx(50.5)}
        quantiles = prometheus.values("histogram_quantile(0.9, work_seconds)")
        assert quantiles == {("a",): pytest.approx(0.9, rel=0.09)}
        # with zero and negative values, and less resolution than it began with
        assert prometheus.values("histogram_count(drift_seconds)") == {(): 56}
        assert prometheus.values("histogram_quantile(0, drift_seconds)")[()] == pytest.approx(-0.25, rel=1)
        assert prometheus.values("histogram_fraction(-Inf, 0, drift_seconds)")[()] == pytest.approx(2.5 / 56, rel=0.25)
        # a summary
        assert prometheus.values("size_bytes{quantile='0.5'}")[("0.5", "a")] == pytest.approx(500, rel=0.005)
        assert prometheus.values("size_bytes_sum") == {("a",): 500500}
        # names that came with the records; jobs_restarts_total is free, two became one
        names = prometheus.get("query", query='{__name__=~".+_restarts_total"}')["result"]
        assert {r["metric"]["__name__"]: float(r["value"][1]) for r in names} == {
            "auth_restarts_total": 1, "mail_out_restarts_total": 2, "jobs_restarts_total": 1, "_9_restarts_total": 1}
        # relabelled
        assert prometheus.values("hosts_total") == {("h0",): 5, ("h1",): 5}
        assert prometheus.values('parshall_metric_rejected_total{metric="hosts_total",reason="relabel"}')
        # exemplars of a counter and of a bucket
        now = time.time()

        def exemplars(query):
            found = prometheus.wait(lambda: prometheus.get("query_exemplars", query=query, start=now - 600, end=now + 60))
            return {e["labels"]["trace_id"] for series in found for e in series["exemplars"]}

        assert exemplars('wait_seconds_bucket{queue="a"}') == {"t9"}
        # Rates need two scrapes.
        assert prometheus.values('rate(jobs_total{queue="a"}[1m])') == {("a",): 0}


def test_protobuf_is_what_google_reads(live, tmp_path):
    wrapper = tmp_path / "families.proto"
    wrapper.write_text('syntax = "proto2";\nimport "io/prometheus/client/metrics.proto";\n'
                       "message Families { repeated io.prometheus.client.MetricFamily family = 1; }\n", encoding="utf-8")
    # Generated modules would lie in a package "io", which Python has already.
    described = tmp_path / "families.bin"
    subprocess.run(["protoc", "-I", PROTO, "-I", tmp_path, "-I", "/usr/include", "--include_imports",
                    f"--descriptor_set_out={described}", "families.proto"], check=True, timeout=60)
    files = descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes())
    families_type = message_factory.GetMessages(files.file)["Families"]
    status, headers, body = live.get(headers={"Accept": PROTOBUF})
    assert status == 200
    assert headers["Content-Type"] == (
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
    # A delimited message is a member of the list but for its tag.
    tagged, at = bytearray(), 0
    while at < len(body):
        size, shift, begin = 0, 0, at
        while True:
            byte = body[at]
            at, size, shift = at + 1, size | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                break
        tagged += b"\x0a" + body[begin:at + size]
        at += size
    message = families_type.FromString(bytes(tagged))
    families = {family.name: family for family in message.family}
    assert len(families) == len(message.family) and list(families) == sorted(families)

    def row(name, **labels):
        rows = [m for m in families[name].metric if {p.name: p.value for p in m.label}.items() >= labels.items()]
        assert len(rows) == 1, (name, rows)
        return rows[0]

    assert row("jobs_total", queue="a").counter.value == 10
    assert row("jobs_total", queue="a").counter.exemplar.label[0].value == "t9"
    assert row("app_info").label[0].value == 'a"\\b\n' and row("app_info").gauge.value == 1
    assert row("worker_state", worker_state="busy").gauge.value == 1
    work = row("work_seconds").histogram
    assert (work.sample_count, [b.cumulative_count for b in work.bucket]) == (100, [10, 100, 100])
    assert (work.schema, work.zero_count, sum(s.length for s in work.positive_span)) == (3, 0, len(work.positive_delta))
    counts, index = [], 0
    for delta in work.positive_delta:
        index += delta
        counts.append(index)
    assert sum(counts) == 100
    drift = row("drift_seconds").histogram
    assert drift.zero_count == 1 and sum(s.length for s in drift.negative_span) == 2 and drift.schema < 8
    summary = row("size_bytes").summary
    assert (summary.sample_count, summary.sample_sum) == (1000, 500500)
    assert [q.quantile for q in summary.quantile] == [0.5, 0.99]
    # What the text says, protobuf says as well: every name, every series.
    text = live.scrape()
    for family in text.families:
        if family.type in ("counter", "gauge", "unknown"):
            name = family.name + ("_total" if family.type == "counter" else "")
            assert len(families[name].metric) == len(family.samples), name


def test_the_strict_parsers_take_every_kind(live):
    text = live.get(headers={"Accept": "text/plain"})[2]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, b""), text.decode()
    body = live.get(headers={"Accept": OPENMETRICS})[2].decode("utf-8")
    types = {f.name: f.type for f in validate_exposition.families(body, openmetrics=True)}
    wanted = {"size_bytes": "summary", "work_seconds": "histogram", "auth_restarts": "counter", "hosts": "counter"}
    assert {name: types.get(name) for name in wanted} == wanted
