"""What real gunicorns wrote is understood to the last line.

The numbers below were counted in the files, not taken from the program: lines with `wc -l`; access lines and their statuses
with the expression `^(.*?) (\\S+) (.*?) \\[dd/Mon/yyyy:hh:mm:ss ±zzzz\\] "(.*?)" (\\d{3}) (\\d+|-) ` (for JSON events: in the key
`event`, or `status` where the event was parsed by the application); error-log events by their head
`[time] [pid] [LEVEL] `; every line of the error logs without such a head is a traceback or the indented list of the
configuration, and belongs to the event before it.
"""
import re

import pytest

import parshall

pytestmark = pytest.mark.sanitized

FOLDER = parshall.DATA / "samples" / "gunicorn"

# name: lines, records, {status: requests}, {level: events that are no requests}
PLAIN_131 = {200: 109, 201: 4, 204: 2, 302: 2, 304: 2, 400: 1, 403: 2, 404: 7, 500: 2}
PLAIN_104 = {200: 91, 201: 2, 204: 1, 302: 1, 304: 1, 400: 1, 403: 1, 404: 5, 500: 1}
DOUBLED_262 = {200: 218, 201: 8, 204: 4, 302: 4, 304: 4, 400: 2, 403: 4, 404: 14, 500: 4}
FILES = {
    "boot-failure.err.log": (35, 8, {}, {"info": 7, "error": 1}),
    "boot-failure.out.log": (0, 0, {}, {}),
    "combined-D-micros.err.log": (47, 13, {}, {"info": 9, "error": 4}),
    "combined-D-micros.out.log":
        (158, 158, {200: 127, 201: 6, 204: 3, 302: 3, 304: 3, 400: 1, 403: 3, 404: 9, 500: 3}, {}),
    "combined-L-seconds.err.log": (37, 12, {}, {"info": 9, "error": 3}),
    "combined-L-seconds.out.log": (131, 131, PLAIN_131, {}),
    "combined-xff-D-pid.err.log": (39, 12, {}, {"info": 9, "error": 3}),
    "combined-xff-D-pid.out.log": (131, 131, PLAIN_131, {}),
    "combined.err.log": (57, 14, {}, {"info": 9, "error": 5}),
    "combined.out.log": (185, 185, {200: 145, 201: 8, 204: 4, 302: 4, 304: 4, 400: 1, 403: 4, 404: 11, 500: 4}, {}),
    "debug-level.err.log": (241, 139, {}, {"debug": 130, "info": 7, "error": 2}),
    "debug-level.out.log": (104, 104, PLAIN_104, {}),
    "ipv6.err.log": (25, 9, {}, {"info": 7, "error": 2}),
    "ipv6.out.log": (104, 104, PLAIN_104, {}),
    "json-format.err.log": (37, 12, {}, {"info": 9, "error": 3}),
    # The application's own events have no logger; some of them have a key `status`, and are no requests for that.
    "lifecycle-structlog-exc.err.log": (50, 50, {}, {"info": 35, "warning": 2, "critical": 1, "error": 12}),
    "lifecycle-structlog-exc.out.log":
        (56, 56, {200: 4, 500: 2}, {"info": 35, "warning": 2, "critical": 1, "error": 12}),
    "lifecycle-structlog.err.log": (50, 50, {}, {"info": 35, "warning": 1, "critical": 1, "error": 13}),
    "lifecycle-structlog.out.log": (55, 55, {200: 4, 500: 2}, {"info": 35, "warning": 1, "critical": 1, "error": 12}),
    "lifecycle.err.log": (59, 50, {}, {"info": 35, "warning": 2, "critical": 1, "error": 12}),
    "lifecycle.out.log": (3, 3, {200: 2, 500: 1}, {}),
    # 9 + 38 info, 10 warning (the application's request_finished with a status from 302), 2 + 3 error.
    "structlog-blog-parsed.err.log": (62, 62, {}, {"info": 47, "warning": 10, "error": 5}),
    # Two access events (lines 224, 225) were not parsed by the application: the user name has a blank. The combined line
    # is in their key `message`.
    "structlog-blog-parsed.out.log": (274, 274, DOUBLED_262, {"info": 9, "error": 3}),
    "structlog-blog.err.log": (62, 62, {}, {"info": 47, "warning": 10, "error": 5}),
    "structlog-blog.out.log": (274, 274, DOUBLED_262, {"info": 9, "error": 3}),
    "structlog-iso-utf8-exc.err.log": (62, 62, {}, {"info": 47, "warning": 10, "error": 5}),
    "structlog-iso-utf8-exc.out.log": (274, 274, DOUBLED_262, {"info": 9, "error": 3}),
    "unix-socket.out.log": (227, 227, {200: 188, 201: 8, 204: 3, 302: 4, 304: 2, 403: 4, 404: 14, 500: 4}, {}),
}
ELSEWHERE = {"json-format.out.log"}  # has unmatched lines: its own test below


def test_every_file_has_its_numbers():
    assert {p.name for p in FOLDER.iterdir()} == set(FILES) | ELSEWHERE


def check_counts(samples, source, path, lines):
    samples.check_ledger()
    samples.check_histograms()
    samples.check_requests_agree()
    assert samples.total("parshall_lines_read_total", source=source) == lines
    assert samples.total("parshall_bytes_read_total", source=source) == path.stat().st_size


def levels(samples):
    """Events by level. The label may be spelled as the server spells it (INFO) or as structlog does (info)."""
    found = {}
    for level, count in samples.by("log_events_total", "level").items():
        found[level.lower()] = found.get(level.lower(), 0) + count
    return found


@pytest.mark.parametrize("way", ["stdin", "file"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_file_is_counted_as_it_was_read(name, way):
    lines, records, statuses, events = FILES[name]
    path = FOLDER / name
    if way == "stdin":
        with open(path, "rb") as log:
            done, samples = parshall.run_metered(stdin=log)
    else:
        done, samples = parshall.run_metered("--once", path)
    if lines:
        check_counts(samples, "stdin" if way == "stdin" else str(path), path, lines)
    assert samples.outcome("unmatched") == 0, [r for r in done.records if r.get("outcome") == "unmatched"]
    assert samples.outcome("matched") == lines
    assert samples.by("http_requests_total", "status") == {str(k): v for k, v in statuses.items()}
    assert levels(samples) == events
    assert len(done.records) == records
    assert sum(statuses.values()) + sum(events.values()) == records  # the table agrees with itself


def test_json_format_with_lines_that_are_no_json():
    # 132 lines. Not JSON: 57 and 63 (`\ ` and ESC), 62 (TAB), 84 (NUL), 85 and 86 (one request over two lines, by a decoded
    # %0d%0a), 96 and 113 (a single backslash). The other 124 are objects.
    path = FOLDER / "json-format.out.log"
    done, samples = parshall.run_metered("--once", path)
    check_counts(samples, str(path), path, 132)
    assert [n for n, r in enumerate(done.records, 1) if r.get("outcome") == "unmatched"] == [57, 62, 63, 84, 85, 86, 96, 113]
    assert samples.outcome("matched") == 124
    assert samples.by("http_requests_total", "status") == {
        "200": 102, "201": 4, "204": 2, "302": 2, "304": 2, "400": 1, "403": 2, "404": 7, "500": 2}
    assert samples.total("http_request_duration_seconds_count") == 124  # duration_us and duration_s are in each
    assert samples.total("log_events_total") == 0


# Sums of the durations, added up with decimals in Python: %(D)s are microseconds, %(L)s seconds.
@pytest.mark.parametrize("name, count, seconds", [
    ("combined-D-micros.out.log", 158, 0.467659),
    ("combined-L-seconds.out.log", 131, 0.315381),
    ("combined-xff-D-pid.out.log", 131, 0.315893),
])
def test_durations_are_seconds(name, count, seconds):
    _, samples = parshall.run_metered("--once", FOLDER / name)
    assert samples.total("http_request_duration_seconds_count") == count
    assert samples.total("http_request_duration_seconds_sum") == pytest.approx(seconds, abs=1e-9)


def test_sizes_are_summed_exactly():
    # 280928: the number after the status of each of the 185 lines, added up.
    _, samples = parshall.run_metered("--once", FOLDER / "combined.out.log")
    assert samples.total("http_response_size_bytes_sum") == 280928


def test_host_is_empty_behind_a_unix_socket():
    done, _ = parshall.run_metered("--once", FOLDER / "unix-socket.out.log")
    assert {r["host"] for r in done.records} <= {"", None}
    assert {r["status"] for r in done.records} == {200, 201, 204, 302, 304, 403, 404, 500}


def test_x_forwarded_for_does_not_move_the_fields():
    done, _ = parshall.run_metered("--once", FOLDER / "combined-xff-D-pid.out.log")
    assert {r["host"] for r in done.records} == {"127.0.0.1"}


def test_spoofed_agent_stays_in_the_agent():
    # Line 125 of the file: the user agent was `" 200 5 "spoofed" "entry`.
    done, _ = parshall.run_metered("--once", FOLDER / "combined.out.log")
    record = done.records[124]
    assert record["agent"] == r'\" 200 5 \"spoofed\" \"entry'
    assert (record["status"], record["size"], record["referer"]) == (200, 6, None)


def test_traceback_is_part_of_its_event():
    # combined.err.log: 5 errors; 4 of them with a traceback of 9 lines, the fifth with 7: 43 lines without a head.
    done, _ = parshall.run_metered("--once", FOLDER / "combined.err.log")
    texts = [" ".join(v for v in r.values() if isinstance(v, str)) for r in done.records]
    assert sum("Traceback (most recent call last):" in t for t in texts) == 5
    assert sum('ValueError: boom: bad "quoted" value é' in t for t in texts) == 4
    assert sum(t.count("\n") for t in texts) >= 43 - 5  # the traceback may be a field of its own
    assert all(re.search("Traceback.*Error: ", t, re.S) for t in texts if "Traceback" in t)


CONTAINER = parshall.DATA / "samples" / "container"


# Counted like the above, after the wrapping was taken off in Python and pieces joined by stream.
@pytest.mark.parametrize("name, lines, records, requests, events", [
    # 247 pieces, none of them partial: 208 requests, 29 + 5 + 5 other events.
    ("docker-json-file-gun1.log", 247, 247, 208, {"info": 29, "warning": 5, "error": 5}),
    # 131 pieces: 107 requests (one of 2 + 1 pieces), 6 events with 16 lines of traceback.
    ("docker-json-file-gun2.log", 131, 113, 107, {"info": 4, "error": 2}),
    # 286 pieces: 27 partial ones, 212 requests, 47 other events.
    ("cri-k8s-file.log", 286, 259, 212, {"info": 37, "warning": 5, "error": 5}),
])
def test_container_wrapping_is_taken_off(name, lines, records, requests, events):
    path = CONTAINER / name
    done, samples = parshall.run_metered("--once", path)
    check_counts(samples, str(path), path, lines)
    assert samples.outcome("matched") == lines, [r for r in done.records if r.get("outcome") == "unmatched"]
    assert samples.total("http_requests_total") == requests
    assert levels(samples) == events
    assert len(done.records) == records


@pytest.mark.parametrize("name", ["combined.log", "combined_request_time.log"])
def test_nginx_combined_is_an_access_log(name):
    # 305 lines each (wc -l), all with a status after the request; nginx writes TLS bytes as \x16\x03….
    path = parshall.DATA / "samples" / "nginx" / name
    done, samples = parshall.run_metered("--once", path)
    check_counts(samples, str(path), path, 305)
    assert samples.outcome("matched") == 305, [r for r in done.records if r.get("outcome") == "unmatched"]
    assert samples.total("http_requests_total") == 305
