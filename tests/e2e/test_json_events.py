"""JSON events come back with the same keys and values; what is no JSON object is unmatched; nothing crashes."""
import base64
import json

import pytest

import parshall

pytestmark = pytest.mark.sanitized

EVENTS = [json.loads(line) for line in open(parshall.DATA / "json" / "events.jsonl", encoding="utf-8")]
SUITE = [json.loads(line) for line in open(parshall.DATA / "json" / "jsontestsuite.jsonl", encoding="utf-8")]


def only_record(line):
    """The record of one line (bytes), and its Samples."""
    done, samples = parshall.run_metered(stdin=line + b"\n")
    samples.check_ledger()
    assert samples.total("parshall_lines_read_total", source="stdin") == 1
    assert len(done.records) == 1, done.out
    return done.records[0], samples


def test_value_of_another_type_is_refused_by_the_metric_that_wants_it(tmp_path):
    """The rest of the event counts: a request whose duration is odd is a request."""
    lines = ['{"request": "GET / HTTP/1.1", "status": 200, "duration": %s}' % value
             for value in ("0.5", '"0.25"', '"-"', "null", '"soon"', "true", "[1]", '{"s": 1}')]
    done, samples = parshall.run_metered(stdin="".join(line + "\n" for line in lines).encode())
    assert done.records[4]["duration"] == "soon" and samples.outcome("matched") == len(lines)
    assert samples.total("http_requests_total", method="GET", status="200") == len(lines)
    assert samples.total("http_request_duration_seconds_count") == 2
    assert samples.total("parshall_metric_rejected_total", metric="http_request_duration_seconds", reason="not_a_number") == 4


def without_timestamp(record):
    return {key: value for key, value in record.items() if key != "@timestamp"}


@pytest.mark.parametrize("event", [e for e in EVENTS if e["outcome"] == "parse"], ids=lambda e: e["id"])
def test_event_keeps_its_values(event):
    record, samples = only_record(event["input_line"].encode("utf-8"))
    assert samples.outcome("matched") == 1
    assert "@timestamp" in record
    assert without_timestamp(record) == without_timestamp(json.loads(event["input_line"]))
    for key, value in (event["expected"] or {}).items():
        assert record[key] == value and type(record[key]) is type(value), key


@pytest.mark.parametrize("event", [e for e in EVENTS if e["outcome"] == "reject"], ids=lambda e: e["id"])
def test_line_that_is_no_object_is_unmatched(event):
    record, samples = only_record(event["input_line"].encode("utf-8"))
    assert samples.outcome("unmatched") == 1
    assert record["outcome"] == "unmatched"


@pytest.mark.parametrize("event", [e for e in EVENTS if e["outcome"] == "either"], ids=lambda e: e["id"])
def test_doubtful_event_is_one_record(event):
    only_record(event["input_line"].encode("utf-8"))


@pytest.mark.parametrize("case", [c for c in SUITE if c["as_line"]], ids=lambda c: c["id"])
def test_json_suite_case(case):
    data = base64.b64decode(case["bytes_b64"])
    record, samples = only_record(data)
    if case["is_object"]:
        assert samples.outcome("matched") == 1
        assert without_timestamp(record) == json.loads(data)
    elif case["expect"] != "either":
        assert samples.outcome("unmatched") == 1, record  # refused JSON, or a value that is no object


def test_json_suite_cases_over_several_lines_survive():
    for case in (c for c in SUITE if not c["as_line"]):
        data = base64.b64decode(case["bytes_b64"]) + b"\n"
        done, samples = parshall.run_metered(stdin=data)
        samples.check_ledger()
        assert samples.outcome("matched") == 0
        assert samples.total("parshall_lines_read_total") == data.count(b"\n") == len(done.records)


@pytest.mark.parametrize("name, line", [
    ("open arrays", b"[" * 100_000),
    ("closed arrays", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("open objects", b'{"a":' * 100_000),
    ("closed objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
], ids=lambda v: v if isinstance(v, str) else "")
def test_depth_of_100000_survives(name, line):
    done, samples = parshall.run_metered(stdin=line + b'\n{"after": 1}\n')
    samples.check_ledger()
    lines = done.out.split(b"\n")
    assert len(lines) == 3 and lines[2] == b""
    assert json.loads(lines[1])["after"] == 1
    assert samples.total("parshall_lines_read_total") == 2


def test_number_that_is_no_status_changes_no_line_count():
    # A float status, a negative one and a numeric string: each is one record; the label never says 200.0.
    data = b'{"status":200.0}\n{"status":-1}\n{"timestamp":"1700000000.5","status":"200"}\n'
    done, samples = parshall.run_metered(stdin=data)
    samples.check_ledger()
    assert [r["status"] for r in done.records] == [200.0, -1, "200"]
    assert "200.0" not in samples.by("http_requests_total", "status")


@pytest.mark.parametrize("keys, size", [
    ({"size": 17}, 17), ({"size": "17"}, 17), ({"size": "-"}, 0), ({"size": None}, 0), ({}, 0), ({"size": "much"}, 0),
    ({"body_bytes_sent": 17}, 17), ({"body_bytes_sent": "-"}, 0),
], ids=str)
@pytest.mark.parametrize("request_keys", [
    {"request": "GET / HTTP/1.1", "status": 200},
    {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "status": 200},
], ids=["request", "method and path"])
def test_request_is_measured_whatever_it_says_of_its_size(request_keys, keys, size):
    event = {**request_keys, **keys}
    record, samples = only_record(json.dumps(event).encode())
    assert without_timestamp(record) == event  # what stands for a missing size is not written
    assert samples.by("http_requests_total", "method", "status") == {("GET", "200"): 1}
    assert samples.total("http_response_size_bytes_count") == 1
    assert samples.total("http_response_size_bytes_sum") == size
