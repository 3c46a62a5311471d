#!/usr/bin/env python3
"""read_junit.py REPORT.xml: prints "passed<TAB>number" and a line "failed<TAB>name" for each test that did not pass.

Reads the reports of ctest and of pytest. A test that was skipped or not run counts as failed: nothing here may be skipped.
Exits 1 if there is no report or no test in it.
"""
import sys
import xml.etree.ElementTree


def main():
    try:
        report = xml.etree.ElementTree.parse(sys.argv[1])
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        print(error, file=sys.stderr)
        return 1
    good, bad = 0, []
    for case in report.iter("testcase"):
        if case.get("status", "run") != "run" or any(c.tag in ("failure", "error", "skipped") for c in case):
            bad.append(case.get("name"))
        else:
            good += 1
    if good + len(bad) == 0:
        print(f"{sys.argv[1]}: no tests in it", file=sys.stderr)
        return 1
    print(f"passed\t{good}")
    for name in bad:
        print("failed\t" + " ".join(name.split()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
