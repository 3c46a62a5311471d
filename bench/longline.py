#!/usr/bin/python3
"""longline.py [--bin FILE] [--mebibytes 1024]: one line of 1 GiB without a newline, then an ordinary line.

Prints the peak memory. The bar: 32 MiB and the line limit (1 MiB); the next line is parsed, the long one is counted.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
NEXT = b'192.0.2.7 - - [01/Apr/2026:08:00:02 +0000] "GET / HTTP/1.1" 200 8511 "-" "curl/7.88.1"\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/parshall")
    parser.add_argument("--mebibytes", type=int, default=1024)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        metrics = pathlib.Path(folder, "metrics")
        process = subprocess.Popen(
            [arguments.bin, "--web.listen-address", "none", "--metrics-file", metrics],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        block, began = b"x" * (1 << 20), time.monotonic()
        for _ in range(arguments.mebibytes):
            process.stdin.write(block)
        process.stdin.write(b"\n" + NEXT)
        process.stdin.flush()
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        peak_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
        process.stdin.close()
        code = process.wait(60)
        seconds = time.monotonic() - began
        counted = [line for line in metrics.read_text().splitlines()
                   if line.startswith(("parshall_lines_total{", "http_requests_total{")) and not line.endswith(" 0")]
    print(f"{arguments.mebibytes} MiB without a newline: exit code {code}, {seconds:.2f} s, peak {peak_kib / 1024:.1f} MiB")
    print("\n".join(counted))


if __name__ == "__main__":
    main()
