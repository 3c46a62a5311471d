"""Every scrape that was taken must pass promtool and the strict parsers (H3)."""
import pathlib
import subprocess

import validate_exposition

import judge
import parshall


def check(scrapes, folder):
    found = []
    for n, (openmetrics, text) in enumerate(scrapes):
        try:
            validate_exposition.families(text, openmetrics)
            if not openmetrics:
                samples = parshall.Samples(text)
                found += [f"scrape {n}: {d}" for d in judge.ledger(samples)]
                samples.check_histograms()
                samples.check_requests_agree()
                promtool = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True,
                                          timeout=60)
                if promtool.returncode != 0:
                    found.append(f"scrape {n}: promtool: {promtool.stderr.decode()[:300]}")
        except (ValueError, AssertionError) as error:
            found.append(f"scrape {n} is refused: {error}")
            pathlib.Path(folder, f"scrape-{n}.txt").write_text(text)
        if len(found) > judge.DIFFERENCES_SHOWN:
            break
    return found
