"""A real gunicorn, piped through with 2>&1: the requests that were made are the requests that are counted."""
import http.client
import pathlib
import signal
import subprocess

import pytest

import parshall

APPS = pathlib.Path(__file__).parent / "apps"
# (method, path, status, body bytes): what the application answers. A HEAD has no body on the wire; gunicorn logs 0 for it.
REQUESTS = [
    ("GET", "/", 200), ("GET", "/?q=%22x%22", 200), ("POST", "/made", 201), ("GET", "/missing", 404), ("PUT", "/", 200),
    ("DELETE", "/", 200), ("HEAD", "/", 200), ("OPTIONS", "/", 200), ("PROPFIND", "/", 200), ("GET", "/boom", 500),
] * 5
WANTED = {("GET", "200"): 10, ("POST", "201"): 5, ("GET", "404"): 5, ("PUT", "200"): 5, ("DELETE", "200"): 5,
          ("HEAD", "200"): 5, ("OPTIONS", "200"): 5, ("_OTHER", "200"): 5, ("GET", "500"): 5}


def ask(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"User-Agent": 'quoted "agent" \\'})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def answers(port):
    try:
        return ask(port, "GET", "/ready") == 200
    except OSError:
        return False


@pytest.mark.parametrize("name, arguments, times", [
    ("plain", ["--access-logfile", "-"], 1),
    # gunicorn's access logger has a handler and propagates to the root's, so the article's configuration writes each twice.
    ("structlog", ["-c", APPS / "structlog.conf.py"], 2),
])
def test_gunicorn_through_a_pipe(name, arguments, times, tmp_path):
    port = parshall.free_port()
    records = tmp_path / "records.jsonl"
    command = ["/usr/bin/gunicorn", "app:app", "--chdir", APPS, "-w", "2", "-b", f"127.0.0.1:{port}", *arguments]
    gunicorn = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**parshall.environment(), "PYTHONDONTWRITEBYTECODE": "1"})
    try:
        with parshall.Live("--output", records, stdin=gunicorn.stdout) as live:
            gunicorn.stdout.close()  # parshall has it now
            parshall.wait_until(lambda: answers(port), "gunicorn answers")
            before = live.wait_total(times, "http_requests_total").total("http_requests_total")
            for method, path, status in REQUESTS:
                assert ask(port, method, path) == status
            samples = live.wait_total(before + len(REQUESTS) * times, "http_requests_total")
            gunicorn.send_signal(signal.SIGTERM)
            gunicorn.wait(20)
            done = live.process.wait(20)
            assert done == 0, live.err

        counted = samples.by("http_requests_total", "method", "status")
        counted["GET", "200"] -= before  # the questions whether it is up
        assert counted == {key: count * times for key, count in WANTED.items()}
        samples.check_ledger()
        samples.check_requests_agree()
        written = parshall.parse_records(records.read_bytes())
        assert [r for r in written if r.get("outcome") == "unmatched"] == []
        requests = [r for r in written if r.get("status") is not None]
        assert len(requests) == before + len(REQUESTS) * times
        # gunicorn escapes " and not \: the agent is as logged.
        assert {r["agent"] for r in requests if r["status"] == 201} == {'quoted \\"agent\\" \\'}
        texts = [" ".join(v for v in r.values() if isinstance(v, str)) for r in written]
        assert sum("Booting worker" in t for t in texts) == 2 * times
        assert sum("Error handling request /boom" in t for t in texts) == 5 * times
    finally:
        if gunicorn.poll() is None:
            gunicorn.kill()
            gunicorn.wait(20)
