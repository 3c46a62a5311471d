"""docker/compose.yaml on a real engine: the dashboard's queries answer, an alert reaches both Alertmanagers, configuration comes by git."""
import json
import re
import subprocess
import time

import pytest

import engine_client
from engine_client import ROOT, get, get_json, wait_until

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def stack(images):
    stack = engine_client.Stack(images)
    began = time.monotonic()
    try:
        stack.compose("up", "-d", "--no-build")
        wait_until(lambda: stack.query("sum(rate(http_requests_total[1m])) > 0"), "requests are seen in Prometheus")
        print(f"from `up` to requests in Prometheus: {time.monotonic() - began:.1f} s")
        yield stack
    except BaseException:
        for service in ("config-git", "config-sync", "parshall", "shop", "prometheus"):
            print(f"--- {service}\n{stack.logs(service)[-2500:]}")
        raise
    finally:
        stack.compose("down", "-v", "-t", "5")


class Repository:
    """A clone of the configuration, as an operator has it."""

    def __init__(self, folder, stack):
        self.folder = folder
        self.git("clone", "-q", stack.url("config-git", 9418).replace("http:", "git:") + "/config.git", ".")

    def git(self, *command):
        done = subprocess.run(["git", "-c", "user.name=test", "-c", "user.email=test@example.com", *command], cwd=self.folder,
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def push(self, **files):
        """Writes the files (None: removes), pushes, returns the commit."""
        for path, text in files.items():
            (self.folder / path).write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Change " + ", ".join(files))
        self.git("push", "-q", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(stack, tmp_path):
    return Repository(tmp_path, stack)


def metrics(stack):
    return get(stack.url("parshall", 19220) + "/metrics")


def sample(stack, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", metrics(stack), re.M)
    if not found:
        raise KeyError(name)
    return float(found[1])


def variables(dashboard):
    """What Grafana would put in for its variables: everything there is."""
    values = {"__rate_interval": "1m", "__interval": "1m", "__range": "5m"}
    for variable in dashboard.get("templating", {}).get("list", []):
        current = variable.get("current", {}).get("value")
        values[variable["name"]] = ".*" if variable["type"] == "query" else (variable.get("query") or current)
    return values


def queries():
    dashboard = json.loads((ROOT / "docker/grafana/dashboards/parshall.json").read_text(encoding="utf-8"))
    values = variables(dashboard)
    panels = [inner for panel in dashboard["panels"] for inner in [panel, *panel.get("panels", [])]]
    for panel in panels:
        for target in panel.get("targets", []):
            yield panel["title"], re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda m: values.get(m[1], m[0]), target["expr"])


def test_grafana_would_find_its_files(stack):
    grafana = stack.container("grafana")
    provider = stack.docker.call("exec", grafana, "cat", "/etc/grafana/provisioning/dashboards/parshall.yaml")
    folder = re.search(r"path: ([^ }]+)", provider)[1]
    assert json.loads(stack.docker.call("exec", grafana, "cat", f"{folder}/parshall.json"))["title"]
    source = stack.docker.call("exec", grafana, "cat", "/etc/grafana/provisioning/datasources/prometheus.yaml")
    assert "url: http://prometheus:9090" in source


def test_everything_is_scraped_and_every_rule_file_is_loaded(stack):
    wait_until(lambda: len(stack.query("up == 1")) == 4, "all four targets are up")
    groups = get_json(stack.url("prometheus", 9090) + "/api/v1/rules")["data"]["groups"]
    files = {group["file"].rsplit("/", 1)[1] for group in groups}
    assert files >= {"parshall-alerts.yml", "parshall-recording.yml", "shop.yml"}
    unwell = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"]
    assert unwell == []


def test_what_the_shop_logged_is_what_is_counted(stack):
    stack.compose("stop", "load")
    shop_log = ("exec", stack.container("shop"), "cat", "/var/log/shop/shop.log")
    lines = wait_until(lambda: (log := stack.docker.call(*shop_log).splitlines()) and log, "there is a log")
    try:
        source = 'source="/var/log/shop/shop.log"'
        wait_until(lambda: sample(stack, f"parshall_lines_read_total{{{source}}}") == len(lines), "all lines are read")
        orders = sum('"order placed"' in line for line in lines)
        assert orders > 0
        assert sum(float(v) for v in re.findall(r"^shop_orders_total\{.*\} (\S+)$", metrics(stack), re.M)) == orders
        assert sample(stack, f'parshall_lines_total{{{source},outcome="unmatched"}}') == 0
    finally:
        stack.compose("start", "load")


def test_an_alert_that_comes_by_git_reaches_both_alertmanagers(stack, repository):
    repository.push(**{"prometheus/selling.yml": """
groups:
  - name: selling
    rules:
      - {alert: ShopSells, expr: sum(shop_orders_total) > 0, labels: {severity: page}}
"""})
    for service in ("alertmanager-1", "alertmanager-2"):
        url = stack.url(service, 9093) + "/api/v2/alerts"
        wait_until(lambda: "ShopSells" in [alert["labels"]["alertname"] for alert in get_json(url)], f"{service} has the alert", 90)
        assert len(get_json(stack.url(service, 9093) + "/api/v2/status")["cluster"]["peers"]) == 2


BAD = {
    "an example that does not match": ("parshall/rules/shop.yaml", "cents: {type: int}", "cents: {type: int}, lamp: {type: wattage}"),
    "a query that is none": ("prometheus/shop.yml", "sum(rate(", "sum(rate(("),
}


@pytest.mark.parametrize("path, before, after", BAD.values(), ids=BAD)
def test_what_is_bad_is_refused_and_the_old_keeps_running(stack, repository, path, before, after):
    wait_until(lambda: stack.logs("config-sync").count("loaded commit") >= 2, "the first configuration is loaded")
    hash_before = sample(stack, "parshall_config_hash")
    text = (repository.folder / path).read_text(encoding="utf-8")
    assert before in text
    good = repository.git("rev-parse", "HEAD")
    wait_until(lambda: stack.docker.call("exec", stack.container("config-sync"), "readlink", "/config/current").strip().endswith(good),
               "the last good one is current")
    commit = repository.push(**{path: text.replace(before, after)})
    wait_until(lambda: f"refused commit {commit}" in stack.logs("config-sync"), "it is refused")
    assert stack.docker.call("exec", stack.container("parshall"), "readlink", "/config/current").strip() == f"releases/{good}"
    assert sample(stack, "parshall_config_hash") == hash_before
    read = sample(stack, 'parshall_lines_read_total{source="/var/log/shop/shop.log"}')
    wait_until(lambda: sample(stack, 'parshall_lines_read_total{source="/var/log/shop/shop.log"}') > read, "lines are still counted")
    repository.push(**{path: text})


def test_what_parshall_refuses_to_load_does_not_stay_current(stack, repository):
    text = (repository.folder / "parshall/parshall.yaml").read_text(encoding="utf-8")
    # It is well written; but the root of the container is read-only.
    commit = repository.push(**{"parshall/parshall.yaml": text + "output: /nowhere/records.jsonl\n"})
    wait_until(lambda: f"parshall refuses commit {commit}" in stack.logs("config-sync"), "it is refused")
    wait_until(lambda: commit not in stack.docker.call("exec", stack.container("parshall"), "readlink", "/config/current"),
               "the one before is current again")
    good = repository.push(**{"parshall/parshall.yaml": text})
    wait_until(lambda: f"parshall loaded commit {good}" in stack.logs("config-sync"), "a good one is loaded")


def test_a_good_rule_arrives(stack, repository):
    text = (repository.folder / "parshall/rules/shop.yaml").read_text(encoding="utf-8")
    commit = repository.push(**{"parshall/rules/shop.yaml": text + """
  - name: shop_largest_order_cents
    kind: gauge
    help: The last order.
    rules: order
    value: cents
"""})
    wait_until(lambda: f"parshall loaded commit {commit}" in stack.logs("config-sync"), "it is loaded")
    wait_until(lambda: sample(stack, "shop_largest_order_cents") > 0, "it is counted")
    assert sample(stack, "parshall_config_last_reload_successful") == 1
    wait_until(lambda: stack.query("shop_largest_order_cents"), "Prometheus has it")
    # What did not change went on.
    assert sample(stack, "shop_revenue_cents_total") > 0


def test_a_restart_goes_on_with_its_counts(stack):
    source = 'parshall_lines_read_total{source="/var/log/shop/shop.log"}'
    before = sample(stack, source)
    stack.compose("restart", "-t", "5", "parshall")
    assert wait_until(lambda: sample(stack, source), "it is up again") >= before


def slowest_group_s(stack):
    """The longest interval of a rule group: Prometheus spreads the groups, so a first evaluation may wait for so long."""
    groups = get_json(stack.url("prometheus", 9090) + "/api/v1/rules")["data"]["groups"]
    return max(group["interval"] for group in groups)


def test_every_query_of_the_dashboard_answers_with_data(stack):
    asked = list(queries())
    assert len(asked) > 5
    waiting = dict(enumerate(asked))

    def all_answered():
        for n, (_, expression) in list(waiting.items()):
            if stack.query(expression):
                del waiting[n]
        return not waiting

    try:
        wait_until(all_answered, "the dashboard is full", slowest_group_s(stack) + 60)
    finally:
        print("without an answer:", *waiting.values(), sep="\n  ")
