"""What goes wrong is said in one clear sentence with what and where, and by the exit code; a stop is clean."""
import os
import re
import signal
import socket
import subprocess

import pytest

import parshall

LINE = b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /%d HTTP/1.1" 200 5 "-" "t"\n'


def refused(*args, names, web=True, lines=1):
    """The run is refused before anything is read or written: exit code 2, and a sentence on stderr that names `names`.
    It is one line; a fault in a rule file may show the place on more."""
    done = parshall.run(*args, *(parshall.NO_WEB if web else []), stdin=LINE % 1)
    assert done.code == 2, (done.code, done.err)
    assert done.out == b""
    sentences = [line for line in done.err.split("\n") if line.strip()]
    assert 1 <= len(sentences) <= lines, done.err
    assert len(sentences[0]) > 20, done.err
    for name in names:
        assert str(name) in done.err, f"{name} is not named: {done.err}"
    return done


@pytest.mark.sanitized
@pytest.mark.parametrize("args, names", [
    (["--no-such-flag"], ["no-such-flag"]),
    (["--threads", "many"], ["--threads", "many"]),
    (["--threads", "0"], ["--threads"]),
    (["--threads", "-3"], ["--threads"]),
    (["--line-bytes-max", "12k-ish"], ["--line-bytes-max", "12k-ish"]),
    (["--schema", "round"], ["--schema", "round"]),
    (["--from", "middle"], ["--from", "middle"]),
    (["--log.level", "loud"], ["--log.level", "loud"]),
    (["--output"], ["--output"]),
])
def test_wrong_flag(args, names):
    refused(*args, names=names)


@pytest.mark.sanitized
def test_wrong_listen_address():
    refused("--web.listen-address", "127.0.0.1:99999", names=["99999"], web=False)


@pytest.mark.sanitized
def test_wrong_value_in_the_environment_names_the_variable():
    done = parshall.run(*parshall.NO_WEB, stdin=b"", env={"PARSHALL_THREADS": "many"})
    assert done.code == 2
    assert "PARSHALL_THREADS" in done.err


@pytest.mark.sanitized
def test_a_flag_beats_the_environment():
    done = parshall.run(*parshall.NO_WEB, "--output", "-", stdin=LINE % 1, env={"PARSHALL_OUTPUT": "none"})
    assert len(done.records) == 1
    done = parshall.run(*parshall.NO_WEB, stdin=LINE % 1, env={"PARSHALL_OUTPUT": "none"})
    assert (done.code, done.out) == (0, b"")


@pytest.mark.sanitized
def test_missing_file(tmp_path):
    refused("--once", tmp_path / "nothing.log", names=[tmp_path / "nothing.log"])


@pytest.mark.sanitized
def test_folder_is_no_log(tmp_path):
    refused("--once", tmp_path, names=[tmp_path])


@pytest.mark.sanitized
def test_missing_rule_file(tmp_path):
    refused("--rules", tmp_path / "nothing.yaml", names=[tmp_path / "nothing.yaml"])


@pytest.mark.sanitized
def test_bad_expression_in_a_rule_file(tmp_path):
    rules = tmp_path / "bad.yaml"
    rules.write_text("rules:\n  - name: broken\n    pattern: '^(?P<a>[a-z'\n    examples:\n      - line: 'a'\n")
    refused("--rules", rules, names=[f"{rules}:3:"], lines=4)


@pytest.mark.sanitized
def test_output_that_cannot_be_opened(tmp_path):
    refused("--output", tmp_path / "none" / "x.jsonl", names=[tmp_path / "none" / "x.jsonl"])


@pytest.mark.sanitized
def test_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused("--web.listen-address", f"127.0.0.1:{port}", names=[f"127.0.0.1:{port}"], web=False)


@pytest.mark.sanitized
def test_version_and_help():
    assert parshall.run("--version").out.startswith(b"parshall ")
    help_text = parshall.run("--help")
    assert help_text.code == 0
    for flag in ["--once", "--output", "--rules", "--metrics-file", "--web.listen-address", "--threads", "--line-bytes-max"]:
        assert flag.encode() in help_text.out


@pytest.mark.parametrize("threads", [1, 2])
def test_reader_of_stdout_goes_away(threads):
    """SIGPIPE is not death without a word."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [parshall.BINARY, *parshall.NO_WEB, "--threads", str(threads)], stdin=subprocess.PIPE, stdout=writer,
        stderr=subprocess.PIPE, env=parshall.environment())
    os.close(writer)
    try:
        process.stdin.write(LINE % 1)
        process.stdin.flush()
        assert os.read(reader, 10)
        os.close(reader)
        try:
            for n in range(100_000):
                process.stdin.write(LINE % n)
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended already
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.wait(parshall.DEADLINE_S) == 1
        err = process.stderr.read().decode()
        assert "stdout" in err or "output" in err, err
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(20)
        process.stderr.close()


def test_full_disk_is_said_and_fails():
    done = parshall.run(*parshall.NO_WEB, "--output", "/dev/full", "--output.on-error", "exit", stdin=LINE % 1)
    assert done.code == 1
    assert "/dev/full" in done.err


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_flushes_and_exits_0(signum, tmp_path):
    out, metrics = tmp_path / "records.jsonl", tmp_path / "metrics.txt"
    with parshall.Live("--output", out, "--metrics-file", metrics, stdin=subprocess.PIPE) as live:
        live.process.stdin.write(b"".join(LINE % n for n in range(1000)))
        live.process.stdin.flush()
        live.wait_total(1000)
        live.process.send_signal(signum)
        assert live.process.wait(parshall.DEADLINE_S) == 0, live.err
    assert len(parshall.parse_records(out.read_bytes())) == 1000
    samples = parshall.Samples(metrics.read_text())
    assert samples.total("http_requests_total") == 1000
    samples.check_ledger()


def test_signal_ends_following(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes(LINE % 1)
    with parshall.Live(log, "--from", "beginning") as live:
        live.wait_total(1)
        done = live.end(signal.SIGTERM)
        assert done.code == 0
        assert len(parshall.parse_records(done.out)) == 1


def test_usr1_writes_the_metrics_file(tmp_path):
    metrics = tmp_path / "metrics.txt"
    with parshall.Live("--output", "none", "--metrics-file", metrics, stdin=subprocess.PIPE) as live:
        live.process.stdin.write(LINE % 1)
        live.process.stdin.flush()
        live.wait_total(1)
        live.process.send_signal(signal.SIGUSR1)
        parshall.wait_until(metrics.exists, "SIGUSR1 has written the metrics file")
        assert parshall.Samples(metrics.read_text()).total("http_requests_total") == 1
        live.process.stdin.close()
        assert live.wait().code == 0


@pytest.mark.sanitized
def test_line_over_the_limit_is_cut_and_counted():
    done, samples = parshall.run_metered("--line-bytes-max", 1000, stdin=b"x" * 1001 + b"\n" + b"y" * 1000 + b"\n")
    assert samples.outcome("oversized") == 1
    assert samples.outcome("unmatched") == 1
    assert samples.total("parshall_bytes_read_total") == 2003
    assert done.records[-1]["message"] == "y" * 1000
    samples.check_ledger()


def test_endless_line_is_bounded_in_memory():
    """64 MiB without a newline, then an ordinary line: SPEC section 3, memory never depends on the input."""
    with parshall.Live("--line-bytes-max", 65536, "--output", "none", stdin=subprocess.PIPE) as live:
        block = b"x" * (1 << 20)
        for _ in range(64):
            live.process.stdin.write(block)
        live.process.stdin.write(b"\n" + LINE % 1)
        live.process.stdin.flush()
        samples = live.wait_total(2)
        assert samples.outcome("oversized", source="stdin") == 1
        assert samples.outcome("matched", source="stdin") == 1
        assert samples.total("parshall_bytes_read_total") == (64 << 20) + 1 + len(LINE % 1)
        assert live.memory_peak_bytes() <= 32 << 20
        live.process.stdin.close()
        assert live.wait().code == 0


@pytest.mark.parametrize("unit", [b'{"a":', b'"', b"[", b"\\", b"\xff", b"\0", b" "])
def test_hostile_long_line_takes_bounded_time_and_memory(unit):
    data = unit * ((8 << 20) // len(unit)) + b"\n" + LINE % 1
    with parshall.Live("--output", "none", stdin=subprocess.PIPE) as live:
        live.process.stdin.write(data)
        live.process.stdin.flush()
        samples = live.wait_total(2)
        assert samples.total("http_requests_total") == 1
        assert live.memory_peak_bytes() <= 33 << 20  # 32 MiB and the line limit of 1 MiB
        samples.check_ledger()


@pytest.mark.sanitized
def test_explain_exit_code_says_whether_something_matched():
    good = parshall.run("explain", (LINE % 1).decode().rstrip())
    assert good.code == 0 and b"http_requests_total" in good.out, good
    bad = parshall.run("explain", "no such line")
    assert bad.code == 1


@pytest.mark.sanitized
def test_check_accepts_the_shipped_rules():
    # Those that are active together, as one set; packs are active alone, and read the same lines in their own ways.
    active = ["structlog", "access", "gunicorn", "json", "metrics"]
    rules = parshall.ROOT / "rules"
    sets = [[rules / f"{name}.yaml" for name in active]]
    sets += [[path] for path in sorted(rules.rglob("*.yaml")) if path.stem not in active]
    assert len(sets) > 15
    for files in sets:
        done = parshall.run("check", *files)
        assert done.code == 0, done.out.decode() + done.err


@pytest.mark.sanitized
def test_check_shows_every_fault(tmp_path):
    rules = tmp_path / "bad.yaml"
    rules.write_text("rules:\n  - name: a\n    pattern: '('\n  - name: b\n    patern: 'x'\n  - name: c\n    pattern: '(?=x)'\n")
    done = parshall.run("check", "--rules", rules)
    assert done.code == 2
    said = done.out.decode() + done.err
    for line in (3, 5, 7):
        assert f"{rules}:{line}:" in said, said


@pytest.mark.sanitized
def test_formats_lists_combined():
    done = parshall.run("formats")
    assert done.code == 0
    assert b"combined" in done.out


@pytest.mark.sanitized
@pytest.mark.parametrize("name, statuses", [
    ("combined", [200, None, None, None]), ("common", [200, None, None, None]),
    ("vhost_combined", [None, None, 202, None]), ("gunicorn", [200, None, None, 203]),
])
def test_format_reads_its_lines_only(name, statuses):
    lines = b"".join(LINE.replace(b"200 5", b"%d 5" % status).replace(b"10.0.0.1 -", who) % 1 for status, who in [
        (200, b"10.0.0.1 -"), (201, b"10.0.0.1 www.example.com"), (202, b"www.example.com:80 10.0.0.1 -"),
        (203, b"203.0.113.7, 10.0.0.2 10.0.0.1 -")])
    done = parshall.run(*parshall.NO_WEB, "--format", name, stdin=lines)
    assert (done.code, [r.get("status") for r in done.records]) == (0, statuses), done.err


@pytest.mark.sanitized
def test_unknown_format_names_the_known_ones(tmp_path):
    refused("--format", "combinde", names=["--format", "combinde", "combined", "structlog", "parshall formats"])
    config = tmp_path / "p.yaml"
    config.write_text("format: combinde\n")
    refused("--config", config, names=[f"{config}:1:9", "combinde"])
    config.write_text("format: vhost_combined\n")
    done = parshall.run(*parshall.NO_WEB, "--config", config, stdin=LINE % 1)
    assert (done.code, done.records[0].get("outcome")) == (0, "unmatched")


@pytest.mark.sanitized
@pytest.mark.parametrize("max_bytes", [1, 2, 7, 100])
def test_small_line_limits_hold(max_bytes):
    lengths = [0, 1, 2, 3, 6, 7, 8, 99, 100, 101, 5000]
    done, samples = parshall.run_metered("--line-bytes-max", max_bytes, stdin=b"".join(b"x" * n + b"\n" for n in lengths))
    assert samples.outcome("oversized") == sum(n > max_bytes for n in lengths)
    assert [r["message"] for r in done.records] == ["x" * min(n, max_bytes) for n in lengths]
    samples.check_ledger()


@pytest.mark.sanitized
def test_explain_says_where_each_rule_stopped():
    event = b'{"event": "no access line", "logger": "gunicorn.access"}\n'
    done = parshall.run("explain", stdin=event + b'{"a": {"b": 1}}\n10.0.0.1 - - [yesterday]\n')
    assert done.code == 1
    first, second, third = done.out.decode().split("\n\n")
    assert 'rule     structlog_access: no, the key "event": ' in first
    assert "rule     json_event: matched" in first
    assert 'rule     structlog_access: no, it has no "logger"' in second
    assert "rule     access: no, stopped at byte 15, where the field time, `" in third
    assert "no rule matched" in third


@pytest.mark.sanitized
def test_explain_knows_lines_that_belong_to_the_event_before_them():
    trace = b"[2026-11-21 09:32:30 +0000] [7] [ERROR] Oops\nTraceback (most recent call last):\n  File \"a.py\"\nValueError: x\n"
    done = parshall.run("explain", stdin=trace)
    assert done.code == 0, done
    assert done.out.count(b"belongs to the event before it") == 3
    done = parshall.run("explain", "--json", stdin=trace)
    assert [(r["rule"], r["joined"]) for r in done.records] == [("gunicorn_error", False)] + [("gunicorn_error", True)] * 3


@pytest.mark.sanitized
def test_explain_cuts_an_endless_line():
    done = parshall.run("explain", "--line-bytes-max", 100, stdin=b"x" * (1 << 20) + b"\n" + LINE % 1)
    assert done.code == 1
    unmatched, matched = done.out.decode().split("\n\n")
    assert f'"message":"{"x" * 100}"' in unmatched and "access: matched" in matched


@pytest.mark.sanitized
@pytest.mark.parametrize("redirection, code, words", [
    ("<&-", 2, "stdin is not open"), (">&-", 1, "records cannot be written"), ("2>&-", 0, ""),
])
def test_closed_standard_stream(redirection, code, words, tmp_path):
    """Its number must not go to the next file that is opened: records would be written there."""
    (tmp_path / "in").write_bytes(LINE % 1)
    done = subprocess.run(
        ["bash", "-c", f'"$0" "$@" <"{tmp_path}/in" {redirection}', parshall.BINARY, *parshall.NO_WEB],
        capture_output=True, timeout=parshall.DEADLINE_S, env=parshall.environment())
    assert done.returncode == code, done
    assert words in done.stderr.decode()
    assert (done.stdout != b"") == (code == 0)


def test_a_file_that_is_not_there_yet_is_told(tmp_path):
    for path, words in [(tmp_path / "later.log", "waiting for it"), (tmp_path / "*.log", "waiting for one"),
                        ("verifi", "no such command")]:
        with parshall.Live(path) as live:
            parshall.wait_until(lambda: words in live.err, lambda: f"{words} is said: {live.err}")
            assert live.end().code == 0


@pytest.mark.sanitized
@pytest.mark.parametrize("name", sorted(p.name for p in (parshall.ROOT / "rules").glob("*.yaml")))
def test_a_copy_of_a_shipped_file_works_alone(name, tmp_path):
    """An operator copies one of them and changes it: what its rules extend is still there."""
    copy = tmp_path / name
    copy.write_text((parshall.ROOT / "rules" / name).read_text().replace("help: Requests by", "help: Our requests by"))
    done = parshall.run("check", "--rules", copy)
    assert (done.code, done.err) == (0, ""), done


@pytest.mark.sanitized
def test_a_file_of_metrics_counts_what_the_builtin_rules_read(tmp_path):
    metrics = tmp_path / "m.yaml"
    metrics.write_text("metrics:\n  - name: hits_total\n    kind: counter\n    help: Hits.\n    rules: [access]\n    labels: {path: path}\n")
    done, samples = parshall.run_metered("--rules", metrics, stdin=LINE % 1 + LINE % 1 + b"no request\n")
    assert samples.by("hits_total", "path") == {"/1": 2}
    assert samples.total("http_requests_total") == 0


def test_version_names_the_commit_if_there_is_one(tmp_path):
    line = parshall.run("--version").out.decode()
    assert re.fullmatch(r"parshall \d+\.\d+\.\d+ \((commit [0-9a-f]{8,}(-dirty)?, )?(gcc|clang) .+\)\n", line), line

    def commit_of(source):
        made = tmp_path / "commit.cc"
        subprocess.run(["cmake", f"-DOUTPUT={made}", f"-DSOURCE_DIR={source}", "-P", parshall.ROOT / "cmake/commit.cmake"],
                       check=True, capture_output=True, timeout=60)
        return re.search('kCommit = "(.*)"', made.read_text())[1]

    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.invalid", "-C"]
    checkout, unpacked = tmp_path / "checkout", tmp_path / "checkout" / "tarball"
    unpacked.mkdir(parents=True)
    (checkout / "file").write_text("1")
    assert commit_of(checkout) == ""
    subprocess.run([*git, checkout, "init", "-q"], check=True, timeout=60)
    subprocess.run([*git, checkout, "add", "file"], check=True, timeout=60)
    subprocess.run([*git, checkout, "commit", "-qm", "one"], check=True, timeout=60)
    head = subprocess.run([*git, checkout, "rev-parse", "HEAD"], check=True, capture_output=True, text=True, timeout=60).stdout
    assert head.startswith(commit_of(checkout)) and len(commit_of(checkout)) == 8
    (checkout / "file").write_text("2")
    assert commit_of(checkout).endswith("-dirty")
    assert commit_of(unpacked) == ""  # what lies in somebody else's repository is not of its commits
