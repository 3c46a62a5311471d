"""The manifests of docker/kubernetes: rendered, held against Kubernetes' schemas, and what they run is run.

Debian has no kustomize. Where kubectl is not there, the resources are read as they stand, with the ConfigMap that the
generator would make, so that only kubectl's own rendering is not tested.
"""
import json
import shutil
import subprocess

import pytest
import yaml

import parshall

FOLDER = parshall.ROOT / "docker" / "kubernetes"
CHECKER = parshall.ROOT / "tests" / "kubernetes"
CRI = b'2026-11-21T09:32:30.123456789Z stdout %s %s\n'
ACCESS = b'192.0.2.7 - - [21/Nov/2026:09:32:30 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl/8"'


def rendered(name):
    if shutil.which("kubectl"):
        done = subprocess.run(["kubectl", "kustomize", FOLDER / name], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        text = done.stdout
        return [manifest for manifest in yaml.safe_load_all(text) if manifest]
    kustomization = yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text())
    manifests = []
    for resource in kustomization["resources"]:
        manifests += [m for m in yaml.safe_load_all((FOLDER / name / resource).read_text()) if m]
    labels = {k: v for row in kustomization.get("labels", []) for k, v in row["pairs"].items()}
    for manifest in manifests:
        if labels and manifest["kind"] == "DaemonSet":
            manifest["spec"]["selector"] = {"matchLabels": labels}
            manifest["spec"]["template"]["metadata"]["labels"] = labels
    for made in kustomization.get("configMapGenerator", []):
        data = {file: (FOLDER / name / file).read_text() for file in made["files"]}
        manifests.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": made["name"]}, "data": data})
    return manifests


def of_kind(manifests, kind):
    found = [manifest for manifest in manifests if manifest["kind"] == kind]
    assert len(found) == 1, (kind, [manifest["kind"] for manifest in manifests])
    return found[0]


def pod_of(manifests):
    return next(m for m in manifests if m["kind"] in ("DaemonSet", "Deployment"))["spec"]["template"]["spec"]


def parshall_of(pod):
    return next(c for c in pod["containers"] + pod.get("initContainers", []) if c["name"] == "parshall")


def schema_faults(manifests):
    assert (CHECKER / "node_modules").exists(), "scripts/setup --tests fills tests/kubernetes/node_modules"
    done = subprocess.run(["node", "check.mjs"], cwd=CHECKER, input=json.dumps(manifests), capture_output=True, text=True,
                          timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["daemonset", "sidecar"])
def test_manifests_are_what_kubernetes_takes(name):
    assert schema_faults(rendered(name)) == ""


def test_the_schemas_find_a_fault():
    manifests = rendered("daemonset")
    parshall_of(pod_of(manifests))["ports"][0]["containerPort"] = "many"
    assert "containerPort must be integer" in schema_faults(manifests)


def test_the_pod_monitor_finds_the_pods():
    monitor = yaml.safe_load((FOLDER / "podmonitor" / "podmonitor.yaml").read_text())
    daemonset = of_kind(rendered("daemonset"), "DaemonSet")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    assert wanted <= daemonset["spec"]["template"]["metadata"]["labels"].items()
    ports = [port["name"] for port in parshall_of(pod_of(rendered("daemonset")))["ports"]]
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] in ports


@pytest.mark.parametrize("name", ["daemonset", "sidecar"])
def test_pods_are_locked_down(name):
    pod = pod_of(rendered(name))
    container = parshall_of(pod)
    security = {**pod["securityContext"], **container["securityContext"]}
    assert security["runAsNonRoot"] is True and security["runAsUser"] > 0
    assert security["readOnlyRootFilesystem"] is True and security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert "memory" in container["resources"]["limits"]
    writable = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"state"}
    for volume in pod["volumes"]:
        if "configMap" in volume:
            assert volume["configMap"]["name"] == of_kind(rendered(name), "ConfigMap")["metadata"]["name"]


@pytest.mark.parametrize("name", ["daemonset", "sidecar"])
def test_what_the_pod_runs_counts_its_logs(name, tmp_path):
    """The container's own command, with its paths under a folder: config, probes, CRI's pieces, a ConfigMap that changes."""
    manifests = rendered(name)
    container = parshall_of(pod_of(manifests))
    state = tmp_path / "state"
    state.mkdir()
    logs = tmp_path / "logs"
    if name == "daemonset":
        log = logs / "default_application-0_5d3c" / "application" / "0.log"
        text = CRI % (b"P", ACCESS[:40]) + CRI % (b"F", ACCESS[40:]) + CRI % (b"F", ACCESS)
        where = "/var/log/pods"
    else:
        log = logs / "access.log"
        text = (ACCESS + b"\n") * 2
        where = "/var/log/application"
    log.parent.mkdir(parents=True)
    log.write_bytes(text)
    # As the kubelet makes it: files behind a link that is replaced.
    config = tmp_path / "config"
    first = config / "..2026_1"
    first.mkdir(parents=True)
    for file, data in of_kind(manifests, "ConfigMap")["data"].items():
        (first / file).write_text(data.replace(where, str(logs)))
        (config / file).symlink_to(f"..data/{file}")
    (config / "..data").symlink_to(first.name)

    args = [arg.replace("/etc/parshall", str(config)).replace("/var/lib/parshall", str(state))
            for arg in container["args"] if not arg.startswith("--web.listen-address=")]
    assert len(args) == len(container["args"]) - 1, "the pod listens on every address"
    with parshall.Live(*args) as live:
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] == "metrics"
            assert live.get(container[probe]["httpGet"]["path"])[0] == 200
        live.wait_total(2, name="http_requests_total")
        live.scrape().check_ledger()

        second = config / "..2026_2"
        shutil.copytree(first, second)
        (second / "parshall.yaml").write_text((first / "parshall.yaml").read_text() + "series_max: many\n")
        replace_link(config / "..data", second.name)
        parshall.wait_until(
            lambda: live.scrape().total("parshall_config_last_reload_successful") == 0, "the wrong change is refused")
        third = config / "..2026_3"
        shutil.copytree(first, third)
        (third / "parshall.yaml").write_text((first / "parshall.yaml").read_text() + "series_max: 5000\n")
        replace_link(config / "..data", third.name)
        parshall.wait_until(
            lambda: live.scrape().total("parshall_config_last_reload_successful") == 1, "the good one is loaded")
        assert live.scrape().total("http_requests_total") == 2
    assert (state / "state").is_dir()


def replace_link(path, target):
    new = path.with_name("..data_tmp")
    new.symlink_to(target)
    new.rename(path)
