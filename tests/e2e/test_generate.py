"""`parshall generate`: its rules pass promtool, its dashboard is sound, and every query answers in a real Prometheus."""
import itertools
import json
import math
import os
import pathlib
import re
import subprocess
import time

import pytest
import yaml

import parshall
from prometheus_server import Prometheus

SHIPPED = {
    "dashboard": parshall.ROOT / "docker" / "grafana" / "dashboards" / "parshall.json",
    "alerts": parshall.ROOT / "docker" / "prometheus" / "rules" / "parshall-alerts.yml",
    "recording": parshall.ROOT / "docker" / "prometheus" / "rules" / "parshall-recording.yml",
}
PACKS = sorted(path.stem for folder in ("rules", "rules/compat") for path in (parshall.ROOT / folder).glob("*.yaml"))
# Every kind of metric, with names and labels that PromQL, Prometheus or Grafana have other uses for.
KINDS = r"""
rules:
  - name: events
    json: true
    event: request
    examples: [{line: '{"event": "x"}'}]
metrics:
  - {name: hits_total, kind: counter, help: 'Hits "quoted" \ $job {{ .Value }}., ü', labels: {code: status, job: job, instance: instance, on: queue}}
  - {name: took_milliseconds, kind: histogram, help: Took., value: took, native: true, buckets: [1, 10, 300, 500, 1000000], labels: {job: job}}
  - {name: sent_bytes, kind: histogram, help: Sent., value: size, native: true, buckets: [100, 1000]}
  - {name: drift_ratio, kind: histogram, help: Drift., value: drift, native: {schema: 8, max_buckets: 20}, labels: {by: queue}}
  - {name: count, kind: gauge, help: Waiting., value: waiting, labels: {group_left: queue}}
  - {name: nan, kind: gauge, help: A number to PromQL., value: waiting}
  - {name: app_info, kind: info, help: Versions., when: {event: started}, labels: {version: version}}
  - {name: worker_state, kind: stateset, help: States., value: state, states: [idle, busy], labels: {pid: pid}}
  - {name: size_bytes, kind: summary, help: Sizes., value: size, quantiles: [0.5, 1], labels: {bool: queue}}
  - {name: plain_seconds, kind: summary, help: No quantiles., value: drift}
  - {name: '{component}_restarts_total', kind: counter, help: Restarts., labels: {metric_name: queue}}
  - {name: '{component}_level', kind: gauge, help: Levels., value: waiting}
  - {name: '{component}_wait_seconds', kind: histogram, help: Waits., value: drift, buckets: [1, 2]}
  - {name: '{component}_nap_seconds', kind: summary, help: Naps., value: drift, quantiles: [0.9]}
  - name: hosts_total
    kind: counter
    help: By host.
    labels: {host: host}
    relabel: [{source_labels: host, regex: '([^.]+)\..*', target_label: short}, {regex: host, action: labeldrop}]
"""
BAD = [  # arguments; what the one sentence says
    ([], "say what: generate dashboard, alerts or recording"),
    (["dashbord"], '"dashbord" cannot be generated; write dashboard, alerts or recording'),
    (["alerts", "recording"], "generate makes one PRODUCT at a time"),
    (["alerts", "--datasource", "x"], "--datasource: only a dashboard has a data source"),
    (["dashboard", "--datasource", "a b"], "is not the uid of a data source"),
    (["alerts", "--job", "a\nb"], "is not a job of Prometheus"),
    (["alerts", "--slo.availability", "100"], '--slo.availability: "100" is not a percentage from 50 to 99.9999'),
    (["alerts", "--slo.availability", "0.999"], "is not a percentage"),
    (["alerts", "--slo.availability", "nan"], "is not a percentage"),
    (["alerts", "--slo.latency", "300"], '--slo.latency: "300" is not a time; write it as 250ms or 1s'),
    (["alerts", "--slo.latency", "0s"], "is not a time"),
    (["alerts", "--slo.latency", "300ms"], "300ms is not a bound of a bucket of http_request_duration_seconds, so nobody can "
     "count what is slower; write one of 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s, 10s"),
    (["alerts", "--slo.latency-target", "12"], "is not a percentage"),
    (["alerts", "--slo.latncy", "1s"], "did you mean --slo.latency?"),
    (["alerts", "--once"], "--once: this flag is not for parshall generate"),
    (["alerts", "--rules", "/nowhere.yaml"], "/nowhere.yaml"),
    (["alerts", "--format", "metric_events", "--slo.latency", "1s"], "--slo.latency: none of the active metrics is a histogram"),
    (["alerts", "--format", "metric_events", "--slo.availability", "99"], "--slo.availability: none of the active metrics counts requests"),
]


def generate(product, *args):
    done = parshall.run("generate", product, *args)
    assert (done.code, done.err) == (0, ""), done.err
    return done.out.decode("utf-8")


def promtool(*args):
    done = subprocess.run(["promtool", *map(str, args)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def kinds(tmp_path):
    path = tmp_path / "kinds.yaml"
    path.write_text(KINDS, encoding="utf-8")
    return path


@pytest.mark.parametrize("product", SHIPPED)
def test_the_shipped_copies_are_what_the_program_writes(product):
    path, text = SHIPPED[product], generate(product)
    if os.environ.get("PARSHALL_UPDATE_DOCS"):  # for who changes a panel or a rule
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "PARSHALL_UPDATE_DOCS=1 writes it anew"


@pytest.mark.parametrize("case", sorted(path.name for path in (parshall.DATA / "promtool").glob("*.yaml")))
def test_the_alerts_fire_when_they_shall_and_not_before(case):
    assert "SUCCESS" in promtool("test", "rules", parshall.DATA / "promtool" / case)


def test_every_alert_has_a_case():
    named = "".join(path.read_text(encoding="utf-8") for path in (parshall.DATA / "promtool").glob("*.yaml"))
    alerts = {rule["alert"] for group in yaml.safe_load(generate("alerts"))["groups"] for rule in group["rules"]}
    assert [alert for alert in sorted(alerts) if alert not in named] == []


@pytest.mark.parametrize("args, says", BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_wrong_parameter_is_one_clear_sentence(args, says):
    done = parshall.run("generate", *args)
    assert (done.code, done.out) == (2, b"")
    assert says in done.err and done.err.count("\n") == 1, done.err


def test_parameters_come_to_the_rules(tmp_path):
    args = ["--slo.availability", "99.95%", "--slo.latency", "1s", "--slo.latency-target", "90", "--job", "web"]
    alerts = yaml.safe_load(generate("alerts", *args))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    errors = [rule["expr"] for rule in rules if rule["alert"] == "RequestErrorBudgetBurn"]
    assert len(errors) == 4 and all('{job="web"}' in expr and "* 0.0005" in expr for expr in errors)
    # 14.4 times a tenth is more than everything: that window could never fire.
    slow = [rule["labels"]["window"] for rule in rules if rule["alert"] == "RequestLatencyBudgetBurn"]
    assert slow == ["6h", "1d", "3d"]
    # OpenMetrics has le="1.0", the text format le="1".
    assert 'le=~"1([.]0)?"' in generate("recording", *args)
    dashboard = json.loads(generate("dashboard", "--job", "web", "--datasource", "prom_1"))
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert variables["datasource"]["current"]["value"] == "prom_1"
    assert variables["job"]["current"]["value"] == ["web"]
    assert dashboard["uid"] != "parshall" and len(dashboard["uid"]) <= 40


def test_a_reader_that_goes_away_is_an_error():
    with open("/dev/full", "wb") as full:
        done = parshall.run("generate", "dashboard", stdout=full)
    assert (done.code, done.err) == (1, "parshall: standard output: it cannot be written\n")


@pytest.mark.parametrize("pack", [*PACKS, "every kind"])
def test_whatever_the_rules_rules_and_dashboard_are_sound(pack, kinds, tmp_path):
    # The default rules' metrics are a file without rules of their own.
    args = ["--rules", kinds] if pack == "every kind" else [] if pack == "metrics" else ["--format", pack]
    for product in ("alerts", "recording"):
        text = generate(product, *args)
        assert text == generate(product, *args)
        file = tmp_path / f"{product}.yml"
        file.write_text(text, encoding="utf-8")
        assert "SUCCESS" in promtool("check", "rules", file)
    check_dashboard(json.loads(generate("dashboard", *args)))


def check_dashboard(dashboard):
    """What can be said of a dashboard without Grafana (whose image is not at hand): its JSON model's rules."""
    assert dashboard["schemaVersion"] == 39
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", dashboard["uid"]) and dashboard["title"]
    assert "__inputs" not in dashboard and "id" not in dashboard  # for provisioning as well as for import
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert variables == {"datasource", "job", "instance"}
    for variable in dashboard["templating"]["list"][1:]:
        assert variable["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids) and min(ids) > 0
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] and place["x"] + place["w"] <= 24 and place["h"] >= 1 and place["w"] >= 1
        for cell in itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])):
            assert taken.setdefault(cell, panel["id"]) == panel["id"], f"{panel['title']} lies upon {taken[cell]}"
        if panel["type"] == "row":
            assert place["w"] == 24 and panel["panels"] == [] and panel["collapsed"] is False
            continue
        assert panel["type"] in {"timeseries", "stat", "heatmap", "table"}
        assert panel["title"] and panel["description"].endswith(".")
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        unit = panel["options"]["yAxis"]["unit"] if panel["type"] == "heatmap" else panel["fieldConfig"]["defaults"]["unit"]
        assert unit in {"reqps", "cps", "s", "ms", "bytes", "Bps", "percentunit", "short"}, panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert refs and len(set(refs)) == len(refs)
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"]
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"1", "__rate_interval"}
            assert "job" in used and used <= variables, target["expr"]
    assert panels[0]["type"] == "row"


def queries(dashboard, job):
    """[(panel's title, PromQL)], with the variables as Grafana puts them in: a regular expression in a string."""
    values = {"job": re.escape(job).replace("\\", "\\\\").replace('"', '\\"'), "instance": ".+", "__rate_interval": "10s"}
    texts = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            texts.append((panel["title"], re.sub(r"\$([a-z_]+)", lambda name: values[name[1]], target["expr"])))
    return texts


def finite(prometheus, query):
    rows = prometheus.get("query", query=query)["result"]
    return any(math.isfinite(float(row["value"][1])) if "value" in row else float(row["histogram"][1]["count"]) > 0 for row in rows)


def answers(tmp_path, lines, job="parshall", args=(), features="native-histograms", never=()):
    """Feeds `lines` again and again to a parshall that a Prometheus scrapes, until every query of the dashboard has had an
    answer with a number in it; but for the panels `never`, which must not have one. Returns what is not so at the deadline, and
    the rules that Prometheus could not evaluate."""
    log = tmp_path / "access.log"
    log.touch()
    rules = []
    for product in ("recording", "alerts"):
        # Long windows are evaluated every two minutes, which nobody waits for here.
        text = re.sub(r"interval: \w+", "interval: 1s", generate(product, "--job", job, *args))
        rules.append(tmp_path / f"{product}.yml")
        rules[-1].write_text(text, encoding="utf-8")
    dashboard = json.loads(generate("dashboard", "--job", job, *args))
    asked = queries(dashboard, job)
    waiting = [(title, query) for title, query in asked if title not in never]
    assert len(waiting) > 40
    with parshall.Live(log, "--output", "none", "--state", tmp_path / "state", *args) as live, \
            Prometheus(tmp_path, f"127.0.0.1:{live.port}", job=job, rules=rules, features=features) as prometheus:
        prometheus.wait(lambda: prometheus.get("query", query="up")["result"])
        end = time.monotonic() + 60
        while waiting and time.monotonic() < end:
            with open(log, "ab") as file:
                file.write(lines)
            prometheus.wait(lambda: prometheus.get("query", query="vector(1)")["result"])
            waiting = [(title, query) for title, query in waiting if not finite(prometheus, query)]
            time.sleep(0.3)  # the pace of the traffic, not a wait
        waiting += [(title, query) for title, query in asked if title in never and finite(prometheus, query)]
        groups = prometheus.get("rules")["groups"]
        health = {(rule["name"], rule["health"], rule.get("lastError")) for group in groups for rule in group["rules"]}
        return waiting, [row for row in health if row[1] != "ok"]


def access_lines():
    """The example's lines, and as many with a duration behind them; some of them fail."""
    example = (parshall.ROOT / "examples" / "access.log").read_bytes().splitlines()
    return b"".join(line + b"\n" + line + b" 0.%03d\n" % (n * 7 % 1000) for n, line in enumerate(example)) + b"""\
[2026-11-21 09:32:30 +0000] [7] [INFO] Booting worker with pid: 7
what is this?
"""


@pytest.mark.parametrize("job", ["parshall", 'odd "job" \\ {x} $instance ü.*'])
def test_every_query_answers_for_the_default_rules(tmp_path, job):
    unanswered, broken = answers(tmp_path, access_lines(), job)
    assert (unanswered, broken) == ([], [])


# With the feature Prometheus keeps native histograms and none of their classic series, without it the other way round.
@pytest.mark.parametrize("features", ["native-histograms", "exemplar-storage"])
def test_every_query_answers_for_every_kind_of_metric(tmp_path, kinds, features):
    events = [{"event": "started", "version": 'a"\\b\n{{x}}', "status": code, "job": "j", "instance": "i", "queue": f'q"{n}',
               "took": n * 100, "size": n * 300, "drift": n / 2, "waiting": n, "state": "busy", "pid": 7, "host": f"h{n}.example",
               "component": ("mail-out", "auth")[n % 2]} for n, code in enumerate(("200", "404", "503", "201"), 1)]
    lines = "".join(json.dumps(event) + "\n" for event in events).encode()
    # Of a histogram without classic buckets, to a Prometheus that takes no native ones, there is nothing but +Inf.
    never = ["drift_ratio"] if features == "exemplar-storage" else []
    unanswered, broken = answers(tmp_path, lines, args=["--rules", kinds], features=features, never=never)
    assert (unanswered, broken) == ([], [])
