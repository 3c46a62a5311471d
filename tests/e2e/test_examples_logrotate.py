"""examples/logrotate runs by one command, with the real logrotate."""
import os
import re
import subprocess

import parshall


def test_logrotate_example():
    done = subprocess.run([str(parshall.ROOT / "examples" / "logrotate" / "run")], capture_output=True, text=True, timeout=120,
                          env={**parshall.environment(), "PARSHALL_BIN": str(parshall.BINARY), "ROUNDS": "4",
                               "PATH": os.environ["PATH"] + ":/usr/sbin"})
    assert done.returncode == 0, done.stdout + done.stderr
    moved = re.search(r"by moving: (\d+) lines written, (\d+) counted, (\d+) different records", done.stdout)
    written, counted, records = map(int, moved.groups())
    assert written > 100
    assert written == counted == records
    assert "twice: 0" in done.stdout
