"""The JSON API: the same figures as /metrics, and an explain that is bounded and touches nothing."""
import http.client
import json
import threading
import time

import pytest

import parshall

LINE = '192.0.2.1 - - [21/Nov/2026:09:32:30 +0000] "GET /x HTTP/1.1" %d %d "-" "t" 1500\n'
PATHS = ["status", "traffic", "sources", "rules", "cardinality", "unmatched"]


def ask(live, name):
    status, headers, body = live.get(f"/api/v1/{name}")
    assert status == 200 and headers["Content-Type"] == "application/json", (name, status, headers)
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    return json.loads(body)


def explain(live, body, content_type="application/json", method="POST"):
    """(status, answer) of one request; an answer that is no JSON is its text."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    try:
        headers = {} if content_type is None else {"Content-Type": content_type}
        connection.request(method, "/api/v1/explain", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.headers["Content-Type"] == "application/json":
            return answer.status, json.loads(text)
        return answer.status, text.decode()
    finally:
        connection.close()


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_text("".join(LINE % (status, 120) for status in (200, 200, 304, 404, 500, 200)) + "odd\n")
    return path


@pytest.mark.sanitized
def test_it_has_the_figures_of_metrics(log):
    with parshall.Live(log, "--output", "none") as live:
        samples = live.wait_total(7)
        status = parshall.wait_until(lambda: (a := ask(live, "status"))["lines"]["read"] == 7 and a, "the API has 7 lines")
        assert status["lines"]["outcomes"] == {o: samples.outcome(o) for o in ("matched", "unmatched", "oversized", "dropped", "rejected", "duplicate")}
        assert status["ready"] is True and status["state"] is None and status["bytes_read"] == log.stat().st_size
        traffic = ask(live, "traffic")
        assert traffic["requests"] == {"metric": "http_requests_total", "label": "status",
                                       "by_class": {"1xx": 0, "2xx": 3, "3xx": 1, "4xx": 1, "5xx": 1, "other": 0}}
        for name, metric in (("size_bytes", "http_response_size_bytes"), ("duration_seconds", "http_request_duration_seconds")):
            histogram, total = traffic[name], 0
            assert histogram["metric"] == metric and len(histogram["counts"]) == len(histogram["bounds"]) + 1
            for bound, count in zip([*histogram["bounds"], float("inf")], histogram["counts"]):
                total += count
                rows = [v for ls, v in samples.rows(metric + "_bucket") if float(ls["le"]) == bound]
                assert sum(rows) == total, (metric, bound)
            assert histogram["sum"] == pytest.approx(samples.total(metric + "_sum"))
        source, = ask(live, "sources")["sources"]
        assert (source["name"], source["lines_read"], source["following"]["lag_bytes"]) == (str(log), 7, 0)
        for rule in ask(live, "rules")["rules"]:
            assert rule["matches"] == samples.total("parshall_rule_matches_total", rule=rule["name"])
            assert rule["misses"] == samples.total("parshall_rule_misses_total", rule=rule["name"])
            assert (rule["last_match_ms"] is not None) == (rule["matches"] > 0)
        answer = ask(live, "cardinality")
        assert answer["series"] == samples.total("parshall_metric_series")
        for metric in answer["metrics"]:
            for label in metric["labels"]:
                names = {"metric": metric["name"], "label": label["name"]}
                assert label["values"] == samples.total("parshall_metric_label_values", **names)
                assert label["limit"] == samples.total("parshall_metric_label_limit", **names)


@pytest.mark.sanitized
def test_series_beyond_a_limit_name_their_offenders(tmp_path):
    (tmp_path / "r.yaml").write_text("""\
rules:
  - name: user
    pattern: '^user=(?P<user>\\S+) ms=(?P<ms>\\d+)$'
    fields: {ms: int}
    examples: [{line: user=a ms=1}]
metrics:
  - {name: hits_total, kind: counter, help: h, labels: {user: {field: user, limit: 2}}}
  - {name: wait_milliseconds, kind: histogram, help: h, value: ms, buckets: [10, 100]}
""")
    log = tmp_path / "log"
    log.write_text("".join(f"user={user} ms=50\n" for user in ["a", "b", *["<b>loud</b>"] * 9000]))
    with parshall.Live(log, "--rules", tmp_path / "r.yaml", "--output", "none") as live:
        live.wait_total(9002)
        hits = parshall.wait_until(
            lambda: next((m["labels"][0] for m in ask(live, "cardinality")["metrics"]
                          if m["name"] == "hits_total" and m["labels"][0]["overflow"] == 9000), None), "the overflow is there")
        assert (hits["values"], hits["limit"]) == (2, 2)
        assert hits["top"] == [{"value": "<b>loud</b>", "ratio": 1}]
        traffic = ask(live, "traffic")
        assert traffic["requests"] is None and traffic["size_bytes"] is None
        # Found by its unit, and told in seconds.
        assert traffic["duration_seconds"]["bounds"] == [0.01, 0.1]
        assert traffic["duration_seconds"]["counts"] == [0, 9002, 0]
        assert traffic["duration_seconds"]["sum"] == pytest.approx(9002 * 0.05)


@pytest.mark.sanitized
def test_explain_says_what_the_command_says_and_changes_nothing(log):
    line = (LINE % (200, 12345678901234567890)).rstrip("\n")
    with parshall.Live(log, "--output", "none") as live:
        before = live.wait_total(7)
        status, answer = explain(live, json.dumps({"text": line + "\r\nodd\n"}), "Application/JSON; charset=utf-8")
        assert status == 200 and answer["lines_left"] == 0
        said = parshall.run("explain", "--json", stdin=(line + "\nodd\n").encode()).out.decode().splitlines()
        for ours, theirs in zip(answer["lines"], map(json.loads, said), strict=True):
            record = json.loads(ours.pop("record_text"))
            assert {k: v for k, v in record.items() if k != "@timestamp"} == {k: v for k, v in theirs["record"].items() if k != "@timestamp"}
            for one in (ours, theirs):
                one.pop("nanos"), one["record"].pop("@timestamp")
            assert ours == theirs
        # The next one begins anew: nothing was counted anywhere.
        assert explain(live, json.dumps({"text": line}))[1]["lines"][0]["metrics"] == answer["lines"][0]["metrics"]
        after = live.scrape()
        for name in ("parshall_lines_total", "parshall_rule_matches_total", "parshall_metric_series", "http_requests_total"):
            assert before.by(name, "rule", "outcome", "metric", "status") == after.by(name, "rule", "outcome", "metric", "status")


def test_a_traceback_joins_its_event(log):
    text = "[2026-11-21 09:32:30 +0000] [7] [ERROR] Error handling request\nTraceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 1\n"
    with parshall.Live(log, "--output", "none") as live:
        lines = explain(live, json.dumps({"text": text}))[1]["lines"]
        assert [(one["rule"], one["joined"]) for one in lines] == [("gunicorn_error", n > 0) for n in range(4)]


HOSTILE = [
    (b"", "application/json", 400, "JSON object"),
    (b"{", "application/json", 400, "JSON object"),
    (b"[]", "application/json", 400, "JSON object"),
    (b'{"text": 7}', "application/json", 400, "JSON object"),
    (b'{"text": "a", "rules": "b"}', "application/json", 400, "JSON object"),
    (b'{"text": ""}', "application/json", 400, "empty"),
    (b'{"text": "' + b"a\\n" * 21 + b'"}', "application/json", 400, "at most 20"),
    (b'{"text": "\xff"}', "application/json", 400, "JSON object"),
    (b"[" * 60000, "application/json", 400, "JSON object"),
    (b'{"text": "' + b"a" * 70000 + b'"}', "application/json", 413, ""),
    (b'{"text": "a"}', None, 415, "Content-Type"),
    (b'{"text": "a"}', "text/plain", 415, "Content-Type"),
    (b"text=a", "application/x-www-form-urlencoded", 415, "Content-Type"),
    (b'{"text": "a"}', "application/jsonx", 415, "Content-Type"),
]


@pytest.mark.sanitized
def test_explain_refuses_what_is_no_line(log):
    with parshall.Live(log, "--output", "none") as live:
        for body, content_type, wanted, names in HOSTILE:
            status, answer = explain(live, body, content_type)
            assert status == wanted, (body[:40], answer)
            assert names in (answer["error"] if isinstance(answer, dict) else answer)
        for method in ("GET", "PUT", "OPTIONS"):
            assert explain(live, None, method=method)[0] == 405
        # Whatever can stand in a line is explained.
        for text in ("\0", "\u2028\U0001F600", "a" * 60000, '{"a":' * 5000, "[" * 20000, "\n\n", "\r"):
            status, answer = explain(live, json.dumps({"text": text}))
            assert status == 200 and answer["lines"], (text[:20], answer)
        assert live.get("/-/healthy")[0] == 200


def test_scrapes_answer_while_lines_are_explained(log):
    """Long lines, one after another without a pause: the API is asked, and scrapes do not wait for it."""
    texts = [json.dumps({"text": text}) for text in ("a " * 32000, '"' * 32000, LINE.rstrip() * 300, "1." * 30000, "[" + "x" * 60000)]
    with parshall.Live(log, "--output", "none") as live:
        live.wait_total(7)
        stop, statuses, longest = threading.Event(), [], [0.0]

        def bother():
            n = 0
            while not stop.is_set():
                began = time.monotonic()
                statuses.append(explain(live, texts[n % len(texts)])[0])
                longest[0] = max(longest[0], time.monotonic() - began)
                n += 1

        threads = [threading.Thread(target=bother) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            parshall.wait_until(lambda: len(statuses) > 5, "lines are explained")
            slowest = 0.0
            for _ in range(20):
                began = time.monotonic()
                assert live.get()[0] == 200
                slowest = max(slowest, time.monotonic() - began)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        print(f"slowest scrape {slowest:.3f} s, slowest explain {longest[0]:.3f} s, {len(statuses)} requests")
        assert set(statuses) <= {200, 503} and 200 in statuses
        assert slowest < 1
        assert live.memory_peak_bytes() < 100 << 20


def test_many_watchers_cost_the_run_one(log):
    with parshall.Live(log, "--output", "none") as live:
        ask(live, "status")
        moments = set()

        def watch():
            for _ in range(50):
                for name in PATHS[:5]:
                    moments.add(ask(live, name)["uptime_seconds"])

        began = time.monotonic()
        threads = [threading.Thread(target=watch) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(moments) <= 2 + (time.monotonic() - began) / 0.9
