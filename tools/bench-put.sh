#!/usr/bin/env bash
# Puts one file of SIZE_MIB (default 1024) with one miner on a local chain and prints how long each phase took, from the
# miner's own log. Each process has 512 MiB of heap. Everything it starts, it stops.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; ensure_npm; ensure_built
size=${SIZE_MIB:-1024}
dir=$(mktemp -d)
port=${CHAIN_PORT:-18545}
export GRANARY_HOME=$dir JAVA_TOOL_OPTIONS=-Xmx512m
granary() { "$GRANARY_ROOT/granary" "$@" 2> >(grep -v 'Picked up JAVA_TOOL_OPTIONS' >&2); }
miner=
cleanup() { if [ -n "$miner" ]; then kill "$miner" 2>/dev/null || true; wait "$miner" 2>/dev/null || true; fi; granary devnet down >/dev/null || true; rm -rf "$dir"; }
trap cleanup EXIT
echo bench >"$dir/password"
granary devnet up --port "$port" --block-time 0.5 >/dev/null
granary wallet new --light >/dev/null
address=$(granary wallet show --json | sed -n 's/.*"address" : "\(.*\)".*/\1/p')
granary devnet fund "$address" --tokens 100000 >/dev/null
operator=$(granary miner init --endpoint "127.0.0.1:$((port + 1))" --collateral 20000 --json | sed -n 's/.*"operator" : "\(.*\)".*/\1/p')
granary devnet fund "$operator" --tokens 1 >/dev/null
granary deposit 20000 >/dev/null
cp "$dir/password" "$dir/miner/password"
GRANARY_LOG_LEVEL=INFO "$GRANARY_ROOT/granary" miner run >"$dir/miner.log" 2>&1 &
miner=$!
for _ in $(seq 100); do [ -f "$dir/miner/status.json" ] && break; sleep 0.2; done
head -c "${size}M" /dev/urandom >"$dir/piece.bin"
begin=$(date +%s.%N)
granary put "$dir/piece.bin" --public --replicas 1 --periods 10 | tail -1
end=$(date +%s.%N)
at() { grep -m1 -E "event=\"$1\"" "$dir/miner.log" | cut -c1-12 | awk -F: '{printf "%.3f", $1*3600+$2*60+$3}'; }
opened=$(at upload-opened) uploaded=$(at uploaded) sealed=$(at sealed)
sed -n 's/.*event="hash-engine" engine="\(.*\)" reason="\(.*\)"/hashing by \1: \2/p' "$dir/miner.log"
awk -v o="$opened" -v u="$uploaded" -v s="$sealed" -v b="$size" -v w="$(echo "$end - $begin" | bc)" 'BEGIN {
  mb = b * 1048576 / 1e6
  printf "upload and root check  %6.2f s  %6.1f MB/s\n", u - o, mb / (u - o)
  printf "seal (replica, trees)  %6.2f s  %6.1f MB/s\n", s - u, mb / (s - u)
  printf "first byte to sealed   %6.2f s  %6.1f MB/s\n", s - o, mb / (s - o)
  printf "put, all of it         %6.2f s  (hashing, chain waits and JVM starts included)\n", w }'
