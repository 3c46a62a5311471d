"""Reloads under load: P8. Rule sets alternate while lines come, bad files stand in between, and every count is exact."""
import json
import signal
import time

import judge
import numbered
from bar import Bar, verdict
from load import Load
from program import _UnixConnection

RATE = 50_000
LINES_BETWEEN = 4_000

_ALWAYS = """\
metrics:
  - {name: http_requests_total, kind: counter, help: Requests., event: request, labels: {method: method, status: status}}
  - name: http_response_size_bytes
    kind: histogram
    help: Sizes.
    event: request
    value: size
    buckets: %s
    labels: {method: method, status: status}
""" % json.dumps(numbered.BUCKETS)
# One label renamed, one metric added.
SETS = [
    _ALWAYS + "  - {name: hits_total, kind: counter, help: Hits., labels: {status: status}}\n",
    _ALWAYS + "  - {name: hits_total, kind: counter, help: Hits., labels: {code: status}}\n"
              "  - {name: added_total, kind: counter, help: Added., labels: {method: method}}\n",
]
BAD = [
    ("not YAML", "metrics: [\n"),
    ("unknown key", SETS[0] + "  - {name: x_total, kind: counter, helf: x.}\n"),
    ("bad expression", "rules:\n  - {name: x, pattern: '('}\n"),
    ("an example that fails", "rules:\n  - name: x\n    pattern: '^a (?P<b>.)$'\n    examples:\n      - {line: 'zz'}\n"),
    ("empty", ""),
]


class Reloads:
    """Writes the rules and asks for reloads; what came of them is checked at once."""

    def __init__(self, play, folder, found, sources=None):
        """sources: lists of them, which take turns; the rules then stand in a configuration file with them."""
        self.play, self.found = play, found
        self.rules = folder / "rules.yaml"
        self.heads = [f"sources: {json.dumps([str(s) for s in few])}\n" for few in sources or []] or [""]
        self.turn, self.now = 0, 0
        self.write_set(0)

    def write_set(self, which):
        self.write(self.heads[which % len(self.heads)] + SETS[which])

    def write(self, text):
        beside = self.rules.with_suffix(".new")
        beside.write_text(text)
        beside.rename(self.rules)

    def post(self, subject):
        connection = _UnixConnection(subject.socket, subject.context)
        try:
            connection.request("POST", "/-/reload")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def bad(self, subject):
        name, text = self.play.random.choice(BAD)
        self.write(text)
        status, body = self.post(subject)
        if status != 400 or "rules.yaml" not in body:
            self.found.append(f"a bad file ({name}) was answered {status}: {body[:200]}")
        samples = subject.scrape()
        if samples.total("parshall_config_last_reload_successful") != 0:
            self.found.append(f"a bad file ({name}) left parshall_config_last_reload_successful at 1")
        self.generation(samples, f"behind a bad file ({name})")

    def good(self, subject):
        self.turn += 1
        self.now = self.turn % 2
        self.write_set(self.now)
        status, body = self.post(subject)
        if status != 200:
            self.found.append(f"reload {self.turn} was answered {status}: {body[:300]}")

    def generation(self, samples, when):
        """Each scrape is of one rule set: never some series of the one and some of the other."""
        by_code = any("code" in labels for labels, _ in samples.rows("hits_total"))
        by_status = any("status" in labels for labels, _ in samples.rows("hits_total"))
        added = bool(samples.rows("added_total"))
        if (self.now == 0 and (by_code or added)) or (self.now == 1 and by_status):
            self.found.append(f"{when}: a mixed exposition: code {by_code}, status {by_status}, added {added}")

    def counted_by_both(self, samples, when, last):
        """Lines are counted by hits_total from a reload on, so what it lacks does not change until the next one."""
        lacking = samples.total("http_requests_total") - samples.total("hits_total")
        if last is not None and lacking != last:
            self.found.append(f"{when}: hits_total lacks {lacking} lines, {last} just before")
        return lacking


def _p8(play, kills=0, sources=False):
    found = []
    truth = numbered.Truth()
    with play.round() as folder:
        log, other = folder / "access.log", folder / "other.log"
        other.touch()
        reloads = Reloads(play, folder, found, [[log], [other, log]] if sources else None)
        named = ["--config", reloads.rules] if sources else [log, "--rules", reloads.rules]
        kill_at = set(play.random.sample(range(play.rounds), min(kills, play.rounds)))
        with Load(folder, play.seed, "--lines-per-s", RATE, "--rotate-s", 2, "--keep", 50) as load, \
                play.program(*named, "--web.enable-lifecycle", folder=folder, state=bool(kills)) as subject:
            subject.start().ready()
            subject.until(lambda: (subject.lines_read() or 0) > 1000, "lines come")
            began, before = time.monotonic(), {}
            for turn in range(play.rounds):
                goal = (subject.lines_read() or 0) + LINES_BETWEEN
                subject.until(lambda: (subject.lines_read() or 0) >= goal, "lines come")
                if turn in kill_at:
                    reloads.write_set(play.random.randrange(2))
                    _kill_around_a_reload(play, reloads, subject)
                    before = {}
                if turn % 3 == 2:
                    reloads.bad(subject)
                reloads.good(subject)
                last = None
                for _ in range(2):
                    samples = subject.scrape()
                    reloads.generation(samples, f"reload {turn}")
                    last = reloads.counted_by_both(samples, f"reload {turn}", last)
                now = {k: v for k, v in judge.counters_of(samples.text).items()
                       if "hits_total" not in k and "added_total" not in k}
                found += judge.never_fell(before, now)
                before = now
            took = time.monotonic() - began
            truth = load.stop()
            subject.wait_lines(truth.total)
            samples = subject.stop()
            if not kills and samples.total("parshall_config_reloads_total", result="success") != play.rounds:
                found.append(f"{samples.by('parshall_config_reloads_total', 'result')} reloads, not {play.rounds}")
            play.note(f"{play.rounds} reloads in {took:.1f} s, {truth.total} lines ({truth.total / took:.0f} a second), "
                      f"{len(kill_at)} kills")
            found += verdict(samples, truth, folder / "records.jsonl")
    return found


def _kill_around_a_reload(play, reloads, subject):
    """kill -9 a moment before, in or behind a reload by SIGHUP; the next life finds whatever file stands there."""
    subject.process.send_signal(signal.SIGHUP)
    time.sleep(play.random.random() * 0.02)  # the moment of the kill is what is tried out; nothing is waited for
    subject.kill()
    reloads.now = int("code" in reloads.rules.read_text())
    reloads.turn = reloads.now
    subject.start().ready()


def _p8_state(play):
    return _p8(play, kills=max(1, play.rounds // 5)) if play.state else []


def _p8_sources(play):
    return _p8(play, sources=True)


BARS = [
    Bar("P8-reload", "reloads under load, bad files in between: every count exact, the output complete", _p8, 100, 10),
    Bar("P8-state", "the same with a state and kill -9 around reloads", _p8_state, 100, 10),
    Bar("P8-sources", "the same, and a source comes and goes with each reload", _p8_sources, 100, 10),
]
