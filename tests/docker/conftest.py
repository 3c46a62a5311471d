"""The tests of docker/ stand on a Docker engine of their own (tests/docker/engine) and on the images built on it.

$PARSHALL_IMAGE=from-source compiles in the image, as a user's build does; without it the image gets build/release/parshall.
$PARSHALL_ENGINE names the folder of an engine that is up already (`tests/docker/engine up DIR $$`): it is used, with what it has
built before, and left running.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
sys.dont_write_bytecode = True

from engine_client import Docker, ROOT  # noqa: E402  (after the path)

STANDINS = {"prometheus": "prom/prometheus", "alertmanager": "prom/alertmanager", "grafana": "grafana/grafana"}


def pytest_configure(config):
    config.addinivalue_line("markers", "docker: needs a Docker engine, which it starts itself")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test of the stack that failed shows what config-sync and parshall said."""
    report = (yield).get_result()
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.when == "call" and report.failed and stack:
        lines = [line for service in ("config-sync", "parshall") for line in stack.logs(service).splitlines() if "level=" in line or "  | " in line]
        report.sections.append(("the services' log", "\n".join(lines[-60:])))


@pytest.fixture(scope="session")
def docker():
    """An engine with debian:bookworm-slim, and nothing else. Only where none can run are the tests skipped."""
    if kept := os.environ.get("PARSHALL_ENGINE"):
        yield Docker(kept)
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parshall-docker-"))
    try:
        up = subprocess.run([HERE / "engine", "up", folder, str(os.getpid())], stderr=subprocess.PIPE, text=True, timeout=400)
        if up.returncode == 3:
            pytest.skip(up.stderr.strip())
        assert up.returncode == 0, up.stderr
        yield Docker(folder)
    finally:
        subprocess.run([HERE / "engine", "down", folder], timeout=200, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def images(docker):
    """What docker/compose.yaml names: built from its own build sections, and stand-ins for what would be pulled."""
    import yaml
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    builds = {service["image"]: service["build"] for service in services.values() if "build" in service}
    pulled = {service["image"] for service in services.values() if service["image"] not in builds} - set(builds)
    how = os.environ.get("PARSHALL_IMAGE", "from-host")
    assert how in ("from-host", "from-source"), how

    def stand_in(image):
        target = next(stage for stage, name in STANDINS.items() if image.startswith(name + ":"))
        docker.build(image, HERE / "standins", HERE / "standins" / "Dockerfile", target)

    def ours(image):
        build = builds[image]
        docker.build(image, ROOT, ROOT / build["dockerfile"], build.get("target"), PARSHALL=how)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(stand_in, sorted(pulled)))  # first: one of ours copies out of one
        list(pool.map(ours, sorted(builds, reverse=True)))
    return docker
