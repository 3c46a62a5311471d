"""/metrics is what Prometheus reads: valid in both formats, consistent in every scrape, over every kind of socket."""
import gzip
import http.client
import os
import re
import socket
import subprocess
import threading

import pytest

import parshall
import validate_exposition

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4"
LINES = {
    "GET 200": b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /a HTTP/1.1" 200 512 "-" "t"\n',
    "POST 500": b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "POST /b HTTP/1.1" 500 0 "-" "t"\n',
    "_OTHER 404": b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "BREW /c HTTP/1.1" 404 9 "-" "t"\n',
}
HOSTILE_LABELS = (
    b'{"event": "x", "logger": "a\\"b\\\\c\\nd", "level": "\\u00fc"}\n'
    b'{"event": "x", "logger": "", "level": null}\n'
    b'127.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "G\xe9T /c HTTP/1.1" 404 9 "-" "t"\n'
    b'127.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "" 400 - "-" "t"\n')


@pytest.fixture
def live():
    with parshall.Live("--output", "none", stdin=subprocess.PIPE) as running:
        data = b"".join(LINES.values()) + HOSTILE_LABELS + b"unmatched\n"
        running.process.stdin.write(data)
        running.process.stdin.flush()
        running.wait_total(8)
        yield running


def test_promtool_accepts_the_text_format(live):
    _, headers, body = live.get(headers={"Accept": TEXT})
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, b""), body.decode()


def test_strict_parser_accepts_openmetrics(live):
    _, headers, body = live.get(headers={"Accept": OPENMETRICS})
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    text = body.decode("utf-8")
    assert text.endswith("\n# EOF\n")
    families = {f.name for f in validate_exposition.families(text, openmetrics=True)}
    assert {"http_requests", "http_response_size_bytes", "log_events", "parshall_lines_read"} <= families


def test_both_formats_tell_the_same(live):
    def values(accept, openmetrics):
        text = live.get(headers={"Accept": accept})[2].decode("utf-8")
        # OpenMetrics wants bounds as floats ("100.0"), the older format has them as they were written.
        def labels(s):
            return tuple(sorted((k, float(v) if k == "le" else v) for k, v in s.labels.items()))

        return {
            (s.name, labels(s)): s.value
            for f in validate_exposition.families(text, openmetrics) for s in f.samples
            if s.name.startswith(("http_requests_total", "http_response_size_bytes_", "log_events_total", "parshall_lines_"))
            and not s.name.endswith("_created")
        }

    text = {k: v for k, v in values(TEXT, False).items()}
    assert text and text == values(OPENMETRICS, True)


@pytest.mark.parametrize("accept, wanted", [
    (None, "text/plain"),
    ("*/*", "text/plain"),
    ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain"),
    ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "application/openmetrics-text"),  # Prometheus 2.42
    ("application/openmetrics-text;version=1.0.0;q=0.1,text/plain;version=0.0.4;q=0.9", "text/plain"),
    ("nonsense;;;q=x,,,", "text/plain"),
])
def test_format_is_negotiated(live, accept, wanted):
    status, headers, _ = live.get(headers={"Accept": accept} if accept else {})
    assert status == 200
    assert headers["Content-Type"].split(";")[0] == wanted


def test_counts_and_labels(live):
    samples = live.scrape()
    assert samples.by("http_requests_total", "method", "status") == {
        ("GET", "200"): 1, ("POST", "500"): 1, ("_OTHER", "404"): 2, ("_OTHER", "400"): 1}
    assert samples.total("log_events_total", logger='a"b\\c\nd', level="ü") == 1
    assert samples.total("log_events_total") == 2
    assert samples.outcome("unmatched", source="stdin") == 1
    samples.check_ledger()
    samples.check_requests_agree()


def test_gzip_is_given_when_asked_for(live):
    status, headers, body = live.get(headers={"Accept-Encoding": "gzip"})
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert b"http_requests_total" in gzip.decompress(body)
    assert live.get()[1]["Content-Encoding"] is None


def test_head_has_headers_and_no_body(live):
    status, headers, body = live.get(method="HEAD")
    assert (status, body) == (200, b"")
    assert headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("path, method, status", [
    ("/-/healthy", "GET", 200),
    ("/-/ready", "GET", 200),
    ("/", "GET", 200),
    ("/nope", "GET", 404),
    ("/metricsfoo", "GET", 404),
    ("/metrics/", "GET", 404),
    ("/metrics", "POST", 405),
    ("/metrics?name=x", "GET", 200),
])
def test_paths(live, path, method, status):
    assert live.get(path, method=method)[0] == status


def test_landing_page_leads_to_the_metrics(live):
    links = re.findall(r'href="([^"#][^"]*)"', live.get("/")[2].decode())
    # Relative, so that they lead there below a proxy's prefix too.
    assert {"metrics", "-/healthy", "-/ready"} <= set(links)
    for link in links:
        assert live.get("/" + link)[0] == 200, link


BAD_REQUESTS = {
    "garbage": b"garbage\r\n\r\n",
    "method only": b"GET\r\n\r\n",
    "version 9.9": b"GET /metrics HTTP/9.9\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200 + b"\r\n\r\n",
    "huge header": b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
    "huge target": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
    "huge body": b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_request_gets_4xx_or_is_closed(live, name):
    raw = BAD_REQUESTS[name]
    with socket.create_connection((live.host, live.port), timeout=20) as s:
        try:
            s.sendall(raw)
            s.shutdown(socket.SHUT_WR)
            answer = s.recv(100)
        except ConnectionError:
            answer = b""
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 505")), answer
    assert live.get()[0] == 200  # and goes on


def test_connections_that_say_nothing_do_not_stop_a_scrape(live):
    silent = [socket.create_connection((live.host, live.port), timeout=20) for _ in range(30)]
    try:
        assert live.get()[0] == 200
    finally:
        for s in silent:
            s.close()


def test_every_scrape_under_load_is_one_moment():
    """200 scrapes while a pipe is fed: each is consistent in itself, and counters never fall."""
    with parshall.Live("--output", "none", stdin=subprocess.PIPE) as live:
        stop = threading.Event()
        block = b"".join(LINES.values()) * 400 + b"unmatched\n" * 7
        fed = [0]

        def feed():
            while not stop.is_set():
                live.process.stdin.write(block)
                fed[0] += 1
            live.process.stdin.flush()

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            totals = []
            for _ in range(200):
                samples = live.scrape()
                samples.check_ledger()
                samples.check_histograms()
                samples.check_requests_agree()
                totals.append(samples.total("parshall_lines_read_total"))
                assert samples.total("http_requests_total") == samples.outcome("matched")
        finally:
            stop.set()
            feeder.join(parshall.DEADLINE_S)
        assert totals == sorted(totals) and totals[0] < totals[-1]
        samples = live.wait_total(fed[0] * 1207)
        assert samples.total("http_requests_total") == fed[0] * 1200
        assert samples.outcome("unmatched") == fed[0] * 7


def test_ipv6_loopback():
    with parshall.Live(stdin=subprocess.PIPE, host="::1") as live:
        assert live.get()[0] == 200


def test_unix_socket_and_a_second_address(tmp_path):
    path = str(tmp_path / "p.sock")
    with parshall.Live("--web.listen-address", f"unix:{path}", stdin=subprocess.PIPE) as live:
        assert live.get()[0] == 200
        connection = http.client.HTTPConnection("parshall")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        connection.sock.connect(path)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200 and b"parshall_" in answer.read()
        connection.close()
        live.process.stdin.close()
        assert live.wait().code == 0
    assert not os.path.exists(path)


def test_metrics_file_passes_promtool(tmp_path):
    path = tmp_path / "metrics.txt"
    done = parshall.run("--output", "none", "--metrics-file", path, *parshall.NO_WEB,
                        stdin=b"".join(LINES.values()) + HOSTILE_LABELS)
    assert done.code == 0
    checked = subprocess.run(["promtool", "check", "metrics"], input=path.read_bytes(), capture_output=True, timeout=60)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_process_and_own_series_are_there(live):
    names = {n for n, _, _ in live.scrape().all}
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
            "process_start_time_seconds"} <= names
    assert any(n.startswith("parshall_rule_") for n in names)
