"""The other side of writer.py: starts it, reads its reports, asks it to stop, and turns its count into a Truth."""
import contextlib
import json
import pathlib
import subprocess
import threading

import numbered

HERE = pathlib.Path(__file__).resolve().parent


class Load:
    def __init__(self, folder, seed, *args):
        self.closed = {}  # file: lines; written by the reader thread only
        self.report = None
        self._paused = threading.Event()
        self._written = 0
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-B", str(HERE / "writer.py"), str(folder), "--seed", str(seed), *map(str, args)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "closed":
                self.closed[int(words[1])] = int(words[2])
            elif words[0] == "paused":
                self._written = int(words[1])
                self._paused.set()
            else:
                self.report = json.loads(line)

    def _say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def safe(self, file):
        with contextlib.suppress(OSError, ValueError):  # it may have been stopped meanwhile
            self._say(f"safe {file}")

    def pause(self):
        """It writes nothing more until go(); returns how many lines it has written."""
        self._paused.clear()
        self._say("pause")
        assert self._paused.wait(60), "the writer does not answer"
        return self._written

    def go(self):
        self._say("go")

    def stop(self):
        """Ends it; returns the Truth."""
        self._say("stop")
        self.process.wait(60)
        self._reader.join(60)
        truth = numbered.Truth()
        for file, count in self.report["counts"].items():
            truth.wrote(int(file), count)
        return truth

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(10)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.stdout.close()
