"""What every end-to-end test stands on: the binary is there, and the tools Debian's packages bring."""
import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]

import parshall  # noqa: E402  (after the path)


def pytest_configure(config):
    config.addinivalue_line("markers", "sanitized: cheap enough for the build with sanitizers, which runs only these")


def pytest_sessionstart(session):
    if not parshall.BINARY.exists():
        pytest.exit(f"there is no {parshall.BINARY}; scripts/build makes it, PARSHALL_BIN names another", returncode=4)
    missing = [tool for tool in ("jq", "promtool", "gunicorn") if not shutil.which(tool)]
    if missing:
        pytest.exit(f"{missing} not installed; scripts/setup --tests installs them", returncode=4)


def pytest_report_header(config):
    return f"parshall: {parshall.BINARY}"
