"""A service manager is told what goes on: ready, reloading, stopping, and that lines still pass through."""
import array
import contextlib
import ctypes
import fcntl
import os
import pathlib
import signal
import socket
import termios

import pytest

import parshall

LINE = b'192.0.2.1 - - [21/Nov/2026:09:32:30 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n'


class Manager:
    """A notification socket, as systemd has it; keeps what comes."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name if name[0] == "/" else "\0" + name[1:])
        self.environment = {"NOTIFY_SOCKET": name}
        self.socket.settimeout(parshall.DEADLINE_S)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def next_with(self, key):
        while True:
            message = self.next()
            if key in message:
                return message

    def drain(self):
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.socket.recv(4096)
        self.socket.settimeout(parshall.DEADLINE_S)

    def is_silent_for(self, seconds):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(4096) == b""
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(parshall.DEADLINE_S)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@parshall-test-{os.getpid()}"
    made = Manager(name)
    yield made
    made.socket.close()


def test_ready_reloading_and_stopping(manager, tmp_path):
    log, rules = tmp_path / "access.log", tmp_path / "rules.yaml"
    log.write_bytes(LINE)
    rules.write_text("rules: [{name: all, pattern: '^(?P<all>.*)$', examples: [{line: x}]}]\n")
    with parshall.Live(log, "--rules", rules, "--output", "none", env=manager.environment) as live:
        ready = manager.next()
        assert ready == {"READY": "1", "STATUS": "reading 1 source"}
        live.process.send_signal(signal.SIGHUP)
        reloading = manager.next()
        assert reloading["RELOADING"] == "1"
        assert int(reloading["MONOTONIC_USEC"]) > 1_000_000
        assert manager.next() == {"READY": "1", "STATUS": "reloaded: 1 rule, 4 metrics"}

        rules.write_text("rules: [{name: all, pattern: '('}]\n")
        live.process.send_signal(signal.SIGHUP)
        assert "RELOADING" in manager.next()
        refused = manager.next()
        assert refused["READY"] == "1"
        assert refused["STATUS"].startswith("not reloaded, the old configuration keeps running")

        live.process.send_signal(signal.SIGTERM)
        assert manager.next()["STOPPING"] == "1"
        assert live.wait().code == 0


def test_beats_come_while_nothing_comes(manager, tmp_path):
    log = tmp_path / "access.log"
    log.touch()
    environment = {**manager.environment, "WATCHDOG_USEC": "2000000"}
    with parshall.Live(log, "--output", "none", env=environment):
        for _ in range(3):
            assert manager.next_with("WATCHDOG") == {"WATCHDOG": "1"}


def test_nobody_else_is_told_of_beats(tmp_path):
    """WATCHDOG_PID is of another process: of a parent that has left its environment to us."""
    manager = Manager(str(tmp_path / "notify"))
    log = tmp_path / "access.log"
    log.touch()
    environment = {**manager.environment, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}
    with parshall.Live(log, "--output", "none", env=environment):
        assert manager.next()["READY"] == "1"
        assert manager.is_silent_for(1)


def test_an_output_that_takes_nothing_is_no_death(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    log = tmp_path / "access.log"
    log.write_bytes(LINE * 20_000)
    environment = {**manager.environment, "WATCHDOG_USEC": "1000000"}
    with parshall.Live(log, env=environment) as live:  # records go to a pipe that nobody reads
        parshall.wait_until(lambda: _bytes_waiting(live.process.stdout) > 60_000, "the pipe is full")
        manager.drain()
        for _ in range(4):
            assert manager.next() == {"WATCHDOG": "1"}


def _bytes_waiting(pipe):
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207


def test_a_data_path_that_stands_still_gets_no_beat(tmp_path):
    """The worker alone is stopped, as one that hangs: the program is there, answers, and must not say that it lives."""
    manager = Manager(str(tmp_path / "notify"))
    log = tmp_path / "access.log"
    log.touch()
    environment = {**manager.environment, "WATCHDOG_USEC": "1000000"}
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def ptrace(request, task):
        if libc.ptrace(request, task, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request}: {os.strerror(ctypes.get_errno())}")

    with parshall.Live(log, "--output", "none", env=environment) as live:
        manager.next_with("WATCHDOG")
        worker = _worker_of(live)
        ptrace(PTRACE_SEIZE, worker)
        ptrace(PTRACE_INTERRUPT, worker)
        os.waitpid(worker, 0x40000000)  # __WALL: it has stopped
        manager.drain()
        silent = manager.is_silent_for(2)  # a beat may have been under way
        if not silent:
            silent = manager.is_silent_for(2)
        assert live.get("/-/healthy")[0] == 200
        ptrace(PTRACE_DETACH, worker)
        assert silent
        assert manager.next_with("WATCHDOG") == {"WATCHDOG": "1"}


def _worker_of(live):
    """The thread that reads: it is the one that polls for 200 ms (0xc8) when nothing comes."""
    def look():
        for task in os.listdir(f"/proc/{live.process.pid}/task"):
            with contextlib.suppress(OSError):
                call = pathlib.Path(f"/proc/{live.process.pid}/task/{task}/syscall").read_text().split()
                if int(task) != live.process.pid and len(call) > 3 and call[3] == "0xc8":
                    return int(task)
        return None

    return parshall.wait_until(look, "the worker waits for lines")


def test_without_a_manager_nothing_is_different(tmp_path):
    done = parshall.run("--once", "-", *parshall.NO_WEB, stdin=LINE, env={"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "1"})
    assert done.code == 0 and len(done.records) == 1 and done.err == ""
