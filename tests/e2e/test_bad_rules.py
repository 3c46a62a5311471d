"""Wrong rule and configuration files (tests/data/rules/bad): each says what is wrong, and where. A file ends with what
`check` must say of it, a line a fault: `# wants LINE:COLUMN: message`."""
import pytest

import parshall

BAD = sorted((parshall.DATA / "rules" / "bad").glob("*.yaml"))


def wanted(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# wants ") for line in lines if line.startswith("# wants ")]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_wrong_file_is_refused_with_message_and_place(path):
    name = str(path.relative_to(parshall.ROOT))
    config = ["--config"] if path.stem.startswith("config_") else []
    done = parshall.run("check", *config, path)
    assert (done.code, done.out) == (2, b"")
    # Other places of the same file are named by its path.
    said = [line.replace(f"parshall: {path}:", "", 1).replace(str(path), name) for line in done.err.splitlines()]
    assert said == wanted(path)


def test_there_are_enough_of_them():
    assert len(BAD) >= 60 and all(wanted(path) for path in BAD)
    assert len({tuple(wanted(path)) for path in BAD}) == len(BAD), "two files show the same fault"
