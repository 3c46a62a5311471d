#!/usr/bin/env python3
"""score.py CASES.jsonl --cmd 'PROGRAM …' [--classes core,server]: scores a command against access cases.

Each case is fed to a fresh process, so that one case cannot hide another. A case of outcome
- parse: passes when exactly one record comes out and every expected field is equal;
- parse_last_only: its last line is the one that parses; exactly one record has a status, and it is the last;
- reject: passes when no record has a status.
A null that is expected may be null, absent or, for a size, 0 (SPEC section 4: a size of "-" is 0). `time` is compared with
@timestamp as a moment.
"""
import argparse
import collections
import datetime
import json
import shlex
import subprocess
import sys

FIELDS = {"time": "@timestamp"}


def case_input(case):
    return ("\n".join(case.get("input_lines") or [case["input_line"]]) + "\n").encode("utf-8")


def moment(text):
    try:
        return datetime.datetime.fromisoformat(str(text).replace("Z", "+00:00")).astimezone(datetime.timezone.utc)
    except ValueError:
        return None


def same(field, want, got):
    if want is None:
        return got is None or (field == "size" and got == 0 and not isinstance(got, bool))
    if field == "time":
        return moment(got) is not None and moment(got).replace(microsecond=0) == moment(want).replace(microsecond=0)
    return type(got) is type(want) and got == want


def judge(case, code, out):
    """Why the case fails, or "" if it passes."""
    if code != 0:
        return f"exit code {code}"
    try:
        records = [json.loads(line) for line in out.decode("utf-8").split("\n") if line]
    except ValueError as error:
        return f"output is not JSON lines in UTF-8: {error}"
    with_status = [r for r in records if r.get("status") is not None]
    if case["outcome"] == "reject":
        return "accepted a line that is no access line" if with_status else ""
    if case["outcome"] == "parse":
        if len(records) != 1:
            return f"{len(records)} records"
        if "status" not in records[0]:  # null when it was logged as "-"
            return "no access record"
    elif len(with_status) != 1 or records[-1] is not with_status[0]:
        return f"{len(with_status)} records with a status"
    record = records[-1]
    wrong = [
        f"{field}: want {want!r}, got {record.get(FIELDS.get(field, field))!r}"
        for field, want in case["expected"].items()
        if not same(field, want, record.get(FIELDS.get(field, field)))
    ]
    return "; ".join(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases")
    parser.add_argument("--cmd", required=True)
    parser.add_argument("--classes")
    arguments = parser.parse_args()
    passed, seen = collections.Counter(), collections.Counter()
    for line in open(arguments.cases, encoding="utf-8"):
        case = json.loads(line)
        if arguments.classes and case["class"] not in arguments.classes.split(","):
            continue
        done = subprocess.run(shlex.split(arguments.cmd), input=case_input(case), stdout=subprocess.PIPE, timeout=60)
        why = judge(case, done.returncode, done.stdout)
        seen[case["class"]] += 1
        passed[case["class"]] += not why
        if why:
            print(f'{case["id"]}: {why}')
    for name in sorted(seen):
        print(f"{name:16} {passed[name]}/{seen[name]}")
    print("TOTAL", sum(passed.values()), "/", sum(seen.values()))
    return 0 if passed == seen else 1


if __name__ == "__main__":
    sys.exit(main())
