"""What mtail, nginxlog-exporter and Fluent Bit make of their own test logs, made by rule files of ours (rivals/, or the
packs of rules/compat). Asked for are their numbers under their names and labels, not their configuration."""
import json
import re

import pytest

import parshall

CASES = {c["id"]: c for c in map(json.loads, open(parshall.DATA / "metrics" / "cases.jsonl", encoding="utf-8"))}
RIVALS = parshall.ROOT / "tests" / "e2e" / "rivals"
COMPAT = parshall.ROOT / "rules" / "compat"
RULES = {
    "fluentbit-counter": RIVALS / "fluentbit.yaml",
    "fluentbit-gauge": RIVALS / "fluentbit.yaml",
    "fluentbit-reg": RIVALS / "fluentbit.yaml",
    "mtail-apache-combined": COMPAT / "mtail_apache_combined.yaml",
    "mtail-mysql_slowqueries": RIVALS / "mysql_slowqueries.yaml",
    "mtail-ntp4": RIVALS / "ntp4.yaml",
    "mtail-rsyncd": RIVALS / "rsyncd.yaml",
    "mtail-sftp_chroot": RIVALS / "sftp_chroot.yaml",
    "nginxlog-configfile-multiple-requests-to-different-files-are-counted": RIVALS / "namespaces.yaml",
    "nginxlog-configfile_yaml-multiple-requests-to-different-files-are-counted": RIVALS / "namespaces.yaml",
    "nginxlog-counting-requests-are-grouped-by-status": COMPAT / "nginxlog.yaml",
    "nginxlog-counting-single-request-is-counted": COMPAT / "nginxlog.yaml",
    "nginxlog-custom_labels-labels-are-added": RIVALS / "custom_label.yaml",
    "nginxlog-custom_labels-labels-are-added-for-matches-routes": RIVALS / "routes.yaml",
    "nginxlog-issues-issue-212-parse-errors-from-multiple-files-in-same-namespace": RIVALS / "parse_errors.yaml",
    "nginxlog-issues-issue-212-parse-errors-from-multiple-namespaces": RIVALS / "parse_errors_two.yaml",
    "nginxlog-issues-issue-44-patterns-with-numeric-characters-are-possible": RIVALS / "ht_router.yaml",
    "nginxlog-message_sizes-request-body-sizes-are-counted": RIVALS / "message_sizes.yaml",
    "nginxlog-only_counter_relabel-labels-are-added-request-counter": RIVALS / "only_counter.yaml",
    "nginxlog-response_times-5-quantile-of-upstream-connect-time-is-computed": RIVALS / "upstream_times.yaml",
    "nginxlog-response_times-5-quantile-of-upstream-time-is-computed": RIVALS / "upstream_times.yaml",
}
# Names that no metric of ours may have: _count belongs to the parts of a histogram.
RENAMED = {"login_count": "logins", "logout_count": "logouts"}
FLUENTBIT = {
    # events, and what is expected: name, labels, value
    "fluentbit-counter": ([5], ("myns_subsystem_test_total", {"color": "red", "direction": "right"}, 5)),
    "fluentbit-gauge": ([1], ("log_metric_gauge_test", {"color": "red", "direction": "right"}, 20)),
    "fluentbit-reg": ([1, 3], ("log_metric_regex_test_total", {"color": "red", "direction": "left"}, 3)),
}


def files_of(case):
    if "logs" in case:
        return {log["file"]: log["lines"] for log in case["logs"]}
    if "log_lines" in case:
        return {"rival.log": case["log_lines"]}
    repeats = FLUENTBIT[case["id"]][0]
    return {"rival.log": [line for line, times in zip(case["inputs"], repeats) for _ in range(times)]}


def wanted_of(case):
    if case["id"] in FLUENTBIT:
        return [FLUENTBIT[case["id"]][1]]
    wanted = []
    for one in case["expected"]:
        if "metric" in one:
            name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})?", one["metric"]).groups()
            wanted.append((name, dict(re.findall(r'(\w+)="([^"]*)"', labels or "")), one["value"]))
        else:
            wanted.append((RENAMED.get(one["name"], one["name"]), one["labels"], float(one["value"])))
    return wanted


def test_every_case_has_its_rules():
    assert set(RULES) == set(CASES)
    assert len(CASES) == 21


@pytest.mark.parametrize("name", RULES)
def test_rivals_numbers(name, tmp_path):
    case = CASES[name]
    paths = []
    for file, lines in files_of(case).items():
        paths.append(tmp_path / file)
        paths[-1].write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES[name].read_text(encoding="utf-8").replace("@DIR@", str(tmp_path)), encoding="utf-8")
    checked = parshall.run("check", rules)
    assert checked.code == 0, checked.err
    _, samples = parshall.run_metered("--once", *paths, "--rules", rules)
    for metric, labels, value in wanted_of(case):
        # A label without a value is the same as none.
        there = [v for got, v in samples.rows(metric) if {k: x for k, x in got.items() if x} == {k: x for k, x in labels.items() if x}]
        assert there == [value], (metric, labels, samples.rows(metric))
    if not case.get("expected", True):
        assert samples.total("parshall_lines_total", outcome="matched") == len(case["log_lines"])
