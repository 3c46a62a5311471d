"""The output under pressure and in motion: full disks, blocked and departed readers, rotation.

Issue 3, items 3 and 4; the ids are those of the test matrix in docs/RELIABILITY.md.
"""
import contextlib
import fcntl
import os
import pathlib
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

import parshall

LINE = b'10.0.0.1 - - [21/Nov/2026:09:25:39 +0000] "GET /r/%06d HTTP/1.1" 200 5 "-" "-"\n'


def lines(begin, end):
    return b"".join(LINE % n for n in range(begin, end))


def numbers(*paths):
    """The numbers of the records in these files, in their order; every record is whole."""
    return [int(record["path"].rsplit("/", 1)[1])
            for path in paths for record in parshall.parse_records(path.read_bytes())]


def feed(live, data):
    live.process.stdin.write(data)
    live.process.stdin.flush()


@contextlib.contextmanager
def small_disk(folder, size="256k"):
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"mounting a small tmpfs needs root: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_d2_full_disk_pauses_and_recovers(tmp_path):
    """Nothing is lost, nothing stands twice, one sentence at each end, /metrics answers all the while."""
    with small_disk(tmp_path / "disk") as disk:
        out, log = disk / "records.jsonl", tmp_path / "access.log"
        log.write_bytes(lines(0, 100))
        with parshall.Live(log, "--output", out) as live:
            live.wait_total(100)
            fill(disk / "filler")
            with log.open("ab") as file:
                file.write(lines(100, 5000))
            live.wait_total(1, "parshall_output_paused")
            before = live.scrape()
            assert before.total("parshall_output_write_errors_total") > 0
            assert before.total("parshall_output_bytes_total") <= out.stat().st_size
            parshall.wait_until(lambda: "No space left on device" in live.err, "the full disk is said")
            stuck_at = out.stat().st_size
            (disk / "filler").unlink()
            parshall.wait_until(lambda: out.stat().st_size > stuck_at, "writing goes on")
            # 5,000 records are more than this disk: it is full again, and made larger.
            subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
            live.wait_total(5000)
            samples = live.wait_total(len(out.read_bytes()), "parshall_output_bytes_total")
            parshall.wait_until(lambda: live.scrape().total("parshall_output_paused") == 0, "the pause is over")
            assert samples.total("parshall_output_paused_seconds_total") > 0
            done = live.end()
            assert done.code == 0
            assert done.err.count("reading waits until they can") == 1
        assert numbers(out) == list(range(5000))


def test_d2_deleted_file_frees_a_full_disk(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        out = disk / "records.jsonl"
        with parshall.Live("--output", out, stdin=subprocess.PIPE) as live:
            writer = threading.Thread(target=feed, args=(live, lines(0, 2300)))
            writer.start()
            live.wait_total(1, "parshall_output_paused")
            out.unlink()
            writer.join(parshall.DEADLINE_S)
            live.wait_total(2300)
            time.sleep(0.3)  # the path is looked at every 250 ms
            feed(live, lines(2300, 2301))
            live.wait_total(2301)
            parshall.wait_until(out.exists, "the next file is there")
            done = live.wait()
            assert done.code == 0
            assert done.err.count("its space is freed") == 1
        assert numbers(out)[-1] == 2300


@pytest.mark.sanitized
@pytest.mark.parametrize("policy, code, dropped", [("exit", 1, 0), ("drop", 0, 100)])
def test_d2_device_without_room(policy, code, dropped, tmp_path):
    metrics = tmp_path / "metrics.txt"
    done = parshall.run(*parshall.NO_WEB, "--output", "/dev/full", "--output.on-error", policy,
                        "--metrics-file", metrics, stdin=lines(0, 100))
    assert done.code == code, done
    assert "/dev/full: records cannot be written: No space left on device" in done.err
    samples = parshall.Samples(metrics.read_text())
    assert samples.total("parshall_output_dropped_records_total") == dropped
    assert samples.total("parshall_output_bytes_total") == 0
    assert done.err.count("\n") <= 2


@pytest.mark.sanitized
@pytest.mark.parametrize("policy, code", [("exit", 1), ("pause", 1), ("drop", 0)])
def test_d2_stdout_without_room(policy, code):
    """With pause it waits until it is asked to stop, and then says that not all was written."""
    with open("/dev/full", "wb") as full:
        with parshall.Live("--output.on-error", policy, stdin=subprocess.PIPE, stdout=full) as live:
            feed(live, lines(0, 10))
            if policy == "pause":
                live.wait_total(1, "parshall_output_paused")
                live.process.send_signal(signal.SIGTERM)
            live.process.stdin.close()
            assert live.process.wait(parshall.DEADLINE_S) == code
            assert "standard output: records cannot be written: No space left on device" in live.err


def test_limit_on_file_size_drops_whole_records(tmp_path):
    """ulimit -f: EFBIG and SIGXFSZ, without being root."""
    out = tmp_path / "records.jsonl"
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 8; exec "$0" "$@"', parshall.BINARY, *parshall.NO_WEB, "--output", out,
         "--output.on-error", "drop"],
        input=lines(0, 1000), capture_output=True, timeout=parshall.DEADLINE_S, env=parshall.environment())
    assert done.returncode == 0, done
    kept = numbers(out)
    assert kept == list(range(len(kept))) and 10 < len(kept) < 100
    assert b"File too large" in done.stderr


@pytest.mark.parametrize("k", [0, 1, 2, 3, 10, 99, 1000, 9999])
def test_o1_reader_closes_after_k_lines(k, tmp_path):
    log = tmp_path / "access.log"
    log.write_bytes(lines(0, 20_000))
    process = subprocess.Popen(
        [parshall.BINARY, "--once", log, *parshall.NO_WEB], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=parshall.environment())
    try:
        got = [process.stdout.readline() for _ in range(k)]
        process.stdout.close()
        assert process.wait(parshall.DEADLINE_S) == 1
        assert b"standard output: the reader of the records went away (broken pipe)" in process.stderr.read()
        assert [int(r["path"][3:]) for r in parshall.parse_records(b"".join(got))] == list(range(k))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(20)
        process.stderr.close()


def resident_bytes(live):
    with open(f"/proc/{live.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_o2_blocked_stdout(tmp_path):
    """/metrics answers within 100 ms, memory is flat, nothing is lost, others' stdout stays as it was."""
    log = tmp_path / "access.log"
    log.write_bytes(lines(0, 100_000))
    reader, writer = os.pipe()
    with open(reader, "rb") as reading:
        with parshall.Live(log, stdout=writer) as live:
            live.wait_total(1)
            parshall.wait_until(lambda: full(reader) and blocked(live), "writing is blocked")
            begin = resident_bytes(live)
            counted = live.scrape().total("parshall_lines_read_total")
            slowest = 0
            for _ in range(200):
                start, kept_waiting = time.monotonic(), waited_for_a_core_s(live)
                live.get()
                seconds = time.monotonic() - start
                # What neighbours on a busy machine took is no time of ours; on a quiet one it is nothing.
                slowest = max(slowest, seconds - (waited_for_a_core_s(live) - kept_waiting))
                time.sleep(0.005)
            assert live.scrape().total("parshall_lines_read_total") == counted  # back-pressure
            assert resident_bytes(live) - begin < 16 << 20
            assert slowest < (1 if parshall.SANITIZED else 0.1)
            assert not fcntl.fcntl(writer, fcntl.F_GETFL) & os.O_NONBLOCK
            os.close(writer)
            got = []
            thread = threading.Thread(target=lambda: got.append(reading.read()))
            thread.start()
            live.wait_total(100_000)
            live.process.send_signal(signal.SIGTERM)
            assert live.process.wait(parshall.DEADLINE_S) == 0, live.err
            thread.join(parshall.DEADLINE_S)
    assert [int(r["path"][3:]) for r in parshall.parse_records(got[0])] == list(range(100_000))


def full(pipe):
    """Whether less than a page fits in. A machine that is too busy to write looks blocked, too."""
    waiting = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]
    return waiting > fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) - 4096


def waited_for_a_core_s(live):
    """How long threads of the program, and this one, were ready to run and did not."""
    total = 0
    for process in (live.process.pid, os.getpid()):
        for schedstat in pathlib.Path(f"/proc/{process}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # a thread that ended
                total += int(schedstat.read_text().split()[1])
    return total / 1e9


def blocked(live):
    before = live.scrape().total("parshall_output_bytes_total"), live.scrape().total("parshall_lines_read_total")
    time.sleep(0.05)
    after = live.scrape().total("parshall_output_bytes_total"), live.scrape().total("parshall_lines_read_total")
    return before == after and after[1] > 0


def test_o2_stop_while_stdout_is_blocked(tmp_path):
    """A reader that takes nothing holds the end up for 5 s and no longer."""
    log = tmp_path / "access.log"
    log.write_bytes(lines(0, 100_000))
    reader, writer = os.pipe()
    with open(reader, "rb"):
        with parshall.Live(log, stdout=writer) as live:
            os.close(writer)
            parshall.wait_until(lambda: blocked(live), "writing is blocked")
            start = time.monotonic()
            live.process.send_signal(signal.SIGTERM)
            assert live.process.wait(parshall.DEADLINE_S) == 1
            assert 4 < time.monotonic() - start < 15
            assert "the reader takes no more records" in live.err


@pytest.mark.parametrize("how", ["moved", "deleted", "usr2"])
def test_file_that_logrotate_took_is_left_for_a_new_one(how, tmp_path):
    out, old = tmp_path / "records.jsonl", tmp_path / "records.jsonl-20261121"
    with parshall.Live("--output", out, stdin=subprocess.PIPE) as live:
        feed(live, lines(0, 10))
        live.wait_total(10)
        parshall.wait_until(lambda: out.exists() and len(numbers(out)) == 10, "the first ten are written")
        if how == "deleted":
            out.unlink()
        else:
            out.rename(old)
        if how == "usr2":
            live.process.send_signal(signal.SIGUSR2)
            parshall.wait_until(out.exists, "SIGUSR2 has made the new file, without a line to write")
        else:
            time.sleep(0.3)  # the path is looked at every 250 ms
        feed(live, lines(10, 20))
        live.wait_total(20)
        samples = live.wait_total(1, "parshall_output_reopenings_total")
        assert samples.total("parshall_output_rotations_total") == 0
        assert live.wait().code == 0
    assert numbers(out) == list(range(10, 20))
    if how != "deleted":
        assert numbers(old) == list(range(10))


@pytest.mark.parametrize("threads", [1, 2])
def test_rotation_by_size_splits_no_record(threads, tmp_path):
    log, out = tmp_path / "access.log", tmp_path / "records.jsonl"
    log.write_bytes(lines(0, 100_000))
    done = parshall.run(log, "--once", *parshall.NO_WEB, "--output", out, "--output.rotate-bytes", "1MiB",
                        "--output.keep", "1000", "--threads", threads)
    assert done.code == 0, done
    files = sorted(tmp_path.glob("records.jsonl.*"), key=lambda p: -int(p.suffix[1:])) + [out]
    assert len(files) > 5
    assert numbers(*files) == list(range(100_000))
    assert all(f.stat().st_size >= 1 << 20 for f in files[:-1])


@pytest.mark.sanitized
def test_settings_of_the_file(tmp_path):
    out, config = tmp_path / "records.jsonl", tmp_path / "p.yaml"
    config.write_text(f"output: {{to: '{out}', rotate_bytes: 1KiB, keep: 2, on_error: drop}}\n")
    out.write_bytes(b"{}\n" * 500)
    done = parshall.run(*parshall.NO_WEB, "--config", config, stdin=lines(0, 3))
    assert done.code == 0, done
    assert numbers(out) == [0, 1, 2]
    assert (tmp_path / "records.jsonl.1").read_bytes() == b"{}\n" * 500
    config.write_text("output: {rotate_bytes: 1KiB}\n")
    done = parshall.run(*parshall.NO_WEB, "--config", config)
    assert done.code == 2 and f"{config}:1:24: only a file can be rotated" in done.err, done
    done = parshall.run(*parshall.NO_WEB, "--output.rotate-interval", "1h", "--output", "none")
    assert done.code == 2 and "--output.rotate-interval: only a file can be rotated" in done.err, done
