"""docker/compose.yaml and what it mounts, without an engine: the file is valid, and names only what is there."""
import json
import re

import jsonschema
import pytest
import yaml

import parshall

DOCKER = parshall.ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


def test_the_file_is_a_compose_file():
    schema = json.loads((parshall.DATA / "compose" / "compose-spec.json").read_text(encoding="utf-8"))
    faults = [f"{'/'.join(map(str, e.path))}: {e.message[:200]}" for e in jsonschema.Draft7Validator(schema).iter_errors(COMPOSE)]
    assert faults == []


def test_what_is_mounted_and_built_is_there():
    for name, service in COMPOSE["services"].items():
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            assert (DOCKER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], (name, source)
        if "build" in service:
            assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).exists(), name


def test_nothing_is_published_beyond_loopback():
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports), ports


def test_ours_run_without_rights():
    ours = [service for service in COMPOSE["services"].values() if service["image"].startswith("parshall")]
    assert len(ours) == 5
    for service in ours:
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
        assert not service.get("privileged") and "user" not in service


@pytest.mark.parametrize("path", ["docker/Dockerfile", "docker/demo/Dockerfile"])
def test_an_image_is_made_without_asking_a_registry_for_more(path):
    text = (parshall.ROOT / path).read_text(encoding="utf-8")
    assert "# syntax=" not in text  # BuildKit would fetch its frontend
    assert re.findall(r"^USER (.*)$", text, re.M)[-1] == "65532:65532"


def test_the_dashboard_asks_the_data_source_that_is_there():
    provisioned = yaml.safe_load((DOCKER / "grafana/provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    uids = {source["uid"] for source in provisioned["datasources"]}
    dashboard = json.loads((DOCKER / "grafana/dashboards/parshall.json").read_text(encoding="utf-8"))
    asked = set(re.findall(r'"uid": *"([^"]+)"', json.dumps([panel.get("datasource") for panel in dashboard["panels"]])))
    assert asked <= uids | {"${datasource}"}, asked


def test_the_first_configuration_is_fine():
    import os
    config = DOCKER / "config" / "parshall"
    text = (config / "parshall.yaml").read_text(encoding="utf-8")
    # In the image the shipped rules are in this folder.
    assert "/usr/share/parshall/rules/" in text
    rules = [str(config / "rules" / "shop.yaml")]
    rules += [str(parshall.ROOT / "rules" / name) for name in re.findall(r"/usr/share/parshall/rules/(\S+)", text)]
    assert all(os.path.exists(path) for path in rules), rules
    done = parshall.run("check", *rules)
    assert done.code == 0, done.out.decode() + done.err
