"""Whatever goes in, every line that comes out is valid JSON and valid UTF-8 for two independent parsers."""
import json
import random
import subprocess

import pytest

import parshall

pytestmark = pytest.mark.sanitized

SAMPLES = sorted(p for p in (parshall.DATA / "samples").rglob("*") if p.suffix in (".log", ".jsonl"))
COMBINED = b'127.0.0.1 - - [21/Nov/2026:09:32:30 +0000] "GET /%s HTTP/1.1" 200 6 "-" "%s"\n'


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def spoilt(seed):
    """Good lines with some bytes changed, taken away and put in."""
    chance = random.Random(seed)
    data = bytearray()
    for path in SAMPLES[seed % 3::3]:
        data += path.read_bytes()[:20_000]
    for _ in range(2000):
        at = chance.randrange(len(data))
        way = chance.randrange(3)
        if way == 0:
            data[at] = chance.randrange(256)
        elif way == 1:
            del data[at:at + chance.randrange(5)]
        else:
            data[at:at] = chance.randbytes(chance.randrange(4))
    return bytes(data)


HOSTILE = {
    **{f"sample {p.relative_to(parshall.DATA / 'samples')}": p.read_bytes() for p in SAMPLES},
    **{f"noise {seed}": noise(seed, 100_000) for seed in range(4)},
    **{f"spoilt samples {seed}": spoilt(seed) for seed in range(6)},
    "NULs": b"\0" * 10_000 + b"\n\0\n" + COMBINED % (b"\0", b"\0") + b'{"a": "\\u0000"}\n',
    "40 kB lines": COMBINED % (b"x" * 40_000, b"\xe9" * 40_000) + b"y" * 40_000 + b"\n" + b'{"a": "' + b"z" * 40_000 + b'"}\n',
    "deep braces": b"{" * 50_000 + b"\n" + b'{"a":' * 120 + b"1" + b"}" * 120 + b"\n"
    + b'{"a":' + b"[" * 250 + b"]" * 250 + b"}\n",  # jq goes 256 deep, and an object with its key is two
    "every byte in the agent": b"".join(COMBINED % (b"", bytes([b])) for b in range(256) if b != 10),
    "every pair of edge bytes": b"".join(
        COMBINED % (b"", bytes([a, b])) for a in range(128, 256, 3) for b in [0, 34, 92, 128, 191, 192, 255]),
    "bad UTF-8": b"".join(COMBINED % (bad, bad) + bad + b"\n" + b'{"a": "' + bad + b'"}\n' for bad in (
        b"\x80", b"\xc3", b"\xc0\xaf", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xff\xfe")),
    "lone surrogates": b'{"a": "\\ud800"}\n{"\\udc00": 1}\n{"a": "\\ud83d\\ude00"}\n{"a": "\\ud83dx"}\n',
    "JSON events that forge our keys": b'{"@timestamp": 1, "source": 2, "outcome": 3, "message": 4, "event": "x"}\n',
    "line ends": b"a\r\nb\r\r\n\n\r\n\rc\r",
    "nothing but newlines": b"\n" * 1000,
}


def jq_count(out):
    """How many values jq sees; jq refuses what is not JSON."""
    done = subprocess.run(["jq", "-c", "type"], input=out, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    kinds = done.stdout.decode().split()
    assert set(kinds) <= {'"object"'}, kinds
    return len(kinds)


@pytest.mark.parametrize("name", HOSTILE)
def test_output_is_valid_for_two_parsers(name):
    data = HOSTILE[name]
    done, samples = parshall.run_metered(stdin=data)
    records = done.records  # strict: UTF-8, JSON, one object a line
    assert jq_count(done.out) == len(records)
    assert all("@timestamp" in r for r in records)
    lines = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
    assert samples.total("parshall_lines_read_total", source="stdin") == lines
    assert samples.total("parshall_bytes_read_total", source="stdin") == len(data)
    samples.check_ledger()
    samples.check_histograms()
    samples.check_requests_agree()


def test_message_of_an_unmatched_line_is_the_line():
    done, _ = parshall.run_metered(stdin="what is this? ü \t\"\\\u2028\n".encode())
    record = done.records[0]
    assert record["message"] == "what is this? ü \t\"\\\u2028"
    assert record["outcome"] == "unmatched"
    assert set(record) == {"@timestamp", "message", "outcome"}


def test_carriage_return_before_the_newline_is_dropped():
    done, _ = parshall.run_metered(stdin=b"one\r\ntwo\nthree\r\r\nfour")
    assert [r["message"] for r in done.records] == ["one", "two", "three\r", "four"]


def test_invalid_bytes_become_the_replacement_character():
    done, _ = parshall.run_metered(stdin=COMBINED % (b"caf\xe9", b"\xff") + "ü\n".encode())
    assert done.records[0]["path"] == "/caf\ufffd"
    assert done.records[0]["agent"] == "\ufffd"
    assert done.records[1]["message"] == "ü"


def test_own_keys_of_an_event_keep_their_order():
    keys = ["z", "a", "event", "m", "level"]
    done, _ = parshall.run_metered(stdin=json.dumps({k: k for k in keys}).encode() + b"\n")
    assert list(done.records[0]) == [*keys, "@timestamp"]


def test_output_is_in_the_order_of_the_input():
    data = b"".join(COMBINED % (b"%d" % n, b"x" * (n % 700)) for n in range(20_000))
    for threads in (1, 2):
        done, _ = parshall.run_metered("--threads", threads, stdin=data)
        assert [r["path"] for r in done.records] == [f"/{n}" for n in range(20_000)]


@pytest.mark.parametrize("threads", [1, 2])
def test_line_that_ends_a_joined_event_keeps_its_own_values(threads):
    lines, wanted = [], []
    for n in range(5000):  # some MB, so that events stand across reads
        stamp = f"2026-11-21 09:32:{n % 60:02} +0000"
        trace = ["Traceback (most recent call last):", f'  File "/srv/app/{n}.py", line {n}, in app', f"ValueError: {n}"]
        message = [f"Error handling request /{n}", *(trace if n % 2 else [])]
        lines += [f"[{stamp}] [{n}] [ERROR] {message[0]}", *message[1:]]
        wanted.append(("\n".join(message), n))
        if n % 3:
            lines.append(f'10.0.0.{n % 256} - - [21/Nov/2026:09:32:{n % 60:02} +0000] "GET /{n} HTTP/1.1" 500 {n} "-" "agent {n}"')
            wanted.append((f"10.0.0.{n % 256}", f"/{n}", 500, n, f"agent {n}"))
    done, samples = parshall.run_metered("--threads", threads, stdin="\n".join([*lines, ""]).encode())
    got = [(r["message"], r["pid"]) if "message" in r else (r["host"], r["path"], r["status"], r["size"], r["agent"])
           for r in done.records]
    assert got == wanted
    assert samples.by("http_requests_total", "method", "status") == {("GET", "500"): sum(n % 3 > 0 for n in range(5000))}
    assert samples.total("http_response_size_bytes_sum") == sum(n for n in range(5000) if n % 3)
    assert samples.by("log_events_total", "level") == {"ERROR": 5000}
    samples.check_ledger()


def test_output_goes_to_a_file_or_nowhere(tmp_path):
    path = tmp_path / "records.jsonl"
    done, _ = parshall.run_metered("--output", path, stdin=COMBINED % (b"", b""))
    assert done.out == b""
    assert len(parshall.parse_records(path.read_bytes())) == 1
    done, samples = parshall.run_metered("--output", "none", stdin=COMBINED % (b"", b""))
    assert done.out == b""
    assert samples.total("http_requests_total") == 1


def test_metrics_file_can_be_stdout():
    done = parshall.run("--output", "none", "--metrics-file", "-", *parshall.NO_WEB, stdin=COMBINED % (b"", b""))
    assert done.code == 0
    assert parshall.Samples(done.out.decode()).total("http_requests_total", method="GET", status="200") == 1
