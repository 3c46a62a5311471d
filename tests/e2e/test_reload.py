"""Configuration and rules are read anew while lines come: by a signal, over HTTP, and because files changed."""
import os
import signal
import subprocess

import pytest

import parshall

LINE = b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /%d HTTP/1.1" 200 5 "-" "t"\n'
HITS = "metrics:\n  - {name: hits_total, kind: counter, help: Hits., labels: {status: status}}\n"
MORE = HITS + "  - {name: more_total, kind: counter, help: More.}\n"
TYPO = "metrics:\n  - {name: hits_total, kind: counter, halp: Hits.}\n"
SUCCESSFUL = "parshall_config_last_reload_successful"
RELOADS = "parshall_config_reloads_total"


def append(path, first, count):
    with open(path, "ab") as log:
        log.write(b"".join(LINE % n for n in range(first, first + count)))


def replace(path, text):
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    beside.rename(path)


def post(live, method="POST"):
    status, _, body = live.get("/-/reload", method=method)
    return status, body.decode()


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    append(path, 0, 3)
    return path


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(HITS)
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "records.jsonl"


def paths_of(*files):
    return [r["path"] for file in files for r in parshall.parse_records(file.read_bytes())]


@pytest.mark.sanitized
def test_reload_over_http_keeps_what_was_counted(log, rules, out):
    with parshall.Live(log, "--rules", rules, "--output", out, "--web.enable-lifecycle") as live:
        before = live.wait_total(3)
        assert before.total(SUCCESSFUL) == 1 and before.total(RELOADS) == 0
        rules.write_text(MORE)
        status, body = post(live)
        assert (status, body.splitlines()[0].endswith("2 metrics")) == (200, True), body
        append(log, 3, 2)
        after = live.wait_total(5)
        assert after.total("hits_total") == 5
        assert after.total("more_total") == 2
        assert after.total(RELOADS, result="success") == 1
        assert after.total("parshall_config_hash") != before.total("parshall_config_hash")
        assert after.total("parshall_config_last_reload_success_timestamp_seconds") > before.total(
            "parshall_config_last_reload_success_timestamp_seconds")
        after.check_ledger()
        rules.write_text(HITS)
        assert post(live, "PUT")[0] == 200
        last = live.scrape()
        assert last.rows("more_total") == []
        assert last.total("parshall_config_hash") == before.total("parshall_config_hash")
        assert live.end().code == 0
    assert paths_of(out) == [f"/{n}" for n in range(5)]


def test_start_times_stay_and_new_ones_are_new(log, rules, out):
    def created(live, name):
        _, _, body = live.get(headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        return {line.split("{")[0]: float(line.split()[-1]) for line in body.decode().splitlines()
                if line.startswith(name)}.get(name)

    with parshall.Live(log, "--rules", rules, "--output", out, "--web.enable-lifecycle") as live:
        live.wait_total(3)
        began = created(live, "hits_created")
        assert began
        rules.write_text(MORE.replace("{status: status}", "{status: status, method: method}"))
        status, body = post(live)
        assert status == 200
        assert 'the metric "hits_total" has other labels, buckets or another kind than in the old rules' in body
        assert "it begins at 0" in live.err
        append(log, 3, 1)
        live.wait_total(4)
        assert live.scrape().total("hits_total") == 1
        changed = created(live, "hits_created")
        assert changed > began
        rules.write_text(MORE.replace("{status: status}", "{status: status, method: method}") + "# a word\n")
        assert post(live)[0] == 200
        assert created(live, "hits_created") == changed


@pytest.mark.sanitized
def test_a_fault_keeps_the_old_and_is_shown_everywhere(log, rules, out):
    with parshall.Live(log, "--rules", rules, "--output", out, "--web.enable-lifecycle") as live:
        live.wait_total(3)
        rules.write_text(TYPO)
        status, body = post(live)
        assert status == 400
        assert "not reloaded, the old configuration keeps running; there are 2 faults" in body
        assert f"{rules}:2:39: " in body and 'did you mean "help"?' in body
        for line in body.splitlines()[1:]:
            assert line.split(": ", 1)[0] in live.err
        append(log, 3, 1)
        samples = live.wait_total(4)
        assert samples.total("hits_total") == 4
        assert samples.total(SUCCESSFUL) == 0
        assert samples.total(RELOADS, result="failure") == 1
        rules.unlink()
        assert post(live)[0] == 400
        rules.write_text(HITS)
        assert post(live)[0] == 200
        assert live.scrape().total(SUCCESSFUL) == 1


def test_examples_are_run_before_rules_go_to_work(log, rules, out):
    with parshall.Live(log, "--rules", rules, "--output", out, "--web.enable-lifecycle") as live:
        live.wait_total(3)
        rules.write_text("rules:\n  - name: x\n    pattern: '^a (?P<b>.)$'\n    examples:\n"
                         "      - {line: 'a 1', record: {b: '2'}}\n" + HITS)
        status, body = post(live)
        assert status == 400 and f"{rules}:5:" in body and '"b" is' in body
        rules.write_text("rules:\n  - name: x\n    pattern: '^a (?P<b>.)$'\n    examples:\n"
                         "      - {line: 'a 1', record: {b: '1'}}\n" + HITS)
        assert post(live)[0] == 200
        assert live.scrape().total("hits_total") == 3, "what examples count is not seen"


def test_without_the_flag_http_does_not_reload(log, rules, out):
    with parshall.Live(log, "--rules", rules, "--output", out) as live:
        live.wait_total(3)
        status, body = post(live)
        assert status == 403 and "--web.enable-lifecycle" in body and "SIGHUP" in body
        status, headers, _ = live.get("/-/reload")
        assert status == 405 and headers["Allow"] == "POST, PUT"
        assert live.scrape().total(RELOADS) == 0


def test_sighup_reloads(log, rules, out):
    with parshall.Live(log, "--rules", rules, "--output", out) as live:
        live.wait_total(3)
        rules.write_text(MORE)
        live.process.send_signal(signal.SIGHUP)
        live.wait_total(1, RELOADS, result="success")
        rules.write_text(TYPO)
        live.process.send_signal(signal.SIGHUP)
        live.wait_total(1, RELOADS, result="failure")
        assert live.end().code == 0


def test_lifecycle_can_stand_in_the_configuration(log, rules, tmp_path):
    config = tmp_path / "parshall.yaml"
    config.write_text(f"sources: [{log}]\nrules: [{rules}]\noutput: {{to: none}}\nweb: {{enable_lifecycle: true}}\n")
    with parshall.Live("--config", config) as live:
        live.wait_total(3)
        config.write_text(config.read_text() + "labels: {env: prod}\n")
        assert post(live)[0] == 200
        assert live.scrape().total("hits_total", env="prod") == 3, "constants stand on series that go on"


def test_stdin_goes_on_across_reloads(rules, out):
    with parshall.Live("--rules", rules, "--output", out, "--web.enable-lifecycle", stdin=subprocess.PIPE) as live:
        live.process.stdin.write(LINE % 0 + (LINE % 1)[:30])
        live.process.stdin.flush()
        live.wait_total(1)
        assert post(live)[0] == 200
        live.process.stdin.write((LINE % 1)[30:] + LINE % 2)
        live.process.stdin.flush()
        assert live.wait_total(3).total("hits_total") == 3
        assert live.wait().code == 0
    assert paths_of(out) == ["/0", "/1", "/2"]


# ------------------------------------------------------------------------------------------- watching

def watched(log, out, *more):
    return parshall.Live(log, "--output", out, "--config.watch", *more)


def change_in_place(rules, text):
    rules.write_text(text)


@pytest.mark.parametrize("change", [change_in_place, replace])
def test_a_watched_file_is_loaded_when_it_changes(log, rules, out, change):
    with watched(log, out, "--rules", rules) as live:
        live.wait_total(3)
        change(rules, MORE)
        live.wait_total(1, RELOADS, result="success")
        change(rules, TYPO)
        live.wait_total(1, RELOADS, result="failure")
        change(rules, HITS)
        samples = live.wait_total(2, RELOADS, result="success")
        assert samples.total(SUCCESSFUL) == 1 and samples.total("hits_total") == 3


def test_a_swapped_link_is_a_change(log, tmp_path, out):
    """Kubernetes: rules.yaml leads to ..data/rules.yaml, and ..data is replaced as a whole."""
    volume = tmp_path / "volume"
    for version, text in (("..1", HITS), ("..2", MORE)):
        (volume / version).mkdir(parents=True)
        (volume / version / "rules.yaml").write_text(text)
    (volume / "..data").symlink_to("..1")
    (volume / "rules.yaml").symlink_to("..data/rules.yaml")
    with watched(log, out, "--rules", volume / "rules.yaml") as live:
        live.wait_total(3)
        (volume / "..data_tmp").symlink_to("..2")
        os.rename(volume / "..data_tmp", volume / "..data")
        live.wait_total(1, RELOADS, result="success")
        append(log, 3, 1)
        assert live.wait_total(4).total("more_total") == 1


def test_files_come_and_go_in_a_watched_folder(log, tmp_path, out):
    folder = tmp_path / "rules.d"
    folder.mkdir()
    (folder / "a.yaml").write_text(HITS)
    with watched(log, out, "--rules", folder) as live:
        live.wait_total(3)
        (folder / "b.yaml").write_text("metrics:\n  - {name: b_total, kind: counter, help: B.}\n")
        live.wait_total(1, RELOADS, result="success")
        append(log, 3, 1)
        assert live.wait_total(4).total("b_total") == 1
        (folder / "b.yaml").unlink()
        samples = live.wait_total(2, RELOADS, result="success")
        assert samples.rows("b_total") == [] and samples.total("hits_total") == 4


def test_rules_that_a_configuration_names_anew_are_watched(log, rules, tmp_path, out):
    config, other = tmp_path / "parshall.yaml", tmp_path / "more" / "other.yaml"
    other.parent.mkdir()
    other.write_text(HITS)
    config.write_text(f"rules: [{rules}]\n")
    with watched(log, out, "--config", config) as live:
        live.wait_total(3)
        replace(config, f"rules: [{other}]\n")
        live.wait_total(1, RELOADS, result="success")
        other.write_text(MORE)
        samples = live.wait_total(2, RELOADS, result="success")
        assert samples.total("hits_total") == 3


def test_nothing_to_watch_is_said(log):
    done = parshall.run(log, "--config.watch", *parshall.NO_WEB)
    assert done.code == 2
    assert "--config.watch: there is no file to watch; name one with --config or --rules" in done.err


# --------------------------------------------------------------------------------- outputs, settings

@pytest.mark.parametrize("state", [False, True])
def test_the_output_can_be_another_file(log, tmp_path, state):
    config, first, second = tmp_path / "parshall.yaml", tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    config.write_text(f"output: {{to: {first}}}\n")
    flags = ["--state", tmp_path / "state"] if state else []
    with parshall.Live(log, "--config", config, "--web.enable-lifecycle", *flags) as live:
        live.wait_total(3)
        config.write_text(f"output: {{to: {second}}}\n")
        assert post(live)[0] == 200
        append(log, 3, 2)
        samples = live.wait_total(5)
        assert not [n for n in os.listdir(f"/proc/{live.process.pid}/fd")
                    if os.readlink(f"/proc/{live.process.pid}/fd/{n}") == str(first)], "the old one is closed"
        config.write_text("output: {to: none}\n")
        assert post(live)[0] == 200
        append(log, 5, 1)
        live.wait_total(6)
        config.write_text(f"output: {{to: {tmp_path}}}\n")
        status, body = post(live)
        assert status == 500 and "cannot write records here" in body
        config.write_text(f"output: {{to: {first}}}\n")
        assert post(live)[0] == 200
        append(log, 6, 1)
        samples = live.wait_total(7)
        samples.check_ledger()
        assert live.end().code == 0
        assert samples.total("http_requests_total") == 7
    assert paths_of(first) == ["/0", "/1", "/2", "/6"]
    assert paths_of(second) == ["/3", "/4"]


def test_what_needs_a_restart_is_named(log, rules, tmp_path, out):
    config = tmp_path / "parshall.yaml"
    config.write_text(f"sources: [{log}]\nrules: [{rules}]\noutput: {{to: {out}}}\n")
    with parshall.Live("--config", config, "--web.enable-lifecycle") as live:
        live.wait_total(3)
        rules.write_text(MORE)
        config.write_text(config.read_text() + f"threads: 3\nline_bytes_max: 10KiB\nstate: {{dir: {tmp_path}/s}}\n")
        status, body = post(live)
        assert status == 200
        for setting in ("`threads:`", "`line_bytes_max:`", "`state: dir:`"):
            sentence = f"{setting} has changed and needs a restart; it stays as it was until then"
            assert sentence in body and sentence in live.err
        append(log, 3, 1)
        assert live.wait_total(4).total("more_total") == 1, "the rest is loaded"
        assert not (tmp_path / "s").exists()


def test_a_stuck_output_does_not_hang_the_reload(log, rules):
    with parshall.Live(log, "--rules", rules, "--web.enable-lifecycle") as live:  # nobody reads its stdout
        append(log, 3, 2000)
        live.wait_total(1000)
        rules.write_text(MORE)
        status, body = post(live)
        assert status == 500 and "nothing was changed" in body
        assert live.scrape().total(SUCCESSFUL) == 0
        live.process.stdout.read(1)
        out = live.process.stdout
        for _ in range(2003):
            out.readline()
        samples = live.wait_total(2003)
        assert samples.total("hits_total") == 2003 and samples.rows("more_total") == []
        assert post(live)[0] == 200


# --------------------------------------------------------------------------------------------- state

def test_a_run_that_was_killed_after_a_reload_goes_on_with_the_new_rules(log, rules, tmp_path, out):
    flags = [log, "--rules", rules, "--output", out, "--state", tmp_path / "state", "--web.enable-lifecycle"]
    with parshall.Live(*flags) as live:
        live.wait_total(3)
        rules.write_text(MORE)
        assert post(live)[0] == 200
        append(log, 3, 2)
        live.wait_total(5)
        commits = live.scrape().total("parshall_state_commits_total")
        for n in (1, 2):  # the first of them may have been under way before the reload
            append(log, 4 + n, 1)
            live.wait_total(commits + n, "parshall_state_commits_total")
        live.process.kill()
    append(log, 7, 3)
    with parshall.Live(*flags) as live:
        samples = live.wait_total(10)
        assert samples.total("hits_total") == 10
        assert samples.total("more_total") == 7
        samples.check_ledger()
        assert live.end().code == 0
    assert paths_of(out) == [f"/{n}" for n in range(10)]


def configure(config, sources, out):
    replace(config, f"sources: {[str(s) for s in sources]}\noutput: {{to: {out}}}\n")


@pytest.mark.parametrize("state", [False, True])
def test_sources_come_and_go(tmp_path, out, state):
    config, a, b, c = (tmp_path / name for name in ("parshall.yaml", "a.log", "b.log", "c.log"))
    for n, path in enumerate((a, b, c)):
        append(path, 100 * n, 3)
    with open(a, "ab") as stream:  # half a line, which the reload must not tear
        stream.write((LINE % 3)[:40])
    configure(config, [a, b], out)
    flags = ["--state", tmp_path / "state"] if state else []
    with parshall.Live("--config", config, "--web.enable-lifecycle", *flags) as live:
        live.wait_total(6)
        configure(config, [a, c], out)
        assert post(live)[0] == 200
        live.wait_total(9)
        assert not [n for n in os.listdir(f"/proc/{live.process.pid}/fd")
                    if os.readlink(f"/proc/{live.process.pid}/fd/{n}") == str(b)], "what is not read is closed"
        append(b, 103, 2)
        with open(a, "ab") as stream:
            stream.write((LINE % 3)[40:] + LINE % 4)
        live.wait_total(5, source=str(a))
        configure(config, [tmp_path / "*.log"], out)
        assert post(live)[0] == 200
        samples = live.wait_total(5, source=str(b))
        append(c, 203, 1)
        samples = live.wait_total(4, source=str(c))
        samples.check_ledger()
        assert samples.by("parshall_lines_read_total", "source") == {str(a): 5, str(b): 5, str(c): 4}
        assert samples.by("parshall_bytes_read_total", "source") == {str(p): p.stat().st_size for p in (a, b, c)}
        assert samples.total("http_requests_total") == 14
        assert live.end().code == 0
    assert sorted(paths_of(out)) == sorted(f"/{n}" for n in (*range(5), *range(100, 105), *range(200, 204)))


def test_sources_that_cannot_be_changed_are_named(log, tmp_path, out):
    config = tmp_path / "parshall.yaml"
    configure(config, ["-"], out)
    with parshall.Live("--config", config, "--web.enable-lifecycle", stdin=subprocess.PIPE) as live:
        configure(config, [log], out)
        status, body = post(live)
        assert status == 200 and "`sources:` (with standard input, or something that is read once)" in body
        assert live.scrape().total("parshall_lines_read_total") == 0
        assert live.wait().code == 0
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    configure(config, [fifo], out)
    with parshall.Live("--config", config, "--web.enable-lifecycle") as live:
        with open(fifo, "wb") as writer:
            writer.write(LINE % 0 + b"half")
            writer.flush()
            live.wait_total(1)
            configure(config, [log], out)
            status, body = post(live)
            assert status == 500 and f"{fifo}: this is no regular file" in body
            writer.write(b" a line\n")
            writer.flush()
            live.wait_total(2)
        assert live.end().code == 0


def test_a_directory_is_no_source_and_everything_stays(log, tmp_path, out):
    config = tmp_path / "parshall.yaml"
    configure(config, [log], out)
    with parshall.Live("--config", config, "--web.enable-lifecycle") as live:
        live.wait_total(3)
        configure(config, [tmp_path], out)
        status, body = post(live)
        assert status == 500 and str(tmp_path) in body
        append(log, 3, 1)
        live.wait_total(4)
