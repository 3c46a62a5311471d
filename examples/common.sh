# Sourced by the examples: finds parshall (or builds it), makes a folder to work in, and ends what was started.
#
# Records and metrics go to the folder that is given as the first argument; without one they are shown and thrown away.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
work=$(mktemp -d)
out=$work
if [[ -n ${1:-} ]]; then mkdir -p "$1" && out=$(cd "$1" && pwd); fi
pids=()

cleanup() {
  for pid in "${pids[@]+"${pids[@]}"}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap cleanup EXIT

parshall=${PARSHALL_BIN:-$root/build/release/parshall}
if [[ ! -x $parshall ]]; then
  "$root/scripts/setup"
  "$root/scripts/build" release parshall
fi

# needs PROGRAM PACKAGE: or says what to install.
needs() {
  if ! command -v "$1" >/dev/null && [[ ! -x /usr/sbin/$1 ]]; then
    echo "this example needs $1: apt-get install $2" >&2
    exit 1
  fi
}

free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# until_true COMMAND…: tries it for 20 seconds.
until_true() {
  local tries=0
  until "$@"; do
    if ((++tries > 200)); then echo "gave up waiting for: $*" >&2; exit 1; fi
    sleep 0.1
  done
}

# show EXPRESSION: the first record and the metrics that fit.
show() {
  echo "The first record of a request:"
  grep -m 1 '"status":' "$out/records.jsonl" || head -n 1 "$out/records.jsonl"
  echo "Of the metrics:"
  grep -E "$1" "$out/metrics.txt"
}
