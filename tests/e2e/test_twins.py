"""A gunicorn that writes each access line twice: it is noticed and said, and `--dedupe adjacent` counts each pair once."""
import http.client
import json
import pathlib
import signal
import subprocess

import pytest

import parshall

APPS = pathlib.Path(__file__).parent / "apps"
SAMPLES = parshall.ROOT / "tests" / "data" / "samples" / "gunicorn"
NAMES = ["structlog-blog", "structlog-blog-parsed", "structlog-iso-utf8-exc"]


def sample(name):
    return SAMPLES / f"{name}.out.log"


@pytest.mark.parametrize("name", NAMES)
def test_pairs_are_counted_and_said_whether_or_not_they_are_left_out(name):
    done, samples = parshall.run_metered("--once", sample(name))
    samples.check_ledger()
    assert samples.total("parshall_twin_lines_total") == 131
    assert samples.outcome("duplicate") == 0
    assert samples.total("http_requests_total") == 262
    assert len(done.records) == 274
    assert done.err.count("access lines stand there twice") == 1
    assert '"propagate": False' in done.err.replace('\\"', '"') and "--dedupe adjacent" in done.err


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("name", NAMES)
def test_adjacent_counts_and_writes_each_pair_once(name, threads):
    done, samples = parshall.run_metered("--once", "--dedupe", "adjacent", "--threads", threads, sample(name))
    samples.check_ledger()
    assert samples.total("parshall_twin_lines_total") == samples.outcome("duplicate") == 131
    assert samples.outcome("matched") == 143
    assert samples.total("http_requests_total") == 131
    assert len(done.records) == 143


def test_other_logs_are_left_as_they_are(tmp_path):
    # Real reloads: three times the same request twice within a second, in a log that is written once.
    done, samples = parshall.run_metered("--once", "--dedupe", "adjacent", SAMPLES / "combined.out.log")
    assert samples.outcome("duplicate") == samples.total("parshall_twin_lines_total") == 0
    assert "twice" not in done.err


def test_off_looks_for_nothing_and_wrong_words_are_refused(tmp_path):
    done, samples = parshall.run_metered("--once", "--dedupe", "off", sample(NAMES[0]))
    assert samples.total("parshall_twin_lines_total") == 0 and "twice" not in done.err
    wrong = parshall.run("--dedupe", "adjacnet", *parshall.NO_WEB)
    assert wrong.code == 2 and "--dedupe" in wrong.err and "adjacent" in wrong.err


def test_the_configuration_says_it_too_and_the_flag_beats_it(tmp_path):
    config = tmp_path / "parshall.yaml"
    config.write_text("dedupe: adjacent\n")
    log = sample(NAMES[0])
    _, samples = parshall.run_metered("--config", config, "--once", log)
    assert samples.outcome("duplicate") == 131
    _, samples = parshall.run_metered("--config", config, "--dedupe", "report", "--once", log)
    assert samples.outcome("duplicate") == 0
    config.write_text("dedupe: off\n")
    _, samples = parshall.run_metered("--config", config, "--once", log)
    assert samples.total("parshall_twin_lines_total") == 0
    config.write_text("dedupe: twice\n")
    wrong = parshall.run("--config", config, *parshall.NO_WEB)
    assert wrong.code == 2 and f"{config}:1:9" in wrong.err


def test_a_pair_with_a_kill_between_its_lines_is_a_pair(tmp_path):
    first, second = [line for line in sample(NAMES[2]).read_bytes().splitlines(True) if b"gunicorn.access" in line][:2]
    log = tmp_path / "a.log"
    log.write_bytes(first)
    flags = ["--dedupe", "adjacent", "--state", tmp_path / "state", "--output", tmp_path / "records.jsonl",
             "--state.interval", "10ms", log]
    with parshall.Live(*flags) as live:
        live.wait_total(1, "http_requests_total")
        parshall.wait_until(lambda: live.scrape().total("parshall_state_commits_total") >= 2, "a snapshot of the line")
        live.process.kill()
        live.process.wait(20)
    with open(log, "ab") as file:
        file.write(second)
    with parshall.Live(*flags) as live:
        samples = live.wait_total(2, "parshall_lines_read_total")
        samples.check_ledger()
        assert samples.outcome("duplicate") == 1 and samples.total("http_requests_total") == 1
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 1


def test_a_real_gunicorn_counts_each_request_once(tmp_path):
    port = parshall.free_port()
    # One worker: two can put a line of one between the two of the other.
    command = ["/usr/bin/gunicorn", "app:app", "--chdir", APPS, "-w", "1", "-b", f"127.0.0.1:{port}", "-c", APPS / "structlog.conf.py"]
    gunicorn = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**parshall.environment(), "PYTHONDONTWRITEBYTECODE": "1"})

    def ask(path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def answers():
        try:
            return ask("/ready") == 200
        except OSError:
            return False

    records = tmp_path / "records.jsonl"
    try:
        with parshall.Live("--dedupe", "adjacent", "--output", records, stdin=gunicorn.stdout) as live:
            gunicorn.stdout.close()
            parshall.wait_until(answers, "gunicorn answers")
            before = live.wait_total(1, "http_requests_total").total("http_requests_total")
            for n in range(40):
                assert ask(f"/?n={n // 2}") == 200  # each path is asked for twice, at once
            samples = live.wait_total(before + 40, "http_requests_total")
            gunicorn.send_signal(signal.SIGTERM)
            gunicorn.wait(20)
            live.process.wait(20)
        samples.check_ledger()
        asked = [record for record in map(json.loads, records.read_text().splitlines()) if "?n=" in record.get("request", "")]
        assert len(asked) == 40
    finally:
        gunicorn.kill()
        gunicorn.wait(20)
