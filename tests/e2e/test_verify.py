"""parshall verify: counts files anew, and compares with a running instance or with a state."""
import gzip
import os
import signal

import pytest

import parshall

LINE = b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /%d HTTP/1.1" %d 5 "-" "t"\n'


def lines(first, count, status=200):
    return b"".join(LINE % (n, status) for n in range(first, first + count))


def append(path, data):
    with open(path, "ab") as log:
        log.write(data)


class Rotated:
    """A log that was read through two rotations; the older file is compressed since."""

    def __init__(self, folder):
        self.log, self.state, self.output = folder / "access.log", folder / "state", folder / "records.jsonl"
        self.args = [self.log, "--from", "beginning", "--state", self.state, "--output", self.output]
        self.log.write_bytes(lines(0, 10))
        with parshall.Live(*self.args) as live:
            live.wait_total(10)
            os.rename(self.log, folder / "access.log.1")
            self.log.write_bytes(lines(10, 7, status=404))
            live.wait_total(17)
            os.rename(folder / "access.log.1", folder / "access.log.2")
            os.rename(self.log, folder / "access.log.1")
            self.log.write_bytes(lines(17, 5))
            live.wait_total(22)
            assert live.end().code == 0
        packed = folder / "access.log.2.gz"
        packed.write_bytes(gzip.compress((folder / "access.log.2").read_bytes()))
        (folder / "access.log.2").unlink()
        self.files = [packed, folder / "access.log.1", self.log]


@pytest.fixture
def rotated(tmp_path):
    return Rotated(tmp_path)


def test_rotated_and_packed_files_are_what_a_state_counted(rotated):
    done = parshall.run("verify", *rotated.files, "--state", rotated.state)
    assert (done.code, done.out) == (0, b"no difference\n"), done.err


def test_the_same_through_the_running_instance_that_holds_the_state(rotated):
    with parshall.Live(*rotated.args) as live:
        for claim in (("--url", f"http://{live.address}"), ("--state", rotated.state)):
            done = parshall.run("verify", *rotated.files, *claim)
            assert (done.code, done.out) == (0, b"no difference\n"), done.err
        append(rotated.log, lines(22, 3))
        live.wait_total(25)
        done = parshall.run("verify", *rotated.files, "--url", f"http://{live.address}")
        assert (done.code, done.out) == (0, b"no difference\n"), done.err
        # Looking at the state has harmed nobody: the next snapshot is committed as ever.
        live.wait_total(3, name="parshall_state_generation")
        assert live.end().code == 0


def test_each_difference_is_printed_and_the_exit_code_is_1(rotated):
    append(rotated.log, lines(22, 2))  # nobody has read these
    append(rotated.log, lines(24, 1, status=500))
    done = parshall.run("verify", *rotated.files, "--state", rotated.state)
    assert done.code == 1
    told = done.out.decode().splitlines()
    assert 'http_requests_total{method="GET",status="200"}: counted 17, claimed 15 (-2)' in told
    assert 'http_requests_total{method="GET",status="500"}: counted 1, claimed 0 (-1)' in told
    assert not any('status="404"' in line for line in told)


def test_a_file_that_is_left_out_is_a_difference(rotated):
    done = parshall.run("verify", *rotated.files[1:], "--state", rotated.state)
    assert done.code == 1
    assert b'http_requests_total{method="GET",status="200"}: counted 5, claimed 15 (+10)\n' in done.out


def test_a_damaged_snapshot_is_told_and_the_one_before_is_compared(rotated):
    with parshall.Live(*rotated.args) as live:
        live.wait_total(22)
        assert live.end().code == 0
    snapshots = sorted((p for p in rotated.state.iterdir() if p.name != "lock"), key=lambda p: p.stat().st_mtime_ns)
    assert len(snapshots) == 2
    data = bytearray(snapshots[-1].read_bytes())
    data[len(data) // 2] ^= 1
    snapshots[-1].write_bytes(data)
    done = parshall.run("verify", *rotated.files, "--state", rotated.state)
    assert (done.code, done.out) == (0, b"no difference\n"), done.err
    assert snapshots[-1].name in done.err


@pytest.mark.parametrize("args, code, words", [
    (["access.log"], 2, "--url"),
    (["access.log", "--url", "http://127.0.0.1:1", "--state", "state"], 2, "name one"),
    (["--state", "state"], 2, "oldest first"),
    (["nothing.log", "--state", "state"], 2, "nothing.log"),
    (["access.log", "--state", "nowhere"], 1, "nowhere"),
    (["access.log", "--state", "empty"], 1, "no snapshot"),
    (["access.log", "--url", "http://127.0.0.1:1"], 1, "127.0.0.1:1"),
])
def test_what_cannot_be_compared_is_said(args, code, words, tmp_path, monkeypatch):
    (tmp_path / "access.log").write_bytes(lines(0, 1))
    (tmp_path / "empty").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path)
    done = parshall.run("verify", *args)
    assert (done.code, done.out) == (code, b""), done.err
    assert words in done.err


def test_a_state_of_a_killed_run_is_what_its_files_held_at_the_snapshot(tmp_path):
    log, state = tmp_path / "access.log", tmp_path / "state"
    log.write_bytes(lines(0, 100))
    with parshall.Live(log, "--from", "beginning", "--state", state, "--state.interval", "10ms",
                       "--output", tmp_path / "records.jsonl") as live:
        live.wait_total(100)
        generation = live.scrape().total("parshall_state_generation")
        live.wait_total(generation, name="parshall_state_generation")
        parshall.wait_until(lambda: parshall.run("verify", log, "--state", state).code == 0, "the 100 lines are in a snapshot")
        live.process.send_signal(signal.SIGKILL)
        live.process.wait(parshall.DEADLINE_S)
    done = parshall.run("verify", log, "--state", state)
    assert (done.code, done.out) == (0, b"no difference\n"), done.err
