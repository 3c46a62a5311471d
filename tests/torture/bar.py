"""What a bar is: one situation, how often it is played, and a function that plays it and returns the differences."""
import contextlib
import hashlib
import pathlib
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from typing import Callable

import judge
import parshall
import program


@dataclass(frozen=True)
class Bar:
    name: str  # K1-file-glob
    what: str  # one sentence
    play: Callable  # play(Play) -> differences
    long: int  # rounds (for K1: kills) of the long form
    short: int  # and in CI

    @property
    def id(self):
        return self.name.split("-")[0]


@dataclass
class Play:
    """One performance of a bar. Random numbers come from the seed and the bar's name only."""

    seed: int
    name: str
    rounds: int
    folder: pathlib.Path
    interval: str = "50ms"
    state: bool = True
    keep: bool = False
    notes: list = field(default_factory=list)

    def __post_init__(self):
        digest = hashlib.sha256(f"{self.seed}/{self.name}".encode()).digest()
        self.random = random.Random(int.from_bytes(digest[:8], "big"))

    def note(self, text):
        self.notes.append(text)

    def state_flags(self, folder=None, interval=None):
        """--state for this performance; nothing when it is played without one."""
        if not self.state:
            return []
        flags = ["--state", str(folder or self.folder / "state")]
        interval = interval or self.interval
        return flags if interval == "default" else [*flags, "--state.interval", interval]

    def program(self, *args, output=None, state=True, folder=None, interval=None, **more):
        folder = pathlib.Path(folder or self.folder)
        output = folder / "records.jsonl" if output is None else output
        flags = self.state_flags(folder / "state", interval) if state else []
        return program.Program(folder, *args, *flags, output=output, **more)

    @contextlib.contextmanager
    def round(self):
        """A fresh folder; it stays while folders are kept."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="round-", dir=self.folder))
        yield folder
        if not self.keep:
            shutil.rmtree(folder, ignore_errors=True)


def verdict(samples, truth, output=None, ledger_lines=True):
    """What most bars end with: the series, the ledger and the output file against the truth."""
    found = judge.series(samples, truth) + judge.ledger(samples, truth.total if ledger_lines else None)
    if output is not None:
        found += judge.records(judge.Seen().file(output), truth)
    return found


def perform(bar, seed, rounds, keep=False, **options):
    """(differences, notes) of one bar in a folder of its own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"torture-{bar.id.lower()}-"))
    play = Play(seed, bar.name, rounds, folder, keep=keep, **options)
    try:
        differences = bar.play(play)
    except (program.Failed, AssertionError) as failure:
        differences = [f"{type(failure).__name__}: {failure}"]
    if differences and keep:
        play.note(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return differences, play.notes


__all__ = ["Bar", "Play", "parshall", "perform", "verdict"]
