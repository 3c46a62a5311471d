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


def line_fits(wanted, line):
    """Whether a line is what the text shows; the parts between `…` are looked for from left to right."""
    first, *rest = wanted.split("…")
    if not rest:
        return line == wanted
    *middle, last = rest
    at = len(first)
    for part in middle:
        found = line.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return line.startswith(first) and line.endswith(last) and at <= len(line) - len(last)


def fits(wanted, shown):
    """Whether lines are what the text shows, where a line `…` stands for any lines. Both are walked once for each `…`: an
    expression with `(.*\\n)*` in it would try all ways to share the lines out before it says no."""
    wanted, shown = wanted.rstrip("\n").split("\n"), shown.rstrip("\n").split("\n")
    blocks, block = [], []
    for line in wanted:
        if line.strip() == "…":
            blocks.append(block)
            block = []
        else:
            block.append(line)
    blocks.append(block)

    def stands(block, at):
        return len(block) <= len(shown) - at and all(map(line_fits, block, shown[at:at + len(block)]))

    if len(blocks) == 1:
        return len(block) == len(shown) and stands(block, 0)
    if not stands(blocks[0], 0):
        return False
    at = len(blocks[0])
    for block in blocks[1:-1]:
        while not stands(block, at):
            at += 1
            if at > len(shown):
                return False
        at += len(block)
    last = len(shown) - len(blocks[-1])
    return at <= last and stands(blocks[-1], last)


@pytest.mark.parametrize("wanted, shown, answer", [
    ("a\nb", "a\nb\n", True), ("a\nb", "a\n", False), ("a", "a\nb", False), ("a\n", "a", True),
    ("a…c", "abc", True), ("a…c", "ac", True), ("a…c", "a\nc", False), ("a…a", "a", False), ("ab…ba", "aba", False),
    ("x…1…1y", "x11y", True), ("x…1…1y", "x1y", False), ("a.c", "abc", False),
    ("…", "", True), ("…", "a\nb", True), ("a\n…", "a", True), ("a\n…", "b\na", False), ("…\na", "b\na", True), ("…\na", "a\nb", False),
    ("a\n…\nb\n…\nc", "a\nx\nb\nc", True), ("a\n…\nb\n…\nc", "a\nc\nb", False), ("a\n…\na", "a", False),
    ("\n".join(["…", "{"] * 20), "x\n" * 5000, False), ("…".join("a" * 40) + "b", "a" * 5000, False)])
def test_what_a_text_shows(wanted, shown, answer):
    assert fits(wanted, shown) is answer


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
        assert fits(kinds["output"], done.stdout), f"{done.stdout}\n--- wanted:\n{kinds['output']}"
