"""explain says where a line stopped and what became of it; unmatched lines of a running instance are shown by shape."""

import json
import subprocess

import parshall

RULES = """\
rules:
  - name: job
    pattern: '^job (?P<id>\\d+) took (?P<took>\\d+)ms$'
    fields: {took: {type: duration, unit: ms}}
    transforms:
      - drop: {id: '0'}
        reason: idle
      - redact: {field: id, match: '^\\d', with: 'x'}
    sample: {one_in: 1000000000, by: id}
    examples: [{line: job 1 took 5ms}]
  - name: word
    pattern: '^(?P<word>[a-z]+)$'
    examples: [{line: hello}]
"""


def explain(tmp_path, *arguments):
    rules = tmp_path / "r.yaml"
    rules.write_text(RULES)
    return subprocess.run([parshall.BINARY, "explain", "--rules", rules, *arguments], capture_output=True, text=True,
                          timeout=30, env=parshall.environment())


def test_a_miss_names_the_rule_that_came_furthest(tmp_path):
    done = explain(tmp_path, "--json", "job 12 tok 5ms")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["outcome"] == "unmatched"
    assert answer["nearest"]["rule"] == "job"
    assert answer["nearest"]["prefix"] == "job 12 to"
    assert "byte 10" in answer["nearest"]["why"]
    people = explain(tmp_path, "job 12 tok 5ms").stdout
    assert 'nearest  job: matched "job 12 to", then stopped at byte 10' in people


def test_a_hit_shows_transforms_samples_and_cost(tmp_path):
    answer = json.loads(explain(tmp_path, "--json", "job 12 took 5ms").stdout)
    assert answer["record"]["id"] == "x2"
    assert answer["sampled_out"] is True
    assert 0 < answer["nanos"] < 10_000_000
    assert "nearest" not in answer
    dropped = json.loads(explain(tmp_path, "--json", "job 0 took 5ms").stdout)
    assert dropped["outcome"] == "dropped"
    assert dropped["rule"] == "job"
    assert dropped["drop_reason"] == "idle"
    assert dropped["record"] is None
    assert "none: a transform drops it, reason idle" in explain(tmp_path, "job 0 took 5ms").stdout


def test_unmatched_lines_of_a_running_instance_are_shown_by_shape(tmp_path):
    rules = tmp_path / "r.yaml"
    rules.write_text(RULES)
    address = tmp_path / "web"
    run = subprocess.Popen([parshall.BINARY, "--rules", rules, "--output", "none", "--web.listen-address", f"unix:{address}"],
                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env=parshall.environment())
    try:
        run.stdin.write(b"job 1 took 5ms\nJOB 7!\nJOB 88!\n\xff?\nhello\n")
        run.stdin.flush()

        def ask(*more):
            return subprocess.run([parshall.BINARY, "explain", "--unmatched", "--url", f"unix:{address}", *more],
                                  capture_output=True, text=True, timeout=30, env=parshall.environment())

        def seen():
            done = ask("--json")
            return done.returncode == 0 and json.loads(done.stdout)["lines"] == 3

        parshall.wait_until(seen, "three unmatched lines")
        answer = json.loads(ask("--json").stdout)
        assert answer["other_lines"] == 0
        assert [(row["shape"], row["lines"], row["source"]) for row in answer["shapes"]] == [("a 0!", 2, "stdin"), ("a?", 1, "stdin")]
        assert answer["shapes"][0]["sample"] == "JOB 7!"
        people = ask().stdout
        assert people.startswith("3 lines matched no rule\n")
        assert 'sample   "JOB 7!"' in people
    finally:
        run.stdin.close()
        run.wait(timeout=30)


def test_unmatched_needs_an_instance(tmp_path):
    done = subprocess.run([parshall.BINARY, "explain", "--unmatched", "--url", f"unix:{tmp_path}/none"], capture_output=True,
                          text=True, timeout=30, env=parshall.environment())
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    both = subprocess.run([parshall.BINARY, "explain", "--unmatched", "x"], capture_output=True, text=True, timeout=30,
                          env=parshall.environment())
    assert both.returncode == 2


def check(tmp_path, text):
    rules = tmp_path / "c.yaml"
    rules.write_text(text)
    done = subprocess.run([parshall.BINARY, "check", rules], capture_output=True, text=True, timeout=30,
                          env=parshall.environment())
    assert done.returncode == 0, done.stderr
    return done.stderr.replace(str(tmp_path), "")


def test_check_warns_of_slow_expressions_and_durations_without_unit(tmp_path):
    slow = check(tmp_path, "rules:\n  - name: a\n    pattern: 'took (?P<t>\\d+)'\n    fields: {t: duration}\n    examples: [{line: took 5}]\n")
    assert "/c.yaml:3:15: rule \"a\" can only run on RE2" in slow
    assert "begin it with ^" in slow
    assert "/c.yaml:4:14: rule \"a\": field \"t\" is a duration without a unit, taken for seconds" in slow
    assert check(tmp_path, "rules:\n  - name: a\n    pattern: '^took (?P<t>\\d+)$'\n"
                 "    fields: {t: {type: duration, unit: s}}\n    examples: [{line: took 5}]\n") == ""
