"""Paths of real logs become a few templates that a person can read, whatever the number of threads."""
import gzip
import json

import pytest

import parshall

RULES = """
metrics:
  - name: http_requests_by_route_total
    kind: counter
    help: Requests by route.
    event: request
    labels:
      route: {field: path, template: path, limit: 250}
"""
TEMPLATES_MOST = 200


def routes(name, threads, tmp_path):
    log = tmp_path / f"{name}.log"
    log.write_bytes(gzip.decompress((parshall.DATA / "corpora" / f"{name}.log.gz").read_bytes()))
    rules = tmp_path / "routes.yaml"
    rules.write_text(RULES, encoding="utf-8")
    _, samples = parshall.run_metered("--once", log, "--rules", rules, "--output", "none", "--threads", threads)
    return samples.by("http_requests_by_route_total", "route")


@pytest.mark.parametrize("name", ["elastic-apache_logs", "lnav-shop"])
def test_corpora_have_few_templates(name, tmp_path):
    one = routes(name, 1, tmp_path)
    print("\n".join(f"{count:6.0f} {route}" for route, count in sorted(one.items())))
    truth = {t["name"]: t for t in json.load(open(parshall.DATA / "corpora" / "truth.json", encoding="utf-8"))}[name]
    assert sum(one.values()) == truth["agreed"]
    assert 20 < len(one) < TEMPLATES_MOST
    assert "__other__" not in one
    assert not [route for route in one if any(part.isdigit() for part in route.split("/"))]
    assert routes(name, 2, tmp_path) == one


def test_templates_survive_a_restart(tmp_path):
    rules, log, state = tmp_path / "r.yaml", tmp_path / "a.log", tmp_path / "state"
    rules.write_text(RULES, encoding="utf-8")
    line = '10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /tags/{} HTTP/1.1" 200 5 "-" "t"\n'
    log.write_text("".join(line.format(f"w{n}") for n in range(30)), encoding="utf-8")
    args = ["--once", log, "--rules", rules, "--output", "none", "--state", state]
    _, samples = parshall.run_metered(*args)
    assert samples.by("http_requests_by_route_total", "route") == {"/tags/:any": 30}
    with log.open("a", encoding="utf-8") as more:
        more.write(line.format("new"))
    _, samples = parshall.run_metered(*args)
    assert samples.by("http_requests_by_route_total", "route") == {"/tags/:any": 31}
