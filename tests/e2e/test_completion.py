"""What shells make of the completion scripts, and the manual page as readers of roff see it."""
import contextlib
import os
import pty
import shutil
import subprocess
import threading

import pytest

import parshall

pytestmark = pytest.mark.sanitized


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    for shell in ("bash", "zsh", "fish"):
        done = parshall.run("--print-completion", shell)
        assert done.code == 0, done.err
        (folder / shell).write_bytes(done.out)
    done = parshall.run("--print-man")
    assert done.code == 0, done.err
    (folder / "parshall.1").write_bytes(done.out)
    return folder


def bash_offers(scripts, *words):
    """What bash offers for the last of these words. It splits at = as COMP_WORDBREAKS says."""
    script = f"""
      source {scripts}/bash
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
      _parshall
      printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", "parshall", *words], capture_output=True, text=True,
                          timeout=20, cwd=scripts)
    assert done.stderr == "", done.stderr
    return sorted(filter(None, done.stdout.split("\n")))


def fish_offers(scripts, line):
    done = subprocess.run(["fish", "-N", "-c", f"source {scripts}/fish; complete -C '{line}'"], capture_output=True, text=True,
                          timeout=20, cwd=scripts)
    assert done.returncode == 0, done.stderr
    return sorted(row.split("\t")[0] for row in done.stdout.split("\n") if row)


CASES = [
    # (words, what is offered; a set: at least these; None: not these)
    (["che"], ["check"]),
    (["--from", ""], ["beginning", "end"]),
    (["--from", "=", "e"], ["end"]),
    (["--from="], ["--from=beginning", "--from=end"]),
    (["--output.on-error", "d"], ["drop"]),
    (["--schema", ""], ["ecs", "flat"]),
    (["--log.level", "w"], ["warning"]),
    (["--print-completion", ""], ["bash", "fish", "zsh"]),
    (["--threads", ""], []),
    (["--web.e"], ["--web.enable-lifecycle"]),
    (["explain", "--js"], ["--json"]),
    (["check", "--js"], []),
    (["check", "--pl"], ["--plans"]),
    (["--config", "check", "--js"], []),  # the value of a flag is no command
    (["--config", "x.yaml", "explain", "--js"], ["--json"]),
    (["healthcheck", "--ur"], ["--url", "--url.ca-file"]),
    (["--config", "pars"], ["parshall.1"]),
    (["--output", "no"], ["none"]),
    (["check", "pars"], ["parshall.1"]),
    (["formats", "pars"], []),
    (["generate", ""], ["alerts", "dashboard", "recording"]),
    (["generate", "--job", "x", "d"], ["dashboard"]),
    (["--format", "metric_"], ["metric_event", "metric_events"]),
]


@pytest.mark.parametrize("words,wanted", CASES, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_bash_completes(scripts, words, wanted):
    assert bash_offers(scripts, *words) == wanted


def test_bash_offers_flags_of_the_command_only(scripts):
    flags = set(bash_offers(scripts, "healthcheck", "--"))
    assert {"--url", "--web.config.file", "--help"} <= flags
    assert not {"--once", "--output", "--plans"} & flags


def test_bash_completes_a_file_with_a_blank(scripts):
    (scripts / "a log.txt").touch()
    assert bash_offers(scripts, "check", "a l") == ["a log.txt"]


def test_fish_completes(scripts):
    assert fish_offers(scripts, "parshall che") == ["check"]
    assert fish_offers(scripts, "parshall --from ") == ["beginning", "end"]
    assert fish_offers(scripts, "parshall explain --js") == ["--json"]
    assert fish_offers(scripts, "parshall check --js") == []
    assert fish_offers(scripts, "parshall --config check --onc") == ["--once"]
    assert "parshall.1" in fish_offers(scripts, "parshall check pars")
    assert fish_offers(scripts, "parshall formats pars") == []
    assert fish_offers(scripts, "parshall generate ") == ["alerts", "dashboard", "recording"]


def test_zsh_completes(scripts):
    """In a pseudo terminal, as somebody who presses Tab; a widget then writes down what the line has become."""
    functions = scripts / "zsh-functions"
    functions.mkdir()
    shutil.copy(scripts / "zsh", functions / "_parshall")
    seen = scripts / "seen"
    (scripts / "rc").write_text(f"""
      fpath=({functions} $fpath); autoload -U compinit; compinit -u -D
      tab() {{ zle complete-word; print -r -- "$BUFFER" >> {seen}; BUFFER=; }}
      zle -N tab; bindkey '^I' tab; print ok >> {seen}
    """)
    lines = {"parshall --log.level=war": "parshall --log.level=warning", "parshall hea": "parshall healthcheck",
             "parshall explain --js": "parshall explain --json", "parshall --from b": "parshall --from beginning",
             "parshall check --js": "parshall check --js", "parshall generate al": "parshall generate alerts", "parshall --config check --onc": "parshall --config check --once"}
    seen.touch()

    def became(count):
        rows = seen.read_text().splitlines()
        return rows if len(rows) >= count else None

    with pseudo_terminal(["zsh", "-f", "-i"]) as type_keys:
        type_keys(f"source {scripts}/rc\n")
        parshall.wait_until(lambda: became(1), "zsh is there")
        for n, line in enumerate(lines, 2):
            type_keys(line + "\t")
            parshall.wait_until(lambda n=n: became(n), f"zsh answers to {line!r}")
    assert [row.strip() for row in became(1)] == ["ok", *lines.values()]


@contextlib.contextmanager
def pseudo_terminal(command):
    """Runs it on a terminal of its own; what it prints is read and thrown away, so that it never waits for that."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, start_new_session=True,
                               env={**os.environ, "TERM": "dumb"})
    os.close(its)

    def throw_away():
        with contextlib.suppress(OSError):
            while os.read(ours, 4096):
                pass

    reader = threading.Thread(target=throw_away)
    reader.start()
    try:
        yield lambda keys: os.write(ours, keys.encode())
    finally:
        process.kill()
        process.wait()
        reader.join()
        os.close(ours)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_good_syntax(scripts, shell):
    done = subprocess.run([shell, "-n", str(scripts / shell)], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_readers_of_manual_pages_have_nothing_to_say(scripts):
    page = scripts / "parshall.1"
    lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", str(page)], capture_output=True, text=True, timeout=20)
    assert (lint.returncode, lint.stdout) == (0, "")
    groff = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", str(page)], capture_output=True, text=True, timeout=20)
    assert (groff.returncode, groff.stderr) == (0, "")
    shown = subprocess.run(["mandoc", "-Tascii", str(page)], capture_output=True, text=True, timeout=20).stdout
    for wanted in ("--web.listen-address", "PARSHALL_LOG_LEVEL", "healthcheck"):
        assert wanted in _plain(shown)


def _plain(text):
    """Without overstriking: bold is x BS x, underlined _ BS x."""
    out = []
    for c in text:
        if c == "\b":
            out.pop()
        else:
            out.append(c)
    return "".join(out)


def test_wrong_shells_are_refused(scripts):
    done = parshall.run("--print-completion", "tcsh")
    assert done.code == 2
    assert "bash, zsh or fish" in done.err
