"""Files are followed as tail -F does; what is read once is read to its end."""
import gzip
import os
import subprocess
import threading

import pytest

import parshall

LINE = b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /%d HTTP/1.1" 200 5 "-" "t"\n'


def lines(first, count):
    return b"".join(LINE % n for n in range(first, first + count))


def append(path, data):
    with open(path, "ab") as log:
        log.write(data)


def paths_of(file):
    return [r["path"] for r in parshall.parse_records(file.read_bytes())]


def wanted(*ranges):
    return [f"/{n}" for first, count in ranges for n in range(first, first + count)]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(lines(0, 3))
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "records.jsonl"


def test_append_is_followed(log, out):
    with parshall.Live(log, "--from", "beginning", "--output", out) as live:
        live.wait_total(3, source=str(log))
        append(log, lines(3, 4))
        live.wait_total(7, source=str(log))
        append(log, b"half a line ")
        append(log, b"and its end\n")
        samples = live.wait_total(8, source=str(log))
        samples.check_ledger()
        assert samples.outcome("unmatched") == 1
        assert samples.total("parshall_bytes_read_total", source=str(log)) == log.stat().st_size
        assert live.end().code == 0
    records = parshall.parse_records(out.read_bytes())
    assert [r.get("path") for r in records] == [*wanted((0, 7)), None]
    assert records[-1]["message"] == "half a line and its end"
    assert {r["source"] for r in records} == {str(log)}


def test_half_a_line_waits_for_its_end(log, out, tmp_path):
    other = tmp_path / "other.log"
    other.touch()
    whole = LINE % 3
    with parshall.Live(log, other, "--from", "beginning", "--output", out) as live:
        live.wait_total(3, source=str(log))
        for turn in range(1, 6):
            append(log, whole[(turn - 1) * 10:turn * 10])
            append(other, LINE % 99)  # when this is counted, the half line was seen too
            samples = live.wait_total(turn, source=str(other))
            assert samples.total("parshall_lines_read_total", source=str(log)) == 3
        append(log, whole[50:])
        live.wait_total(4, source=str(log))
        assert live.end().code == 0
    records = parshall.parse_records(out.read_bytes())
    assert [r["path"] for r in records if r["source"] == str(log)] == wanted((0, 4))


def test_from_end_skips_what_is_there(log, out):
    with parshall.Live(log, "--from", "end", "--output", out) as live:
        append(log, lines(3, 2))
        live.wait_total(2)
        assert live.end().code == 0
    assert paths_of(out) == wanted((3, 2))


def test_rename_rotation_loses_and_doubles_nothing(log, out):
    with parshall.Live(log, "--from", "beginning", "--output", out) as live:
        live.wait_total(3)
        for turn in range(1, 4):
            os.rename(log, f"{log}.{turn}")
            append(f"{log}.{turn}", lines(turn * 10, 2))  # a writer that has not reopened yet
            append(log, lines(turn * 10 + 2, 2))
            live.wait_total(3 + turn * 4)
        samples = live.scrape()
        samples.check_ledger()
        assert live.end().code == 0
    assert paths_of(out) == wanted((0, 3), (10, 4), (20, 4), (30, 4))
    assert samples.total("parshall_lines_read_total", source=str(log)) == 15


def test_file_that_appears_later_under_a_glob_is_read(log, out, tmp_path):
    with parshall.Live(tmp_path / "*.log", "--from", "beginning", "--output", out) as live:
        live.wait_total(3, source=str(log))
        later = tmp_path / "later.log"
        append(later, lines(50, 2))
        live.wait_total(2, source=str(later))
        append(tmp_path / "other.txt", lines(90, 2))
        append(log, lines(3, 1))
        samples = live.wait_total(4, source=str(log))
        samples.check_ledger()
        assert set(samples.by("parshall_lines_read_total", "source")) == {str(log), str(later)}
        assert live.end().code == 0
    assert sorted(paths_of(out)) == sorted(wanted((0, 4), (50, 2)))


def test_several_paths_are_several_sources(log, tmp_path):
    second = tmp_path / "second.log"
    second.write_bytes(lines(10, 5))
    done, samples = parshall.run_metered("--once", log, second)
    assert samples.by("parshall_lines_read_total", "source") == {str(log): 3, str(second): 5}
    assert sorted(r["path"] for r in done.records) == sorted(wanted((0, 3), (10, 5)))
    samples.check_ledger()


def test_glob_is_read_once(log, tmp_path):
    (tmp_path / "b.log").write_bytes(lines(10, 5))
    _, samples = parshall.run_metered("--once", tmp_path / "*.log")
    assert samples.total("parshall_lines_read_total") == 8


def test_fifo_is_read_from_writer_to_writer(tmp_path, out):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with parshall.Live(fifo, "--output", out) as live:
        for turn in range(3):
            writer = threading.Thread(target=append, args=(fifo, lines(turn * 10, 2)), daemon=True)
            writer.start()
            live.wait_total(2 + turn * 2, source=str(fifo))
            writer.join(parshall.DEADLINE_S)
            assert not writer.is_alive()
        assert live.end().code == 0
    assert paths_of(out) == wanted((0, 2), (10, 2), (20, 2))


def test_gz_is_unpacked_with_once(tmp_path):
    path = tmp_path / "access.log.gz"
    data = lines(0, 5000)
    # Two members, as `cat a.gz b.gz` makes them.
    path.write_bytes(gzip.compress(data[:100_000]) + gzip.compress(data[100_000:]))
    done, samples = parshall.run_metered("--once", path)
    assert [r["path"] for r in done.records] == wanted((0, 5000))
    assert samples.total("parshall_lines_read_total", source=str(path)) == 5000
    samples.check_ledger()


def test_broken_gz_keeps_what_could_be_read_and_says_so(tmp_path):
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(lines(0, 5000))[:-2000])
    done = parshall.run("--once", path, *parshall.NO_WEB)
    assert done.code == 1
    assert str(path) in done.err
    assert 0 < len(done.records) < 5000


def test_verify_counts_behind_a_hole_as_the_running_instance_does(log, out, tmp_path):
    """copytruncate under a writer without O_APPEND, which goes on where it was: NULs up to there."""
    stale = log.stat().st_size
    with parshall.Live(log, "--from", "beginning", "--output", out) as live:
        live.wait_total(3, source=str(log))
        copy = tmp_path / "access.log.1"
        copy.write_bytes(log.read_bytes())
        with open(log, "r+b") as writer:
            writer.truncate(0)
            live.wait_total(1, name="parshall_source_truncations_total")
            writer.seek(stale)
            writer.write(lines(3, 4))
        samples = live.wait_total(7, source=str(log))
        assert samples.total("parshall_source_nul_bytes_skipped_total") == stale
        assert samples.outcome("unmatched") == 0
        packed = tmp_path / "access.log.gz"
        packed.write_bytes(gzip.compress(log.read_bytes()))
        for rest in (log, packed):
            done = parshall.run("verify", copy, rest, "--url", f"http://{live.address}")
            assert (done.code, done.out) == (0, b"no difference\n"), done.err
        assert live.end().code == 0
    assert paths_of(out) == wanted((0, 7))


def test_stdin_may_be_a_file(log):
    with open(log, "rb") as stdin:
        done, samples = parshall.run_metered(stdin=stdin)
    assert len(done.records) == 3
    assert samples.total("parshall_lines_read_total", source="stdin") == 3
    assert all("source" not in r for r in done.records)


def test_dash_is_stdin():
    done, _ = parshall.run_metered("-", stdin=lines(0, 2))
    assert [r["path"] for r in done.records] == wanted((0, 2))


def test_last_line_needs_no_newline(tmp_path):
    path = tmp_path / "x.log"
    path.write_bytes(lines(0, 2)[:-1])
    done, _ = parshall.run_metered("--once", path)
    assert [r["path"] for r in done.records] == wanted((0, 2))


def test_quiet_pipe_is_answered_at_once(tmp_path):
    """A line's record comes before the next line is written: nothing waits for a full buffer."""
    with parshall.Live(stdin=subprocess.PIPE) as live:
        for n in range(20):
            live.process.stdin.write(LINE % n)
            live.process.stdin.flush()
            assert f'"/{n}"'.encode() in live.process.stdout.readline()
        live.process.stdin.close()
        assert live.wait().code == 0


def test_a_file_beyond_4_gib_is_gone_on_with_after_a_kill(tmp_path):
    """A hole of five GiB in front of its lines: no offset fits into 32 bits."""
    log, out = tmp_path / "access.log", tmp_path / "records.jsonl"
    begin = 5 << 30
    with open(log, "wb") as stream:
        stream.truncate(begin)
        stream.seek(begin)
        stream.write(lines(0, 3))
    args = [log, "--from", "beginning", "--state", tmp_path / "state", "--state.interval", "10ms", "--output", out]
    with parshall.Live(*args) as live:
        samples = live.wait_total(3, source=str(log))
        assert samples.total("parshall_source_nul_bytes_skipped_total") == begin
        generation = samples.total("parshall_state_generation")
        live.wait_total(generation + 1, name="parshall_state_generation")
        live.process.kill()
        live.process.wait(parshall.DEADLINE_S)
    append(log, lines(3, 2))
    with parshall.Live(*args) as live:
        samples = live.wait_total(5, source=str(log))
        assert samples.total("http_requests_total") == 5
        assert live.end().code == 0
    assert paths_of(out) == wanted((0, 5))


def test_metrics_say_how_far_behind_a_source_is_and_what_became_of_its_files(log, tmp_path):
    source = {"source": str(log)}
    with parshall.Live(log, "--from", "beginning") as live:
        live.wait_total(3, **source)
        append(log, lines(3, 400000))  # more records than the pipe of stdout takes, and nobody reads them
        samples = live.wait_total(1, name="parshall_source_lag_bytes", **source)
        live.wait_total(0.001, name="parshall_source_lag_seconds", **source)
        assert samples.total("parshall_files_watched") == samples.total("parshall_source_files", **source) == 1
        reader = threading.Thread(target=live.process.stdout.read, daemon=True)
        reader.start()
        live.wait_total(400003, **source)
        parshall.wait_until(lambda: live.scrape().total("parshall_source_lag_bytes") == 0, "all is read")
        assert live.scrape().total("parshall_source_lag_seconds") == 0
        os.rename(log, tmp_path / "access.log.1")
        log.write_bytes(lines(400003, 4))
        live.wait_total(400007, **source)
        samples = live.wait_total(1, name="parshall_source_rotations_total", **source)
        assert samples.total("parshall_source_lost_bytes_total") == 0
        os.truncate(log, 0)
        append(log, lines(400007, 1))
        samples = live.wait_total(1, name="parshall_source_truncations_total", **source)
        live.wait_total(400008, **source)
        live.process.terminate()
        assert live.process.wait(parshall.DEADLINE_S) == 0
        reader.join(parshall.DEADLINE_S)
