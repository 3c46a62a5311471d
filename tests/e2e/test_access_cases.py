"""Access lines of public test suites and of real servers give exactly the expected fields, each in a fresh process."""
import json

import pytest

import parshall
import score

pytestmark = pytest.mark.sanitized

CASES = [json.loads(line) for line in open(parshall.DATA / "access" / "cases.jsonl", encoding="utf-8")]
# Nothing is promised for format_variant: lines that the reference formats themselves do not describe.
PROMISED = [case for case in CASES if case["class"] != "format_variant"]


def test_all_promised_cases_are_there():
    # 87 core, 106 server, 57 adversarial, 6 hostile_bytes, 3 reject.
    assert len(PROMISED) == 259


@pytest.mark.parametrize("case", PROMISED, ids=[case["id"] for case in PROMISED])
def test_access_case(case):
    done = parshall.run(*parshall.NO_WEB, stdin=score.case_input(case))
    why = score.judge(case, done.code, done.out)
    assert not why, f'{why}\nline: {case.get("input_lines") or case["input_line"]!r}\nrecord: {done.out!r}\n{done.err}'
