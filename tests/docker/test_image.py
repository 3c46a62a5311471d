"""The image: small, without rights, quick to start, healthy, quick to stop; and a pipe like any other."""
import datetime
import json
import socket
import subprocess
import time

import pytest

from engine_client import ROOT, get, wait_until

pytestmark = pytest.mark.docker

IMAGE = "parshall:local"
LOCKED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
ACCESS = (ROOT / "examples" / "access.log").read_text(encoding="utf-8")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def running(images):
    """Starts containers that follow an empty folder on a port of the host; removes them."""
    started = []

    def start(*flags):
        port = free_port()
        name = images.call("run", "-d", *LOCKED, "--network", "host", "-e", f"PARSHALL_WEB_LISTEN_ADDRESS=127.0.0.1:{port}",
                           *flags, IMAGE, "/var/log/none/*.log").strip()
        started.append(name)
        return name, f"http://127.0.0.1:{port}"

    yield start
    for name in started:
        images.call("rm", "-f", name)


def test_our_layers_are_small(images):
    ours = images.inspect(IMAGE)["Size"] - images.inspect("debian:bookworm-slim")["Size"]
    print(f"our layers: {ours / 1e6:.1f} MB")
    assert ours <= 30e6


def test_it_says_what_it_is_and_runs_as_nobody(images):
    config = images.inspect(IMAGE)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/usr/local/bin/parshall"]
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/local/bin/parshall", "healthcheck"]
    assert "StopSignal" not in config
    labels = {k.removeprefix("org.opencontainers.image.") for k in config["Labels"] if k.startswith("org.opencontainers.image.")}
    assert labels >= {"title", "description", "source", "licenses", "version", "revision", "created"}
    version = images.call("run", "--rm", IMAGE, "--version")
    assert config["Labels"]["org.opencontainers.image.version"] == version.split()[1]


def test_a_pipe_goes_through(images):
    out = images.call("run", "-i", "--rm", *LOCKED, "--network", "none", IMAGE, stdin=ACCESS)
    records = [json.loads(line) for line in out.splitlines()]
    assert len(records) == 200
    assert sum(record.get("status") == 200 for record in records) == sum('" 200 ' in line for line in ACCESS.splitlines())


def test_the_log_of_another_container_goes_through(images):
    source = images.call("run", "-d", "debian:bookworm-slim", "sh", "-c",
                         "for n in 1 2 3; do echo '192.0.2.1 - - [01/Apr/2026:08:00:02 +0000] \"GET / HTTP/1.1\" 200 5'; done").strip()
    try:
        logs = subprocess.Popen(["/usr/bin/docker", "logs", "-f", source], env=images.environment, stdout=subprocess.PIPE)
        out = subprocess.run(["/usr/bin/docker", "run", "-i", "--rm", *LOCKED, IMAGE, "--web.listen-address", "none"], stdin=logs.stdout,
                             env=images.environment, capture_output=True, timeout=60, check=True).stdout
        assert logs.wait(20) == 0
        assert [json.loads(line)["status"] for line in out.splitlines()] == [200, 200, 200]
    finally:
        images.call("rm", "-f", source)


def test_the_shipped_rules_are_there(images):
    assert "all fine" in images.call("run", "--rm", *LOCKED, IMAGE, "check", "/usr/share/parshall/rules")


def test_a_state_survives_in_a_volume(images):
    images.call("volume", "create", "state")
    for expected in ("200", "400"):
        out = images.call("run", "-i", "--rm", *LOCKED, "-v", "state:/var/lib/parshall", IMAGE, "--state", "/var/lib/parshall",
                          "--output", "none", "--metrics-file", "-", stdin=ACCESS)
        assert f'parshall_lines_total{{source="stdin",outcome="matched"}} {expected}\n' in out


def test_the_first_scrape_comes_within_a_second_of_the_start(running, images):
    took = []
    while len(took) < 5 and (not took or min(took) > 1):  # the machine may be busy with something else
        name, url = running()
        wait_until(lambda: "parshall_build_info" in get(url + "/metrics"), "it is scraped", 20)
        now = time.time()
        started = images.inspect(name)["State"]["StartedAt"][:26].rstrip("Z")
        began = datetime.datetime.fromisoformat(started.ljust(26, "0")).replace(tzinfo=datetime.timezone.utc).timestamp()
        took.append(now - began)
    print("from the start to the first scrape:", ", ".join(f"{t:.2f} s" for t in took))
    assert min(took) <= 1


def test_it_is_healthy_and_stops_at_once(running, images):
    name, url = running()
    wait_until(lambda: images.inspect(name)["State"]["Health"]["Status"] == "healthy", "it is healthy", 40)
    began = time.monotonic()
    images.call("stop", name)
    took = time.monotonic() - began
    print(f"docker stop: {took:.2f} s")
    assert images.inspect(name)["State"]["ExitCode"] == 0, images.both("logs", name)
    assert took < 5


def test_it_is_unhealthy_when_nobody_answers(running, images):
    name, _ = running("--health-interval", "1s", "--health-retries", "1", "--health-start-period", "0s",
                      "--health-cmd", "/usr/local/bin/parshall healthcheck --url http://127.0.0.1:1")
    wait_until(lambda: images.inspect(name)["State"]["Health"]["Status"] == "unhealthy", "it is unhealthy", 40)
