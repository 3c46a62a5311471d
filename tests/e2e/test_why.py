"""explain says where a line stopped and what became of it; unmatched lines of a running instance are shown by shape."""

import json
import subprocess

import pytest

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


STEPS = """\
rules:
  - name: shop
    pattern: '^(?P<client>\\S+) (?P<path>\\S+) (?P<user>\\S+) "(?P<agent>[^"]*)"$'
    fields: {user: {null: '-'}}
    event: request
    transforms:
      - drop: {path: /health}
        reason: health
      - redact: {field: client, preset: ip}
      - user_agent: {field: agent, family: browser, device: device}
      - rename: {path: route}
      - remove: agent
      - add: {site: shop}
    examples: [{line: '10.1.2.3 / ann "curl/8"'}]
metrics:
  - name: hits_total
    kind: counter
    help: Hits.
    labels:
      route: {field: route, template: path}
      user: {field: user, other: nobody}
      browser: {field: browser, values: [Firefox]}
      device: device
"""


def explain_steps(tmp_path, *arguments):
    rules = tmp_path / "s.yaml"
    rules.write_text(STEPS)
    done = subprocess.run([parshall.BINARY, "explain", "--rules", rules, *arguments], capture_output=True, text=True,
                          timeout=60, env=parshall.environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_hit_shows_what_each_transform_changed(tmp_path):
    line = '10.1.2.3 /users/4711 - "curl/8.1"'
    answer = json.loads(explain_steps(tmp_path, "--json", line))
    steps = [(step["step"], {change["field"]: (change.get("before"), change.get("after")) for change in step["changes"]})
             for step in answer["transforms"]]
    assert steps == [
        ("drop", {}),
        ("redact", {"client": ("10.1.2.3", "10.1.2.0")}),
        ("user_agent", {"browser": (None, "curl"), "device": (None, "other")}),
        ("rename", {"path": ("/users/4711", None), "route": (None, "/users/4711")}),
        ("remove", {"agent": ("curl/8.1", None)}),
        ("add", {"site": (None, "shop")}),
    ]
    assert answer["transforms"][0]["where"].endswith("s.yaml:7:9")
    people = explain_steps(tmp_path, line)
    assert "step     drop: changes nothing\n" in people
    assert 'step     redact: client: "10.1.2.3" → "10.1.2.0"\n' in people
    assert 'step     remove: agent: "curl/8.1" → gone\n' in people
    assert 'step     add: site: "shop" (new)\n' in people
    assert "field    user (null)\n" in people
    dropped = json.loads(explain_steps(tmp_path, "--json", '10.1.2.3 /health - "curl/8.1"'))
    assert dropped["transforms"] == [{"step": "drop", "where": dropped["transforms"][0]["where"], "changes": [], "drop_reason": "health"}]
    assert dropped["labels"] == []


def test_a_hit_shows_why_a_label_is_another_text_than_its_field(tmp_path):
    line = '10.1.2.3 /users/4711 - "curl/8.1"'
    answer = json.loads(explain_steps(tmp_path, "--json", line))
    assert answer["labels"] == [
        {"metric": "hits_total", "label": "route", "field": "route", "before": "/users/4711", "after": "/users/:id", "why": "template: path"},
        {"metric": "hits_total", "label": "user", "field": "user", "before": "null", "after": "nobody", "why": "there is no value"},
        {"metric": "hits_total", "label": "browser", "field": "browser", "before": "curl", "after": "other", "why": "not in values:"},
    ]
    people = explain_steps(tmp_path, line)
    assert 'label    route: route "/users/4711" → "/users/:id" (template: path)\n' in people
    assert 'label    user: user null → "nobody" (there is no value)\n' in people
    assert 'metric   hits_total{route="/users/:id",user="nobody",browser="other",device="other"} +1\n' in people


@pytest.mark.parametrize("metric,said", [
    ("value: duration", ""),
    ("value: request_time", '"a_total" is never fed: no rule gives the field "request_time" ($request_time is the field "duration")'),
    ("labels: {ip: {field: remote_addr, limit: 9}}",
     '"a_total": label "ip" is always "other": no rule gives the field "remote_addr" ($remote_addr is the field "host")'),
    # The format does not log it, so it has no other name.
    ("value: body_bytes_sent", '"a_total" is never fed: no rule gives the field "body_bytes_sent" (known here: duration, host)'),
])
def test_check_says_what_a_servers_variable_is_called_here(tmp_path, metric, said):
    rules = tmp_path / "v.yaml"
    rules.write_text("rules: [{name: web, log_format: {nginx: '$remote_addr $request_time'}, examples: [{line: '10.0.0.1 0.1'}]}]\n"
                     f"metrics: [{{name: a_total, kind: counter, help: A., {metric}}}]\n")
    done = parshall.run("check", rules)
    assert done.code == 0
    assert [line.split(": metric ", 1)[1] for line in done.err.splitlines()] == ([f"{said} (warning)"] if said else [])


MISTYPED = """\
rules:
  - name: text
    pattern: '^n=(?P<n>\\w+) from (?P<ip>\\S+)$'
    fields: {n: int, ip: ip}
    examples: [{line: n=1 from 10.0.0.1}]
  - name: pair
    logfmt: true
    when: {n: '*'}
    fields: {n: {type: int, as: number}}
    examples: [{line: n=1}]
  - name: event
    json: true
    fields:
      n: int
      took: {type: duration, unit: ms}
      at.ms: {type: int, as: ms}
      at.s: {type: int, as: ms}
      fine: {type: int, default: '7'}
    examples: [{line: '{"n": 1, "took": 5}'}]
metrics:
  - {name: n_total, kind: counter, help: N., rules: event, value: n}
"""


@pytest.mark.parametrize("line,rule,whys,refused", [
    ('{"n": 1, "took": 5}', "event", {}, []),
    ('{"n": null}', "event", {}, []),
    ('{"n": "lots", "took": {"ms": 5}}', "event", {
        "n": 'the event has "lots", which is no int; the record keeps it as it came',
        "took": 'the event has {"ms": 5}, which is no duration: a number is wanted; the record keeps it as it came'},
     ["n_total: not_a_number"]),
    ('{"at": {"s": [1]}}', "event", {"ms": "the event has [1], which is no int; the record keeps it as it came"}, []),
    ('{"fine": "x"}', "event", {}, []),
    ("n=many from 10.0.0.1", "text", {"n": "this is no int, so the line is rejected: no metric counts it"}, []),
    ("n=1 from home", "text", {"ip": "this is no IP address, so the line is rejected: no metric counts it"}, []),
    ("n=many", "pair", {"number": 'the event has "many", which is no int; the record keeps it as it came'}, []),
])
def test_a_value_that_is_not_of_its_type_is_shown_and_said_so(tmp_path, line, rule, whys, refused):
    rules = tmp_path / "m.yaml"
    rules.write_text(MISTYPED)
    told = {}
    for form in ("--json", None):
        done = subprocess.run([parshall.BINARY, "explain", "--rules", rules, *([form] if form else []), line], capture_output=True, text=True,
                              timeout=30, env=parshall.environment())
        assert (done.returncode, done.stderr) == (0, "")
        told[form] = done.stdout
    answer = json.loads(told["--json"])
    assert answer["rule"] == rule
    assert {field["name"]: field["why"] for field in answer["fields"] if "why" in field} == whys
    assert answer["refused"] == refused
    assert answer["outcome"] == ("rejected" if rule == "text" else "matched")
    assert (", rejected: a value is not of its type\n" in told[None]) == (rule == "text")
    for why in whys.values():
        assert f": {why}" in told[None]
    for metric in refused:
        assert f"refused  {metric}\n" in told[None]


def test_check_of_the_shipped_folder_takes_packs_one_at_a_time(tmp_path):
    done = parshall.run("check", parshall.ROOT / "rules", parshall.ROOT / "rules" / "compat")
    assert (done.code, done.err) == (0, "")
    lines = done.out.decode().splitlines()
    files = sum(1 for _ in (parshall.ROOT / "rules").rglob("*.yaml"))
    first = lines[0].split(": ")[0].split(", ")
    assert [path.rsplit("/", 1)[1] for path in first] == ["access.yaml", "gunicorn.yaml", "json.yaml", "metrics.yaml", "structlog.yaml"]
    assert all(line.endswith(": fine") for line in lines[:-1])
    assert len(lines) - 2 + len(first) == files
    assert lines[-1] == f"{files} files in {len(lines) - 1} sets of rules that run together: all fine"


def test_check_of_an_own_folder_names_examples_that_another_file_takes(tmp_path):
    for name, rule in (("a", "first"), ("nginx", "second")):  # called as a pack, but no copy of it
        (tmp_path / f"{name}.yaml").write_text(
            f"rules:\n  - name: {rule}\n    pattern: '^(?P<word>[a-z]+)$'\n    examples: [{{line: hello}}]\n")
    done = parshall.run("check", tmp_path)
    assert done.code == 2
    assert 'the rule "second" does not match its example, the rule "first" takes it first (put this rule before it, or make one of them stricter): hello' in done.err
    assert parshall.run("check", tmp_path / "a.yaml", tmp_path / "nginx.yaml").code == 2
    assert parshall.run("check", tmp_path / "nginx.yaml").code == 0


def test_check_with_flags_is_what_a_run_would_do():
    rules = parshall.ROOT / "rules"
    done = parshall.run("check", "--rules", rules / "access.yaml", "--rules", rules / "nginx.yaml")
    assert done.code == 2 and "takes it first" in done.err
    assert parshall.run("check", rules / "access.yaml", rules / "nginx.yaml").code == 0


def test_check_shows_the_faults_of_all_sets(tmp_path):
    (tmp_path / "a.yaml").write_text("rules:\n  - name: a\n    pattern: '('\n")
    text = (parshall.ROOT / "rules" / "lighttpd.yaml").read_text()
    (tmp_path / "lighttpd.yaml").write_text(text.replace("event: request", "event: requst"))
    done = parshall.run("check", tmp_path)
    assert done.code == 2
    assert "a.yaml:3:" in done.err and 'did you mean "request"?' in done.err
    missing = parshall.run("check", tmp_path / "a.yaml", tmp_path / "none.yaml")
    assert missing.code == 2 and "none.yaml: there is no such file or folder" in missing.err
