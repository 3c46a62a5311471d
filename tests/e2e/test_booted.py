"""The service under a systemd that was booted for it: started, asked, reloaded, hung, stopped; and the journal piped.

systemd-nspawn boots this machine's own Debian from an overlay over /, with what `cmake --install` installs, in namespaces of
its own. That needs root and a kernel that lets it; where systemd does not come up, the test is skipped and says why.
"""
import os
import shutil
import subprocess

import pytest

import parshall

BUILD = parshall.BINARY.parent
UP = "systemd is up"

# Runs as a service of the booted system.
LIFE = r"""
set -eu
say() { printf '%s\n' "$*"; }
shown() { systemctl show -P "$1" parshall; }
metric() { curl -sf http://127.0.0.1:19220/metrics | sed -n "s/^$1 //p"; }
until_is() { for _ in $(seq 300); do [ "$("$@" 2> /dev/null)" = "$wanted" ] && return; sleep 0.1; done; say "never $wanted: $*"; }
trap 'journalctl -u parshall -o cat --no-pager | tail -n 30 >&2' EXIT
say systemd is up

ip link set lo up 2> /dev/null || true
mkdir -p /var/log/gunicorn
cat /srv/lines > /var/log/gunicorn/access.log
systemctl start parshall
say "started: $(shown ActiveState), $(shown Type), $(shown StatusText | grep -c .) status"
parshall healthcheck > /dev/null
wanted=3 until_is metric 'http_requests_total{method="GET",status="200"}'
say "counted $(metric 'http_requests_total{method="GET",status="200"}')"
pid=$(shown MainPID)

systemctl reload parshall
wanted=1 until_is metric parshall_config_last_reload_successful
cp /etc/parshall/parshall.yaml /srv/good
echo 'no_such_key: 1' >> /etc/parshall/parshall.yaml
systemctl reload parshall
wanted=0 until_is metric parshall_config_last_reload_successful
cp /srv/good /etc/parshall/parshall.yaml
systemctl reload parshall
wanted=1 until_is metric parshall_config_last_reload_successful
[ "$(shown MainPID)" = "$pid" ] && say reloaded, the same process

kill -STOP "$pid"
wanted=1 until_is shown NRestarts
wanted=active until_is shown ActiveState
parshall healthcheck > /dev/null
[ "$(shown MainPID)" != "$pid" ] && say "watchdog: another process"
journalctl -u parshall -o cat --no-pager | grep -c 'Watchdog timeout' || true
wanted=3 until_is metric 'http_requests_total{method="GET",status="200"}'
say "counted once: $(metric 'http_requests_total{method="GET",status="200"}')"

systemctl stop parshall
say "stopped: $(shown ActiveState), $(shown Result), $(shown ExecMainStatus)"

logger -t web -f /srv/lines
journalctl --sync
say "from the journal: $(journalctl -t web -o cat --no-pager | parshall --output none --metrics-file - --web.listen-address none |
  sed -n 's/^http_requests_total{method="GET",status="200"} //p')"
"""

UNIT = """
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/sh /srv/life
ExecStopPost=/bin/systemctl --no-block exit
StandardOutput=file:/srv/said
StandardError=file:/srv/wrong
TimeoutStartSec=150
"""

BOOT = """
set -eu
mount -t tmpfs none {space}
mkdir {space}/upper {space}/work {space}/root
mount -t overlay overlay -o lowerdir=/,upperdir={space}/upper,workdir={space}/work {space}/root
DESTDIR={space}/root cmake --install {build} --prefix /usr > /dev/null
cd {space}/root
: > etc/machine-id
mkdir -p srv etc/systemd/system/parshall.service.d
printf '[Service]\\nWatchdogSec=3s\\nRestartSec=100ms\\n' > etc/systemd/system/parshall.service.d/soon.conf
cp {folder}/life.service etc/systemd/system/life.service
cp {folder}/life {folder}/lines srv/
trap 'cp srv/said srv/wrong {folder}/ 2> /dev/null || true' EXIT
timeout 200 systemd-nspawn --quiet -D {space}/root --register=no --keep-unit --private-network \
  --kill-signal=SIGRTMIN+4 -b systemd.unit=life.service < /dev/null > {folder}/console 2>&1
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a systemd of one's own needs root")
@pytest.mark.skipif(shutil.which("systemd-nspawn") is None, reason="systemd-nspawn is not installed")
@pytest.mark.skipif(not (BUILD / "CMakeCache.txt").exists(), reason="PARSHALL_BIN stands in no build folder")
def test_a_booted_systemd_starts_reloads_restarts_and_stops_the_service(tmp_path):
    space = tmp_path / "space"
    space.mkdir()
    (tmp_path / "life").write_text(LIFE)
    (tmp_path / "life.service").write_text(UNIT)
    (tmp_path / "lines").write_text("".join(
        f'10.0.0.1 - - [21/Nov/2026:09:32:3{n} +0000] "GET /{n} HTTP/1.1" 200 5 "-" "t"\n' for n in range(3)))
    done = subprocess.run(["unshare", "--mount", "sh", "-c", BOOT.format(space=space, folder=tmp_path, build=BUILD)],
                          capture_output=True, text=True, timeout=240, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    said, wrong, console = ((tmp_path / name).read_text(errors="replace") if (tmp_path / name).exists() else ""
                            for name in ("said", "wrong", "console"))
    if UP not in said:
        pytest.skip(f"no systemd can be booted here: {(done.stderr + console).strip()[-500:]}")
    assert said.splitlines() == [
        UP,
        "started: active, notify, 1 status",
        "counted 3",
        "reloaded, the same process",
        "watchdog: another process",
        "1",
        "counted once: 3",
        "stopped: inactive, success, 0",
        "from the journal: 3",
    ], wrong + console[-3000:]
