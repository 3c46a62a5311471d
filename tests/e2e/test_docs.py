"""The snippets of README.md and docs/ do what the text shows.

A fenced block of commands after the comment `<!-- test: NAME -->` is run by bash at the root of the project, with
`parshall` in the PATH; it must exit with 0. A fenced block after `<!-- output: NAME -->` is what it must print: exactly, but
that `…` in a line stands for any text and a line with only `…` for any lines. `$ ` before a command is taken off.
The commands get an empty folder of their own in $TMP.
"""
import os
import re
import subprocess

import pytest

import parshall

BLOCK = re.compile(r"<!-- (test|output): ([\w-]+) -->\n+```\w*\n(.*?)^```$", re.S | re.M)
FILES = [parshall.ROOT / "README.md", *sorted((parshall.ROOT / "docs").glob("*.md"))]


def blocks():
    found = {}
    for path in FILES:
        for kind, name, text in BLOCK.findall(path.read_text(encoding="utf-8")):
            found.setdefault((path.name, name), {})[kind] = text
    return found


def pattern(text):
    lines = text.rstrip("\n").split("\n")
    return "\n".join("(?:.*\n?)*?" if l.strip() == "…" else ".*".join(map(re.escape, l.split("…"))) for l in lines) + r"\n*"


def test_readme_shows_something_that_is_tested():
    assert [name for file, name in blocks() if file == "README.md"]


def test_every_comment_has_its_block():
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"<!-- (?:test|output):", text)) == len(BLOCK.findall(text)), path
    for key, kinds in blocks().items():
        assert "test" in kinds, f"{key}: an output without its commands"


@pytest.mark.parametrize("key", sorted(blocks()), ids=[" ".join(key) for key in sorted(blocks())])
def test_snippet(key, tmp_path):
    kinds = blocks()[key]
    commands = re.sub(r"^\$ ", "", kinds["test"], flags=re.M)
    environment = parshall.environment()
    environment.update(TMP=str(tmp_path), PATH=f"{parshall.BINARY.parent}:{os.environ['PATH']}")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=parshall.ROOT, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    if "output" in kinds:
        assert re.fullmatch(pattern(kinds["output"]), done.stdout), f"{done.stdout}\n--- wanted:\n{kinds['output']}"
