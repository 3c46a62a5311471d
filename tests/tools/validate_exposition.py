#!/usr/bin/env python3
"""validate_exposition.py [--om] FILE…: reads expositions with prometheus_client's own strict parsers.
--om: OpenMetrics 1.0; otherwise the text format 0.0.4. Exits 1 if a file is refused."""
import sys


def families(text, openmetrics):
    if openmetrics:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    else:
        from prometheus_client.parser import text_string_to_metric_families
    return list(text_string_to_metric_families(text))


def main():
    openmetrics = "--om" in sys.argv
    bad = 0
    for path in [a for a in sys.argv[1:] if not a.startswith("-")]:
        try:
            text = open(path, encoding="utf-8", newline="").read()
            print(path, "good:", sum(len(f.samples) for f in families(text, openmetrics)), "samples")
        except ValueError as error:
            bad += 1
            print(path, "refused:", error)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
