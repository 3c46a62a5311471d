"""Two real logs: every record equals the expected one, every aggregate equals the truth."""
import gzip
import json

import pytest

import parshall
import score

TRUTH = {t["name"]: t for t in json.load(open(parshall.DATA / "corpora" / "truth.json", encoding="utf-8"))}
FIELDS = ["host", "ident", "user", "time", "request", "method", "path", "protocol", "status", "size", "referer", "agent"]


def unpacked(name, tmp_path):
    path = tmp_path / name.removesuffix(".gz")
    path.write_bytes(gzip.decompress((parshall.DATA / "corpora" / name).read_bytes()))
    return path


def expected(name):
    with gzip.open(parshall.DATA / "corpora" / f"{name}.expected.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {e["line"]: e for e in map(json.loads, lines)}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", sorted(TRUTH))
def test_records_and_aggregates_are_the_truth(name, threads, tmp_path):
    log, truth, wanted = unpacked(f"{name}.log.gz", tmp_path), TRUTH[name], expected(name)
    # agreed: lines on which two independent parsers agreed; the rest is cut in the middle.
    assert len(wanted) == truth["agreed"]
    done, samples = parshall.run_metered("--once", log, "--output", "-", "--threads", threads)

    records = done.records
    assert len(records) == truth["file_lines"]
    texts = log.read_bytes().decode("utf-8").split("\n")
    wrong = []
    for number, record in enumerate(records, 1):
        assert record["source"] == str(log)
        if number not in wanted:
            assert record["outcome"] == "unmatched" and record["message"] == texts[number - 1]
            continue
        want = wanted[number]
        for field in FIELDS:
            value = 0 if field == "size" and want[field] is None else want[field]
            got = record.get(score.FIELDS.get(field, field))
            if not score.same(field, value, got):
                wrong.append(f"line {number} {field}: want {value!r}, got {got!r}")
    assert not wrong, "\n".join(wrong[:20])

    samples.check_ledger()
    samples.check_histograms()
    samples.check_requests_agree()
    assert samples.total("parshall_bytes_read_total", source=str(log)) == truth["file_bytes"]
    assert samples.total("parshall_lines_read_total", source=str(log)) == truth["file_lines"]
    assert samples.outcome("matched") == truth["agreed"]
    assert samples.outcome("unmatched") == truth["n_disagree"]
    counted = {" ".join(k): v for k, v in samples.by("http_requests_total", "method", "status").items()}
    assert counted == truth["method_status"]
    assert samples.total("http_response_size_bytes_sum") == truth["bytes_sum"]
    # A size of "-" is 0 bytes and so in every bucket; truth.json leaves those lines out.
    buckets = {}
    for labels, value in samples.rows("http_response_size_bytes_bucket"):
        buckets[float(labels["le"])] = buckets.get(float(labels["le"]), 0) + value
    assert len(buckets) == 12 + 1  # and +Inf
    for bound, count in truth["size_le"].items():
        assert buckets[float(bound)] == count + truth["size_dash"], bound


def test_the_cut_line_of_the_elastic_log_is_the_unmatched_one(tmp_path):
    log = unpacked("elastic-apache_logs.log.gz", tmp_path)
    done, _ = parshall.run_metered("--once", log)
    assert [n for n, r in enumerate(done.records, 1) if r.get("outcome") == "unmatched"] == [8899]


@pytest.mark.parametrize("way", ["gz file", "stdin pipe", "stdin file"])
def test_every_way_in_gives_the_same_metrics(way, tmp_path):
    packed = parshall.DATA / "corpora" / "lnav-shop.log.gz"
    if way == "gz file":
        copy = tmp_path / packed.name
        copy.write_bytes(packed.read_bytes())
        done, samples = parshall.run_metered("--once", copy)
        source = str(copy)
    elif way == "stdin pipe":
        done, samples = parshall.run_metered(stdin=gzip.decompress(packed.read_bytes()))
        source = "stdin"
    else:
        with open(unpacked(packed.name, tmp_path), "rb") as log:
            done, samples = parshall.run_metered(stdin=log)
        source = "stdin"
    truth = TRUTH["lnav-shop"]
    assert len(done.records) == truth["file_lines"]
    assert samples.total("parshall_lines_read_total", source=source) == truth["file_lines"]
    counted = {" ".join(k): v for k, v in samples.by("http_requests_total", "method", "status").items()}
    assert counted == truth["method_status"]
    assert samples.total("http_response_size_bytes_sum") == truth["bytes_sum"]
    samples.check_ledger()
