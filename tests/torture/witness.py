"""Watches a run with kills from outside: scrapes, and tells the writer which rotated files a snapshot covers.

A file is covered when the record of its last line stands in the output and, within the same life of the program, two new
snapshots have since taken their place: the first may have been taken before the record was written, the second was not.
Nothing of that asks the program.
"""
import os
import threading
import time

import judge

SCRAPE_S = 0.05
LOOK_S = 0.02


class Witness(threading.Thread):
    def __init__(self, program, load, output=None, state_dir=None, scrapes_max=2000):
        super().__init__(daemon=True)
        self.program, self.load, self.output, self.state_dir = program, load, output, state_dir
        self.scrapes_max = scrapes_max
        self.scrapes, self.differences = [], []
        self.commits = 0
        self._newest, self._life, self._last = None, 0, (0, {})
        self._life_began = 0
        self._safe, self._safe_at, self._searched_to, self._found = 0, 0, 0, None
        self._stopped = threading.Event()

    def stop(self):
        self._stopped.set()
        self.join(60)

    def run(self):
        try:
            self._watch()
        except Exception as error:  # whatever it is: a witness that has left proves nothing
            self.differences.append(f"the witness left: {error!r}")

    def _watch(self):
        scraped = 0.0
        while not self._stopped.wait(LOOK_S):
            if self.program.lives != self._life:
                self._life, self._newest, self._found = self.program.lives, None, None
                self._life_began = self.commits
                self._searched_to = self._safe_at
            if self.state_dir:
                self._look_at_state()
            if self.state_dir and self.output:
                self._look_at_output()
            if time.monotonic() - scraped >= SCRAPE_S:
                scraped = time.monotonic()
                self._scrape()

    def _look_at_state(self):
        try:
            entries = [(e.stat().st_mtime_ns, e.inode()) for e in os.scandir(self.state_dir) if ".tmp" not in e.name]
        except OSError:
            return
        newest = max(entries)[1] if entries else None
        if newest != self._newest:
            self.commits += self._newest is not None
            self._newest = newest

    def _look_at_output(self):
        file = self._safe + 1
        count = self.load.closed.get(file)
        if count is None:
            return
        # A new life cuts the output back before its first snapshot: until that is seen, what stands behind may go again.
        if self._found is None and self.commits > self._life_began:
            at = self._search(f'"/r/{file}/{count - 1}"'.encode()) if count else self._safe_at
            if at is not None:
                self._found = (at, self.commits)
        if self._found and self.commits - self._found[1] >= 2 and self.program.lives == self._life:
            self._safe, self._safe_at, self._searched_to = file, self._found[0], self._found[0]
            self._found = None
            self.load.safe(file)

    def _search(self, needle):
        try:
            with open(self.output, "rb") as stream:
                start = max(0, self._searched_to - len(needle))
                stream.seek(start)
                data = stream.read(1 << 24)
        except OSError:
            return None
        at = data.find(needle)
        self._searched_to = start + len(data)
        return start + at if at >= 0 else None

    def _scrape(self):
        life = self.program.lives
        openmetrics = len(self.scrapes) % 2 == 1
        try:
            text = self.program.scrape_text(openmetrics)
        except UnicodeDecodeError as error:
            self.differences.append(f"a scrape is no UTF-8: {error}")
            return
        if text is None or life != self.program.lives:
            return
        if len(self.scrapes) < self.scrapes_max:
            self.scrapes.append((openmetrics, text))
        if openmetrics:
            return
        counters = judge.counters_of(text)
        if self._last[0] == life:
            self.differences += judge.never_fell(self._last[1], counters)
        self._last = (life, counters)
