"""Speaks to the engine of the tests: docker and docker-compose with its address, and HTTP to what containers publish."""
import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def wait_until(condition, what, deadline_s=60):
    """Asks until condition() is true, which may raise OSError or KeyError meanwhile; returns what it gave."""
    end = time.monotonic() + deadline_s
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, KeyError, IndexError) as error:
            last = error
        assert time.monotonic() < end, f"gave up after {deadline_s} s waiting until {what}; last: {last!r}"
        time.sleep(0.1)


class Docker:
    """One engine. Ports are chosen by it; `url` finds them."""

    def __init__(self, folder):
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PARSHALL_", "DOCKER_", "COMPOSE_"))},
            "DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_CONFIG": str(folder), "DOCKER_BUILDKIT": "1",
            "PATH": f"/usr/bin:{os.environ['PATH']}",  # Debian's client: another one before it may lack BuildKit
        }

    def call(self, *command, stdin=None, deadline_s=60, code=0):
        """Runs docker; its stdout. The exit code must be `code`, unless that is None."""
        return self._run(["/usr/bin/docker", *map(str, command)], stdin, deadline_s, code).stdout

    def both(self, *command, deadline_s=60):
        """What docker wrote, to stdout and to stderr."""
        done = self._run(["/usr/bin/docker", *map(str, command)], None, deadline_s, 0)
        return done.stdout + done.stderr

    def _run(self, command, stdin, deadline_s, code, environment=None):
        done = subprocess.run(command, env={**self.environment, **(environment or {})}, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None, cwd=ROOT,
                              capture_output=True, text=True, timeout=deadline_s)
        assert code is None or done.returncode == code, \
            f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def build(self, tag, context, dockerfile, target, **arguments):
        proxies = [name for name in ("http_proxy", "https_proxy", "no_proxy") if os.environ.get(name)]
        given = [f"{k}={v}" for k, v in arguments.items()] + proxies
        self.call("build", "-q", "--network", "host", "-t", tag, "-f", dockerfile, *(["--target", target] if target else []),
                  *[part for argument in given for part in ("--build-arg", argument)], context, deadline_s=1500)

    def inspect(self, name):
        return json.loads(self.call("inspect", name))[0]

    def url(self, container, port):
        return "http://" + self.call("port", container, port).split()[0]


class Stack:
    """docker/compose.yaml, up."""

    def __init__(self, docker, project="parshall-test"):
        self.docker = docker
        self.project = project
        self.ports = {f"{name}_PORT": "0" for name in ("SHOP", "PARSHALL", "CONFIG_GIT", "PROMETHEUS", "ALERTMANAGER_1",
                                                       "ALERTMANAGER_2", "GRAFANA")}
        self.ports["CONFIG_INTERVAL"] = "1"

    def compose(self, *command, deadline_s=200):
        return self.docker._run(["/usr/bin/docker-compose", "-p", self.project, "-f", "docker/compose.yaml", *command],
                                None, deadline_s, 0, self.ports)

    def container(self, service):
        return f"{self.project}_{service}_1"

    def url(self, service, port):
        return self.docker.url(self.container(service), port)

    def logs(self, service):
        return self.docker.both("logs", self.container(service))

    def query(self, expression):
        """The result of an instant query of Prometheus."""
        asked = urllib.parse.quote(expression)
        return get_json(self.url("prometheus", 9090) + "/api/v1/query?query=" + asked)["data"]["result"]


def get(url, deadline_s=10):
    with urllib.request.urlopen(url, timeout=deadline_s) as answer:
        return answer.read().decode("utf-8")


def get_json(url):
    try:
        return json.loads(get(url))
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}: {error.code} {error.read().decode('utf-8', 'replace')[:500]}") from error
