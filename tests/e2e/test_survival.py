"""The short forms of what scripts/torture plays at length: counts survive crashes, rotations and full disks.

Each bar compares counters, histograms, the ledger and the records with what was written; see tests/torture and
docs/RELIABILITY.md. A failure names the seed: `scripts/torture --seed N --only NAME --short` plays it again.
"""
import os
import pathlib
import random
import re
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "torture"))

import bar as bars  # noqa: E402  (after the path)
import crash  # noqa: E402
import judge  # noqa: E402
import numbered  # noqa: E402
import parshall  # noqa: E402
import program  # noqa: E402
import table  # noqa: E402

SEED = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(1, 10**6))


@pytest.mark.parametrize("bar", table.BARS, ids=lambda bar: bar.name)
def test_bar(bar):
    differences, notes = bars.perform(bar, SEED, bar.short)
    assert not differences, "\n".join([f"seed {SEED}", *notes, *judge.short(differences)])


# The judge itself: a harness that cannot find anything proves nothing.

def truth_of(count):
    truth = numbered.Truth()
    truth.wrote(1, count)
    return truth


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """(records, Samples) of 3,000 lines."""
    path = tmp_path_factory.mktemp("judge") / "access.log"
    path.write_bytes(numbered.lines(1, 0, 3000))
    done, samples = parshall.run_metered("--once", path)
    return done.out, samples


def seen_in(out):
    seen = judge.Seen()
    seen.feed(out)
    return seen


def test_judge_agrees_with_the_truth(honest):
    out, samples = honest
    truth = truth_of(3000)
    assert judge.series(samples, truth) == []
    assert judge.ledger(samples, 3000) == []
    assert judge.records(seen_in(out), truth) == []


def test_truth_is_what_counting_line_by_line_gives():
    for count in (0, 1, numbered.RING - 1, numbered.RING, 2 * numbered.RING + 77):
        lines, sums, buckets = truth_of(count).expected()
        assert sum(lines.values()) == count
        assert sum(sums.values()) == sum(numbered.SIZES[n % len(numbered.SIZES)] for n in range(count))
        assert sum(values[-1] for values in buckets.values()) == count
        assert sum(values[0] for values in buckets.values()) == sum(
            numbered.SIZES[n % len(numbered.SIZES)] <= numbered.BUCKETS[0] for n in range(count))


@pytest.mark.parametrize("count", [2999, 3001])
def test_judge_finds_one_line_too_many_or_too_few(honest, count):
    out, samples = honest
    truth = truth_of(count)
    assert any("http_requests_total" in d for d in judge.series(samples, truth))
    assert any("_bucket" in d for d in judge.series(samples, truth))
    assert judge.ledger(samples, count)
    assert len(judge.records(seen_in(out), truth)) == 1


def test_judge_finds_one_byte_more_in_a_sum(honest):
    _, samples = honest
    bent = parshall.Samples(samples.text.replace(
        next(line for line in samples.text.splitlines() if line.startswith("http_response_size_bytes_sum")),
        'http_response_size_bytes_sum{method="GET",status="200"} 1'))
    assert any("_sum" in d for d in judge.series(bent, truth_of(3000)))


SPOILT = {
    "a record is missing": lambda rs: rs[:100] + rs[101:],
    "a record stands twice": lambda rs: rs[:100] + rs[99:],
    "a record is torn": lambda rs: [*rs[:100], rs[100][:-20], *rs[101:]],
    "the last record is torn": lambda rs: [*rs[:-1], rs[-1][:-20]],
    "two records are one line": lambda rs: [*rs[:100], rs[100] + rs[101], *rs[102:]],
    "a record is of no line": lambda rs: [*rs, b'{"message":"who wrote this?","outcome":"unmatched"}'],
    "a record is of another file": lambda rs: [*rs, rs[5].replace(b"/r/1/", b"/r/2/")],
    "invalid UTF-8": lambda rs: [*rs[:7], rs[7][:-1] + b',"x":"\xff"}', *rs[8:]],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_judge_finds_spoilt_records(honest, spoil):
    records = honest[0].split(b"\n")[:-1]
    assert judge.records(seen_in(b"\n".join(spoil(records)) + b"\n"), truth_of(3000)) != []


def test_judge_finds_a_ledger_that_does_not_balance(honest):
    _, samples = honest
    line = next(x for x in samples.text.splitlines() if x.startswith("parshall_lines_read_total"))
    assert judge.ledger(parshall.Samples(samples.text.replace(line, line.replace(" 3000", " 3001"))))


def test_judge_finds_a_counter_that_fell():
    before = judge.counters_of("# TYPE a counter\na{x=\"1\"} 5\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_count 2\nh_sum 3\n")
    assert set(before) == {'a{x="1"}', 'h_bucket{le="1"}', "h_count"}
    assert judge.never_fell(before, dict(before)) == []
    assert len(judge.never_fell(before, {**before, "h_count": 1.0})) == 1
    assert len(judge.never_fell(before, {"h_count": 2.0})) == 2


# And the harness as a whole, with a model in the program's place that is right, or wrong in one way.

@pytest.mark.parametrize("fault", ["none", "keeps-output", "forgets-counts", "commits-early", "sums-are-off", "counter-falls"])
def test_harness_finds_a_faulty_program(fault, monkeypatch):
    monkeypatch.setattr(parshall, "BINARY", pathlib.Path(table.__file__).with_name("model.py"))
    monkeypatch.setattr(program, "STALL_S", 3)
    monkeypatch.setenv("MODEL_FAULT", fault)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    k1 = next(bar for bar in table.BARS if bar.name == "K1-file-glob")
    # A fault can only show once there was a snapshot, and a busy machine takes longer to start the model than it is left
    # alive: then its lives become longer.
    for longest_life_s in (0.4, 3, 12):
        monkeypatch.setattr(crash, "_kill_after", lambda play, _: play.random.uniform(0.001, longest_life_s))
        differences, notes = bars.perform(k1, SEED, 10)
        if differences or fault == "none":
            break
    assert bool(differences) == (fault != "none"), "\n".join([f"seed {SEED}", *notes, *judge.short(differences)])


def test_reliability_page_names_every_bar():
    page = (parshall.ROOT / "docs" / "RELIABILITY.md").read_text(encoding="utf-8")
    table_text = page[page.index("| bar |"):page.index("## What other programs test")]
    assert [bar.name for bar in table.BARS if bar.name not in table_text] == []
    rows = page[page.index("| situation | tests |"):].splitlines()[2:]
    assert sum(int(row.split("|")[2]) for row in rows if row.startswith("|")) == 470
    named = set(re.findall(r"`(tests/[\w/.]+|test_\w+\.py)`", page))
    assert [n for n in named if not (parshall.ROOT / n).exists() and not (parshall.ROOT / "tests/e2e" / n).exists()] == []
    bars = {word for row in rows for word in re.findall(r"\b[A-Z]\d\b", row)}
    assert bars <= {bar.id for bar in table.BARS}


def test_a_fifo_for_the_records_that_nobody_reads_holds_up_neither_metrics_nor_a_stop(tmp_path):
    fifo, log = tmp_path / "records", tmp_path / "access.log"
    os.mkfifo(fifo)
    log.write_bytes(b'10.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET / HTTP/1.1" 200 5 "-" "t"\n')
    with parshall.Live(log, "--output", fifo, "--state", tmp_path / "state") as live:
        parshall.wait_until(lambda: b"\nparshall_output_paused 1" in live.get("/metrics")[2],
                            lambda: f"it waits for a reader; stderr: {live.err}")
        live.process.send_signal(signal.SIGTERM)
        live.process.wait(parshall.DEADLINE_S)
        assert live.process.returncode == 1  # a record was not delivered
    with parshall.Live(log, "--output", fifo, "--state", tmp_path / "state") as live:
        with open(fifo, "rb") as reader:
            assert b'"GET"' in reader.readline()
        live.process.send_signal(signal.SIGTERM)
        live.process.wait(parshall.DEADLINE_S)
        assert live.process.returncode == 0, live.err
