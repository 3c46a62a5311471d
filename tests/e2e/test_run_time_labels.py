"""`labels_from:` and names that come with the records: a metric of which the rules know nothing but its kind."""
import json
import random
import subprocess

import pytest

import parshall
import validate_exposition

RULES = """
rules:
  - {name: metric_event, json: true, when: {metric: '*', value: '*'}, examples: [{line: '{"metric": "a", "value": 2}', record: {metric: a, value: 2}}]}
metrics:
  - {name: 'app_{metric}_total', kind: counter, help: Sums., rules: metric_event, value: value, labels_from: {field: labels, limit: 100}}
  - {name: 'app_{metric}_seconds', kind: histogram, help: Times., rules: metric_event, value: value, buckets: [1, 10], labels_from: labels}
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def events(count, seed):
    """(lines, the sum of the values by metric and labels)"""
    rnd = random.Random(seed)
    lines, sums = [], {}
    for _ in range(count):
        metric = rnd.choice(["jobs", "mails"])
        labels = {name: rnd.choice(["x", "y \"quoted\"", "z\\"]) for name in ("queue", "worker", "zone") if rnd.random() < 0.7}
        value = rnd.randrange(20)
        shuffled = list(labels.items())
        rnd.shuffle(shuffled)
        lines.append(json.dumps({"metric": metric, "labels": dict(shuffled), "value": value}) + "\n")
        key = (metric, tuple(sorted(labels.items())))
        sums[key] = sums.get(key, 0) + value
    return lines, sums


def totals(samples):
    return {(metric, tuple(sorted(labels.items()))): value
            for metric in ("jobs", "mails") for labels, value in samples.rows(f"app_{metric}_total")}


def test_each_metric_has_the_labels_of_its_events_and_all_parsers_agree(tmp_path, rules):
    lines, sums = events(3000, 1)
    with parshall.Live("--rules", rules, "--output", "none", stdin=subprocess.PIPE) as live:
        live.process.stdin.write("".join(lines).encode())
        live.process.stdin.flush()
        live.wait_total(len(lines))
        _, _, text = live.get(headers={"Accept": "text/plain; version=0.0.4"})
        _, _, openmetrics = live.get(headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(validate_exposition.families(openmetrics.decode(), openmetrics=True))
    assert totals(parshall.Samples(text.decode())) == sums


def test_they_go_on_after_a_restart(tmp_path, rules):
    log, state, metrics = tmp_path / "events.log", tmp_path / "state", tmp_path / "metrics.txt"
    lines, sums = events(2000, 2)
    for part in (lines[:700], lines[700:]):
        with open(log, "a", encoding="utf-8") as stream:
            stream.writelines(part)
        parshall.run("--once", log, "--state", state, "--rules", rules, "--output", "none", "--metrics-file", metrics, *parshall.NO_WEB)
    assert totals(parshall.Samples(metrics.read_text())) == sums


def test_hostile_objects_are_refused_or_bounded_and_the_total_stays_exact(tmp_path, rules):
    metrics = tmp_path / "metrics.txt"
    good = [json.dumps({"metric": "m", "labels": {f"name_{i}": i}, "value": 1}) + "\n" for i in range(500)]
    bad = [json.dumps({"metric": "m", "labels": labels, "value": 1}) + "\n"
           for labels in ("text", 7, [1], {"a-b": 1}, {"": 1}, {"__name__": "x"}, {"a": {}}, {"a": "x" * 2000},
                          {f"l{i}": i for i in range(40)})]
    lines = good + bad * 10
    random.Random(3).shuffle(lines)
    done = parshall.run("--once", "-", "--rules", rules, "--output", "none", "--metrics-file", metrics, *parshall.NO_WEB,
                        stdin="".join(lines).encode())
    assert done.code == 0, done.err
    samples = parshall.Samples(metrics.read_text())
    rows = list(samples.rows("app_m_total"))
    assert sum(value for _, value in rows) == len(good)
    assert len(rows) <= 101
    other = [value for labels, value in rows if labels == {"labels": "__other__"}]
    assert len(other) == 1
    family = "app_{metric}_total"
    assert samples.total("parshall_metric_rejected_total", metric=family, reason="labels_from") == len(bad) * 10
    assert samples.total("parshall_metric_overflow_total", metric=family, label="labels") == other[0]
