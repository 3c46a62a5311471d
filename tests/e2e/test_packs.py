"""Every log of tests/data/samples through the pack of its server. Counts were read off the files with grep and Python's
json, as the comments say, not off the program."""
import re

import pytest

import parshall

SAMPLES = parshall.DATA / "samples"


def run(name, *flags):
    path = SAMPLES / name
    done, samples = parshall.run_metered("--once", path, *flags)
    samples.check_ledger()
    assert samples.total("parshall_lines_read_total") == len(path.read_bytes().splitlines(keepends=True)) or "\r" in name
    return done, samples


def rules(samples):
    return samples.by("parshall_rule_matches_total", "rule")


# file, format, lines (grep -c ''), lines that match or belong to one that does, by rule
@pytest.mark.parametrize("name, pack, lines, matched, by_rule", [
    ("apache/combined.log", "apache", 295, 295, {"apache_access": 295}),
    ("apache/common.log", "apache", 295, 295, {"apache_access": 295}),
    ("apache/combined_D.log", "apache", 295, 295, {"apache_combined_io": 295}),
    ("apache/vhost_combined.log", "apache", 295, 295, {"apache_vhost_access": 295}),
    ("apache/error.log", "apache", 33, 33, {"apache_error": 33}),
    # 20 of 295 are no JSON: \xhh, and quotes of %U.
    ("apache/json.jsonl", "apache", 295, 275, {"apache_json": 275}),
    # 100 with "msg":"handled request"; one of the others tells of an error of such a request.
    ("caddy/caddy.jsonl", "caddy", 115, 115, {"caddy_access": 100, "caddy_log": 15}),
    ("caddy/access.jsonl", "caddy", 1, 1, {"caddy_access": 1}),
    # 151 begin with address:port, 38 of these <BADREQ>; of 121 others 3 are cut inside of the request, and one has the
    # status -1 (the client went away).
    ("haproxy/stdout_raw.log", "haproxy", 272, 269, {"haproxy_http": 151, "haproxy_clf_captured": 118}),
    ("haproxy/syslog_udp.log", "haproxy", 272, 269, {"haproxy_http": 151, "haproxy_clf_captured": 118}),
    # The default access lines stand in access.yaml, and structlog's events that are no requests in json.yaml: they belong
    # to these formats all the same. Counted in test_gunicorn_samples.py.
    ("gunicorn/combined.out.log", "gunicorn", 185, 185, {"access": 185}),
    ("gunicorn/combined-xff-D-pid.out.log", "gunicorn", 131, 131, {"forwarded_access": 131}),
    ("gunicorn/combined.err.log", "gunicorn", 57, 57, {"gunicorn_error": 14}),
    ("gunicorn/structlog-blog.out.log", "structlog", 274, 274, {"structlog_access": 262, "json_event": 12}),
    ("lighttpd/access.log", "lighttpd", 118, 118, {"lighttpd_access": 118}),
    ("lighttpd/error.log", "lighttpd", 8, 8, {"lighttpd_error": 8}),
    # 105 with a head: 101 requests, 3 messages, and a request whose target had a line break: its first half is a
    # message, its second half ("Set-Cookie:x=1 …") is nothing. 31 + 4 lines of two tracebacks.
    ("hypercorn/access.log", "hypercorn", 141, 140, {"hypercorn_access": 101, "hypercorn_log": 4}),
    ("daphne/access.log", "daphne", 108, 108, {"daphne_access": 108}),
    # 5 with a time, 5 of a traceback.
    ("daphne/console.log", "daphne", 10, 10, {"daphne_log": 5}),
    # 502 = 103 requests + 28 other heads + their tracebacks; 508 = 103 + 34 of gunicorn's.
    ("uvicorn/default.log", "uvicorn", 502, 502, {"uvicorn_access": 103, "uvicorn_log": 28}),
    ("uvicorn/gunicorn-uvicorn-worker.log", "uvicorn", 508, 508,
     {"uvicorn_access": 103, "uvicorn_gunicorn_error": 34}),
    # 111 with "[pid: " and "=> generated"; 111 with [21/Nov; 62 other lines, 14 of tracebacks.
    ("uwsgi/default.log", "uwsgi", 187, 187, {"uwsgi_request": 111, "uwsgi_message": 62}),
    ("uwsgi/combined.log", "uwsgi", 187, 187, {"uwsgi_combined": 111, "uwsgi_message": 62}),
    ("nginx/combined.log", "nginx", 305, 305, {"nginx_access": 305}),
    ("nginx/combined_request_time.log", "nginx", 305, 305, {"nginx_access": 305}),
    ("nginx/upstream_kv.log", "nginx", 305, 305, {"nginx_access": 305}),
    ("nginx/ingress.log", "nginx", 305, 305, {"nginx_ingress": 305}),
    ("nginx/error.log", "nginx", 103, 103, {"nginx_error": 103}),
    # All are JSON once their invalid bytes are read as U+FFFD (14 lines have some).
    ("nginx/json_escape.jsonl", "nginx", 305, 305, {"nginx_json": 305}),
    # 305 datagrams, the last without a line end; 2 were cut at 8192 bytes.
    ("nginx/syslog_udp.log", "nginx", 305, 303, {"nginx_access": 303}),
    # 26 objects with a type, a name and a value that are JSON.
    ("redis/events.jsonl", "metric_events", 31, 26, {"metric_event": 26}),
])
def test_sample_is_recognised_by_its_pack(name, pack, lines, matched, by_rule):
    done, samples = run(name, "--format", pack)
    assert samples.total("parshall_lines_read_total") == lines
    assert rules(samples) == by_rule
    assert samples.outcome("matched") == matched, [r for r in done.records if r.get("outcome") == "unmatched"]
    assert samples.outcome("unmatched") == lines - matched


def test_every_sample_is_in_a_test():
    # Those of gunicorn and of containers are in test_gunicorn_samples.py, which holds its own list against the folder.
    here = (parshall.ROOT / "tests/e2e/test_packs.py").read_text(encoding="utf-8")
    gunicorn = (parshall.ROOT / "tests/e2e/test_gunicorn_samples.py").read_text(encoding="utf-8")
    for path in SAMPLES.rglob("*"):
        name = str(path.relative_to(SAMPLES))
        if not path.is_file() or path.parent == SAMPLES:
            continue
        text = gunicorn if name.startswith(("gunicorn/", "container/")) else here
        assert f'"{name}"' in text or f'"{path.name}"' in text and text is gunicorn, name


def test_json_with_bytes_that_are_no_utf8_is_parsed():
    lines = (SAMPLES / "nginx/json_escape.jsonl").read_bytes().splitlines()
    broken = [n for n, line in enumerate(lines) if line != line.decode("utf-8", "replace").encode("utf-8")]
    assert len(broken) == 14
    done, _ = run("nginx/json_escape.jsonl", "--format", "nginx")
    for n in broken:
        assert "\ufffd" in str(done.records[n]) and done.records[n].get("outcome") is None, n


def test_request_that_a_decoded_path_splits_is_two_lines_that_are_counted():
    # %(U)s of gunicorn is the decoded path: /a%0d%0a… has written lines 85 and 86 of 132, neither of which is JSON.
    path = SAMPLES / "gunicorn/json-format.out.log"
    first, second = path.read_bytes().split(b"\n")[84:86]
    assert first.startswith(b"{") and not first.endswith(b"}") and second.endswith(b"}") and not second.startswith(b"{")
    _, samples = parshall.run_metered("--once", path)
    samples.check_ledger()
    assert samples.total("parshall_lines_read_total") == 132
    assert (samples.outcome("matched"), samples.outcome("unmatched")) == (124, 8)


# The format string that wrote a file reads all of it, also where the file's own form (JSON) is broken.
@pytest.mark.parametrize("name, server_format, matched", [
    ("nginx/json_default_escape.jsonl",
     'nginx:{"time":"$time_iso8601","request":"$request","status":$status,"bytes":$body_bytes_sent,"rt":$request_time,'
     '"urt":$upstream_response_time,"ua":"$http_user_agent","ref":"$http_referer"}', 305),
    ("apache/json.jsonl",
     'apache:{"time":"%{%Y-%m-%dT%T}t.%{msec_frac}t%{%z}t","client":"%a","user":"%u","method":"%m","path":"%U",'
     '"query":"%q","protocol":"%H","status":%>s,"bytes":%B,"duration_us":%D,"referer":"%{Referer}i",'
     '"user_agent":"%{User-agent}i"}', 295),
    ("nginx/upstream_kv.log",
     'nginx:$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
     ' "$http_user_agent" "$http_x_forwarded_for" host=$host rt=$request_time ua="$upstream_addr"'
     ' us="$upstream_status" ut="$upstream_response_time" ul="$upstream_response_length"'
     ' uct="$upstream_connect_time" uht="$upstream_header_time" cs=$upstream_cache_status rid=$request_id', 305),
    ("gunicorn/combined-xff-D-pid.out.log",
     'gunicorn:%({x-forwarded-for}i)s %(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
     ' request_time=%(L)s micros=%(D)s ms=%(M)s sec=%(T)s pid=%(p)s rid=%({x-request-id}i)s', 131),
    ("apache/combined_D.log", 'apache:%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D %T %I %O %{UNIQUE_ID}e', 295),
])
def test_format_string_reads_what_it_wrote(name, server_format, matched):
    done, samples = run(name, "--format", server_format)
    assert rules(samples).get("log_format") == matched, [r for r in done.records if r.get("outcome") == "unmatched"][:3]
    assert all(r.get("status") is not None for r in done.records)


def test_upstream_lists_are_summed_and_counted():
    # awk: the lines whose ut="…" holds a comma, and what they sum to.
    text = (SAMPLES / "nginx/upstream_kv.log").read_text(encoding="latin-1")
    lists = re.findall(r' ut="([^"]*)"', text)
    done, _ = run("nginx/upstream_kv.log", "--format",
                  'nginx:$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
                  ' "$http_referer" "$http_user_agent" "$http_x_forwarded_for" host=$host rt=$request_time'
                  ' ua="$upstream_addr" us="$upstream_status" ut="$upstream_response_time"'
                  ' ul="$upstream_response_length" uct="$upstream_connect_time" uht="$upstream_header_time"'
                  ' cs=$upstream_cache_status rid=$request_id')
    assert any("," in one for one in lists)
    for record, one in zip(done.records, lists, strict=True):
        numbers = [float(n) for n in one.split(", ") if n != "-"]
        want = round(sum(numbers), 3) if numbers else None
        assert record["upstream_response_time"] == want, one
        assert record["upstream_tries"] == (len(one.split(", ")) if numbers else None), one


def test_every_pack_is_listed_and_its_examples_hold():
    listed = parshall.run("formats").out.decode()
    for path in sorted((parshall.ROOT / "rules").rglob("*.yaml")):
        if path.name == "metrics.yaml":
            continue
        assert f"--format {path.stem} (all of" in listed, path
        done = parshall.run("check", "--format", path.stem)
        assert done.code == 0, done.err


@pytest.mark.parametrize("text, why", [
    ("nginx:$remote_addr$remote_user", "column 13: \"$remote_addr\" and \"$remote_user\" have nothing between them"),
    ("apache:%h %Z", "column 4: \"%Z\" is no directive of Apache's LogFormat"),
    ("ngnix:$status", 'the log formats of "ngnix" are not known (did you mean "nginx"?)'),
    ("nginx:", "the log format of nginx is empty"),
])
def test_wrong_format_string_ends_with_2_and_says_where(text, why):
    done = parshall.run(*parshall.NO_WEB, "--format", text, stdin=b"x\n")
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith("parshall: --format: ") and why in done.err


def test_format_string_stands_before_the_default_rules():
    lines = b'GET /x 200 0.5\n127.0.0.1 - - [21/Nov/2026:09:26:05 +0000] "GET / HTTP/1.1" 200 5\n{"event": "x"}\n'
    done, samples = parshall.run_metered("--format", "nginx:$request_method $request_uri $status $request_time", stdin=lines)
    assert rules(samples) == {"log_format": 1, "access": 1, "json_event": 1}
    assert done.records[0]["duration"] == 0.5
    assert samples.total("http_request_duration_seconds_count") == 1


def test_doubtful_format_string_is_warned_of():
    done = parshall.run("check", "--format", "nginx:$http_referer $http_user_agent $status")
    assert done.code == 0
    assert 'column 1: the value of "$http_referer" may hold " "' in done.err


def test_faults_of_formats_and_expressions_are_shown_together(tmp_path):
    rules = tmp_path / "r.yaml"
    rules.write_text('rules:\n  - name: x\n    log_format: {nginx: "$status$request_time"}\n'
                     "  - name: y\n    pattern: '('\n")
    done = parshall.run("check", rules)
    assert done.code == 2
    first, second = done.err.splitlines()
    assert first.startswith(f"parshall: {rules}:3:33: log format of nginx, column 8: ")
    assert second.startswith(f"parshall: {rules}:5:1")


def test_explain_says_why_a_line_is_no_logfmt():
    done = parshall.run("explain", "--format", "logfmt", "hello world")
    assert done.code == 1 and b"the line is not logfmt" in done.out
