"""What cmake --install and cpack make: files in their places, units that systemd takes, a package that comes and goes.

The package is installed, upgraded, removed and purged for real, by this machine's dpkg in a copy of this machine that is
thrown away: an overlay over / in a mount namespace of its own. That needs root.
"""
import os
import re
import shutil
import subprocess

import pytest

import parshall

BUILD = parshall.BINARY.parent
pytestmark = pytest.mark.skipif(not (BUILD / "CMakeCache.txt").exists(), reason="PARSHALL_BIN stands in no build folder")


def tool(*command, code=0, env=None, cwd=None, deadline_s=240):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=deadline_s, cwd=cwd,
                          env={**parshall.environment(), **(env or {})})
    assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed") / "prefix"
    tool("cmake", "--install", BUILD, "--prefix", folder)
    return folder


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_destdir_has_everything_where_debian_looks(tmp_path):
    tool("cmake", "--install", BUILD, "--prefix", "/usr", env={"DESTDIR": str(tmp_path)})
    files = files_below(tmp_path)
    for wanted in (
            "usr/bin/parshall", "usr/share/man/man1/parshall.1.gz", "usr/share/bash-completion/completions/parshall",
            "usr/share/zsh/vendor-completions/_parshall", "usr/share/fish/vendor_completions.d/parshall.fish",
            "lib/systemd/system/parshall.service", "lib/systemd/system/parshall@.service", "etc/parshall/parshall.yaml",
            "etc/default/parshall", "usr/share/parshall/rules/nginx.yaml", "usr/share/parshall/rules/parshall.schema.json",
            "usr/share/parshall/rules/compat/darkroom.yaml", "usr/share/doc/parshall/copyright",
            "usr/share/doc/parshall/changelog.gz", "usr/share/doc/parshall/RULES.md"):
        assert wanted in files
    unit = (tmp_path / "lib/systemd/system/parshall.service").read_text()
    assert "ExecStart=/usr/bin/parshall --config /etc/parshall/parshall.yaml" in unit
    assert str(tmp_path) not in unit and "@PARSHALL" not in unit


def test_what_is_installed_works_and_keeps_what_was_changed(prefix):
    assert tool(prefix / "bin/parshall", "--version").startswith("parshall ")
    tool(prefix / "bin/parshall", "check", prefix / "share/parshall/rules/nginx.yaml")
    config = prefix / "etc/parshall/parshall.yaml"
    tool(prefix / "bin/parshall", "check", "--config", config)
    config.write_text("output: none\n")
    assert "Kept: " in tool("cmake", "--install", BUILD, "--prefix", prefix)
    assert config.read_text() == "output: none\n"


@pytest.mark.parametrize("unit", ["parshall.service", "parshall@.service"])
def test_units_are_what_systemd_takes(prefix, unit, tmp_path):
    path = prefix / "lib/systemd/system" / unit
    if "@" in unit:  # only an instance can be looked at
        instance = tmp_path / "parshall@nginx.service"
        shutil.copy(path, instance)
        path = instance
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "MANPATH": str(prefix / "share/man")})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = tool("systemd-analyze", "security", "--offline=true", "--no-pager", path)
    score = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", shown).group(1))
    assert score <= 2.0, shown


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Two versions of the package."""
    folder = tmp_path_factory.mktemp("packages")
    made = []
    for version in ("0.0.1~test1", "0.0.1~test2"):
        out = folder / version
        tool("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", out, env={"PARSHALL_PACKAGE_VERSION": version}, cwd=folder)
        architecture = tool("dpkg", "--print-architecture").strip()
        package = out / f"parshall_{version}-1_{architecture}.deb"
        assert package.exists(), files_below(out)
        made.append(package)
    return made


def test_the_version_says_which_commit_it_is(tmp_path):
    tool("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", tmp_path, cwd=tmp_path)
    package = next(tmp_path.glob("*.deb"))
    version = tool("dpkg-deb", "-f", package, "Version").strip()
    commit = subprocess.run(["git", "rev-parse", "--short=8", "HEAD"], cwd=parshall.ROOT, capture_output=True, text=True)
    if commit.returncode == 0:
        assert commit.stdout.strip() in version or "~" not in version
        tool("dpkg", "--compare-versions", version.split("~")[0], "ge", version)


def test_lintian_finds_no_error(packages):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", str(packages[0])], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stdout
    assert [row for row in done.stdout.splitlines() if row.startswith("E:")] == []


def test_the_package_depends_on_its_libraries(packages):
    depends = tool("dpkg-deb", "-f", packages[0], "Depends")
    for library in ("libc6", "libre2-9", "libyaml-cpp0.7", "libssl3"):
        assert library in depends
    conffiles = tool("dpkg-deb", "-I", packages[0], "conffiles")
    assert conffiles.split() == ["/etc/parshall/parshall.yaml", "/etc/default/parshall"]


LIFE = r"""
set -eu
say() { printf '%s\n' "$*"; }
ours() { find /etc /usr /var/lib/dpkg /var/lib/systemd /var/lib/private -xdev -name '*parshall*' 2> /dev/null; ls -d /var/lib/*parshall* 2> /dev/null || true; }
ours | sort > /tmp/before
dpkg -i "$1" > /dev/null
say installed "$(dpkg-query -W -f '${Version} ${db:Status-Status}' parshall)" "$(command -v parshall)"
parshall check --config /etc/parshall/parshall.yaml > /dev/null
[ -L /etc/systemd/system/multi-user.target.wants/parshall.service ] && say enabled
man -w parshall > /dev/null
rm -f /tmp/log; touch /tmp/log
PARSHALL_WEB_LISTEN_ADDRESS=unix:/tmp/web parshall /tmp/log --output none --state /var/lib/parshall 2> /tmp/err & pid=$!
until grep -q 'metrics are at' /tmp/err; do sleep 0.1; done
parshall healthcheck --web.listen-address unix:/tmp/web
kill $pid; wait $pid || say "ended with $?"

echo '# mine' >> /etc/parshall/parshall.yaml
systemctl disable parshall.service > /dev/null 2>&1
dpkg -i "$2" > /dev/null
say upgraded "$(dpkg-query -W -f '${Version} ${db:Status-Status}' parshall)"
tail -n 1 /etc/parshall/parshall.yaml
[ -L /etc/systemd/system/multi-user.target.wants/parshall.service ] || say still disabled

dpkg -r parshall > /dev/null
[ -e /usr/bin/parshall ] || say removed
[ -e /etc/parshall/parshall.yaml ] && [ -d /var/lib/parshall ] && say configuration and state are kept
dpkg -P parshall > /dev/null
ours | sort > /tmp/after
left=$(comm -13 /tmp/before /tmp/after)
say "left: $left"
dpkg-query -W parshall 2>&1 | head -n 1
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="dpkg needs root")
def test_the_package_comes_and_goes(packages, tmp_path):
    script = tmp_path / "life"
    script.write_text(LIFE)
    # The overlay's own files are on a tmpfs: it cannot lie on what it covers.
    around = f"""
      set -eu
      mount -t tmpfs none {tmp_path}/space
      mkdir {tmp_path}/space/upper {tmp_path}/space/work {tmp_path}/space/root
      mount -t overlay overlay -o lowerdir=/,upperdir={tmp_path}/space/upper,workdir={tmp_path}/space/work {tmp_path}/space/root
      mount -t proc none {tmp_path}/space/root/proc
      mount -t tmpfs none {tmp_path}/space/root/tmp
      cp {script} {packages[0]} {packages[1]} {tmp_path}/space/root/tmp/
      exec chroot {tmp_path}/space/root sh /tmp/life /tmp/{packages[0].name} /tmp/{packages[1].name}
    """
    (tmp_path / "space").mkdir()
    out = tool("unshare", "--mount", "--pid", "--fork", "sh", "-c", around, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert out.splitlines() == [
        "installed 0.0.1~test1-1 installed /usr/bin/parshall",
        "enabled",
        "healthy",
        "upgraded 0.0.1~test2-1 installed",
        "# mine",
        "still disabled",
        "removed",
        "configuration and state are kept",
        "left: ",
        "dpkg-query: no packages found matching parshall",
    ]
