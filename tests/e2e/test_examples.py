"""Every folder of examples/ runs with its one command, ends by itself, counts what was asked, and leaves nothing behind."""
import ipaddress
import json
import os
import re
import subprocess

import pytest
import yaml

import parshall

EXAMPLES = parshall.ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/run"))


class Played:
    """One run of an example: what it said, and its records and metrics."""

    def __init__(self, name, folder):
        temporary = folder / "tmp"
        temporary.mkdir()
        environment = {**parshall.environment(), "PARSHALL_BIN": str(parshall.BINARY), "TMPDIR": str(temporary)}
        environment.pop("ELASTICSEARCH_URL", None)
        done = subprocess.run([EXAMPLES / name / "run", folder / "out"], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=3 * parshall.DEADLINE_S, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert os.listdir(temporary) == []
        self.said = done.stdout
        self.records = parshall.parse_records((folder / "out" / "records.jsonl").read_bytes())
        self.samples = parshall.Samples((folder / "out" / "metrics.txt").read_text(encoding="utf-8"))
        self.samples.check_ledger()
        self.samples.check_histograms()
        # "asked 100 times: 75 x 200, 16 x 201": what the load generator was answered
        asked = re.search(r"asked \d+ times: (.*)", done.stderr)
        self.answered = {status: int(n) for n, status in re.findall(r"(\d+) x (\d+)", asked[1])} if asked else {}

    def check_requests(self):
        assert sum(self.answered.values()) == 100
        assert self.samples.by("http_requests_total", "status") == self.answered
        statuses = [str(record["status"]) for record in self.records if "status" in record]
        assert {status: statuses.count(status) for status in set(statuses)} == self.answered
        assert self.samples.outcome("unmatched") == 0


@pytest.fixture
def play(tmp_path):
    return lambda name: Played(name, tmp_path)


def test_the_list_has_every_example():
    listed = re.findall(r"^\| \[([\w-]+)\]", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__")


def test_an_example_shows_something_without_a_folder(tmp_path):
    environment = {**parshall.environment(), "PARSHALL_BIN": str(parshall.BINARY), "TMPDIR": str(tmp_path)}
    done = subprocess.run([EXAMPLES / "darkroom-events" / "run"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'image_process_duration_count{process="crop",image_type="jpeg"}' in done.stdout
    assert os.listdir(tmp_path) == []


def test_gunicorn_structlog(play):
    played = play("gunicorn-structlog")
    played.check_requests()
    assert played.samples.total("http_request_duration_seconds_count") == 100
    # Each line once, and the shop's own events beside the requests.
    assert played.samples.total("log_events_total", logger="shop") == played.answered["201"]
    assert sum(record.get("event") == "order placed" for record in played.records) == played.answered["201"]
    assert sum("on fire" in json.dumps(record) for record in played.records) == played.answered["500"]


def test_gunicorn_pipe(play):
    played = play("gunicorn-pipe")
    played.check_requests()
    assert played.samples.total("http_request_duration_seconds_count") == 100
    assert 0 < played.samples.total("http_request_duration_seconds_sum") < 10


def test_nginx_log_format(play):
    played = play("nginx-log-format")
    played.check_requests()
    caches = played.samples.by("http_requests_total", "cache")
    assert caches["miss"] >= 8 and sum(caches.values()) == 100 and set(caches) == {"hit", "miss", "none"}


def test_fastapi_uvicorn(play):
    played = play("fastapi-uvicorn")
    played.check_requests()
    assert any("Started server process" in json.dumps(record) for record in played.records)


def test_darkroom_events(play):
    played = play("darkroom-events")
    assert played.samples.total("image_handler_errors") == 10
    assert played.samples.total("image_process_duration_count") == 190
    assert len(played.records) == 200


def elastic_fields(properties, prefix=""):
    """{dotted name: type} of a mapping."""
    found = {}
    for name, field in properties.items():
        if "properties" in field:
            found.update(elastic_fields(field["properties"], f"{prefix}{name}."))
        else:
            found[prefix + name] = field["type"]
    return found


def leaves(record, prefix=""):
    """(dotted name, value) of a record; labels are one."""
    for name, value in record.items():
        if isinstance(value, dict) and prefix + name != "labels":
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


FITS = {
    "keyword": lambda v: isinstance(v, str) or (isinstance(v, list) and all(isinstance(item, str) for item in v)),
    "wildcard": lambda v: isinstance(v, str),
    "match_only_text": lambda v: isinstance(v, str),
    "long": lambda v: type(v) is int and -2**63 <= v < 2**63,
    "ip": lambda v: bool(ipaddress.ip_address(v)),
    "date": lambda v: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z", v)),
    "object": lambda v: isinstance(v, dict) and all(isinstance(item, str) for item in v.values()),
}

TEMPLATE = json.loads((EXAMPLES / "elk" / "index-template.json").read_text(encoding="utf-8"))
MAPPING = elastic_fields(TEMPLATE["template"]["mappings"]["properties"])


def check_against_template(records):
    seen = set()
    for record in records:
        for name, value in leaves(record):
            assert name in MAPPING, f"the template has no {name}: {record}"
            assert FITS[MAPPING[name]](value), f"{name} is {value!r}, and {MAPPING[name]} in the template"
            seen.add(name)
    return seen


def test_elk(play, tmp_path):
    played = play("elk")
    assert len(played.records) == 200
    seen = check_against_template(played.records)
    assert seen >= {"@timestamp", "http.response.status_code", "source.ip", "url.path", "user_agent.original"}
    body = [json.loads(line) for line in (tmp_path / "out" / "bulk.ndjson").read_text(encoding="utf-8").splitlines()]
    assert body[::2] == [{"create": {}}] * 200 and body[1::2] == played.records


def test_the_template_has_the_fields_of_ecs_that_are_written():
    wanted = {}
    for line in (parshall.DATA / "ecs" / "fields.tsv").read_text(encoding="utf-8").splitlines():
        name, kind = line.split("\t")[:2]
        wanted[name] = kind.removesuffix("[]")  # one value or many: Elasticsearch has one type for both
    assert {name: kind for name, kind in MAPPING.items() if name != "labels"} == {k: v for k, v in wanted.items() if k != "labels"}
    assert TEMPLATE["data_stream"] == {} and TEMPLATE["index_patterns"] == ["logs-parshall-*"]


def test_what_servers_wrote_fits_the_template():
    samples = sorted(path for path in (parshall.DATA / "samples").rglob("*") if path.suffix in (".log", ".jsonl"))
    done = parshall.run("--once", *samples, "--schema", "ecs", *parshall.NO_WEB)
    assert done.code == 0 and len(done.records) > 5000
    seen = check_against_template(done.records)
    assert seen >= {"log.level", "error.stack_trace", "event.duration", "labels"}


def test_filebeat_and_logstash_name_the_same_data_stream():
    filebeat = yaml.safe_load((EXAMPLES / "elk" / "filebeat.yml").read_text(encoding="utf-8"))
    assert filebeat["output.elasticsearch"]["index"] == "logs-parshall-default"
    logstash = (EXAMPLES / "elk" / "logstash.conf").read_text(encoding="utf-8")
    assert logstash.count("{") == logstash.count("}")
    assert [re.search(rf'data_stream_{part} => "(\w+)"', logstash)[1] for part in ("type", "dataset", "namespace")] == \
        ["logs", "parshall", "default"]
