#!/usr/bin/python3
"""writer.py FOLDER: writes numbered access lines to FOLDER/access.log at a steady rate and rotates by rename.

Each rotated file has a number of its own (/r/<file>/<seq>). Writes are cut at any byte, so that there often is half a
line, and some go to the old file after its rename, as a server's do until it is told to reopen.
Of rotated files access.log.1 … .<keep> stay; older ones are deleted when the other side said `safe <file>` on stdin, that
is when a snapshot covers them: what nobody could have read is no loss of the reader.
stdin:  safe N (files up to N may go) · pause · go · stop
stdout: closed N COUNT (a file got its last line) · paused COUNT (so many lines are written) · and at the end a line of JSON with what was written
"""
import argparse
import json
import os
import random
import select
import sys
import time

import numbered

TICK_S = 0.002
LAG_S_MAX = 0.5  # after a pause of the whole machine the rate goes on, without a flood


class Writer:
    def __init__(self, arguments):
        self.arguments = arguments
        self.random = random.Random(arguments.seed)
        self.path = os.path.join(arguments.folder, "access.log")
        self.number, self.seq = arguments.first_file - 1, 0
        self.counts, self.rest = {}, b""
        self.kept = []  # the numbers of access.log.1, .2, …
        self.kept_most, self.rotations, self.safe = 0, 0, 0
        self.fd = None
        self.open_next()

    def open_next(self):
        if self.fd is not None:
            os.close(self.fd)
            self.say(f"closed {self.number} {self.seq}")
        self.number, self.seq = self.number + 1, 0
        self.counts[self.number] = 0
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write_lines(self, count):
        data = self.rest + numbered.lines(self.number, self.seq, count)
        self.seq += count
        self.counts[self.number] = self.seq
        cut = len(data) - (self.random.randrange(120) if self.random.random() < 0.5 else 0)
        cut = max(cut, 0)
        self.write(data[:cut])
        self.rest = data[cut:]

    def write(self, data):
        while data:
            data = data[os.write(self.fd, data):]

    def rotate(self):
        for i in range(len(self.kept), 0, -1):
            os.rename(f"{self.path}.{i}", f"{self.path}.{i + 1}")
        os.rename(self.path, f"{self.path}.1")
        self.kept.insert(0, self.number)
        while len(self.kept) > self.arguments.keep and self.kept[-1] <= self.safe:
            os.unlink(f"{self.path}.{len(self.kept)}")
            self.kept.pop()
        self.kept_most = max(self.kept_most, len(self.kept))
        self.rotations += 1
        late = self.random.randrange(4)
        for _ in range(late):  # not reopened yet
            self.write_lines(self.random.randrange(40))
            time.sleep(TICK_S)
        self.write(self.rest)
        self.rest = b""
        self.open_next()

    @staticmethod
    def say(text):
        print(text, flush=True)

    def run(self):
        rate, every = self.arguments.lines_per_s, self.arguments.rotate_s
        owed, last, rotated = 0.0, time.monotonic(), time.monotonic()
        going, pending = not self.arguments.paused, b""
        if not going:
            self.write_lines(int(rate * TICK_S))
        while True:
            readable, _, _ = select.select([0], [], [], TICK_S if going else 1.0)
            if readable:
                block = os.read(0, 65536)
                *words, pending = (pending + block).split(b"\n")
                if not block:
                    words.append(b"stop")
                for word in words:
                    if word.startswith(b"safe "):
                        self.safe = max(self.safe, int(word[5:]))
                    elif word == b"pause":
                        self.write(self.rest)
                        self.rest, going = b"", False
                        self.say(f"paused {sum(self.counts.values())}")
                    elif word == b"go":
                        going, last = True, time.monotonic()
                    elif word == b"stop":
                        return self.finish()
            now = time.monotonic()
            if going:
                owed += rate * min(now - last, LAG_S_MAX)
                last = now
                if owed >= 1:
                    self.write_lines(int(owed))
                    owed -= int(owed)
                if every and now - rotated >= every:
                    rotated = now
                    self.rotate()

    def finish(self):
        self.write(self.rest)
        os.fsync(self.fd)
        os.close(self.fd)
        self.say(json.dumps({"counts": self.counts, "kept_most": self.kept_most, "rotations": self.rotations}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--lines-per-s", type=float, default=20000)
    parser.add_argument("--rotate-s", type=float, default=0.5, help="0: never")
    parser.add_argument("--keep", type=int, default=3)
    parser.add_argument("--first-file", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--paused", action="store_true", help="write a few lines and wait for go")
    Writer(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
