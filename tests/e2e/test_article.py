"""The article "Using Structlog with Gunicorn": its three example lines give exactly its fields and values."""
import json

import pytest

import parshall

pytestmark = pytest.mark.sanitized

BOOTING = [
    '{"event": "Booting worker with pid: 30099", "level": "info", "logger": "gunicorn.error", "timestamp": "2019-08-15 14:19:14"}',
    '{"event": "Booting worker with pid: 30100", "level": "info", "logger": "gunicorn.error", "timestamp": "2019-08-15 14:19:14"}',
]
EVENT = r'''{"event": "10.96.78.6 - - [15/Aug/2019:14:19:23 +0000] \"GET /metrics HTTP/1.1\" 200 14134 \"-\" \"Prometheus/2.11.0\"", "level": "info", "logger": "gunicorn.access", "timestamp": "2019-08-15 14:19:23"'''
# As the article shows it: what gunicorn said, then what the article's processor made of it.
WANTED = EVENT + ''', "host": "10.96.78.6", "user": null, "time": "15/Aug/2019:14:19:23 +0000", "request": "GET /metrics HTTP/1.1", "status": 200, "size": 14134, "referer": null, "agent": "Prometheus/2.11.0"}'''
UNPARSED = EVENT + "}"


def pairs(line):
    """Keys and values in their order; a key that is there twice is seen."""
    return json.loads(line, object_pairs_hook=list)


@pytest.mark.parametrize("access", [UNPARSED, WANTED], ids=["raw event", "already parsed event"])
def test_article_lines_give_the_article_records(access):
    done, samples = parshall.run_metered(stdin="\n".join([*BOOTING, access, ""]).encode())
    lines = done.out.decode("utf-8").splitlines()
    assert len(lines) == 3
    for line, wanted in zip(lines, [*BOOTING, WANTED]):
        *fields, (last, moment) = pairs(line)
        assert fields == pairs(wanted)
        assert last == "@timestamp"
        assert moment == json.loads(wanted)["timestamp"].replace(" ", "T") + ".000Z"
    assert samples.by("http_requests_total", "method", "status") == {("GET", "200"): 1}
    assert samples.total("http_response_size_bytes_sum") == 14134
    assert samples.by("log_events_total", "logger", "level") == {("gunicorn.error", "info"): 2}
    samples.check_ledger()


def test_values_have_the_types_of_the_article():
    done, _ = parshall.run_metered(stdin=UNPARSED.encode())  # the last line needs no newline
    record = done.records[0]
    assert type(record["status"]) is int and type(record["size"]) is int
    assert record["user"] is None and record["referer"] is None


def test_size_of_a_dash_is_zero_as_in_the_article():
    done, samples = parshall.run_metered(stdin=UNPARSED.replace(" 14134 ", " - ").encode())
    assert done.records[0]["size"] == 0
    assert samples.total("http_response_size_bytes_count") == 1
