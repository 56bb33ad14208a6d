#!/usr/bin/env bash
# Stores one file of SIZE_MIB (default 1024) encrypted as SHARDS (default 4+2) with as many miner processes on a local chain, kills two of them, gets the
# file back and compares it; prints how long each phase took. Each process has 512 MiB of heap. Everything it starts, it stops.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; ensure_npm; ensure_built
size=${SIZE_MIB:-1024} shards=${SHARDS:-4+2}
miners=$((shards))
dir=$(mktemp -d)
port=${CHAIN_PORT:-18545}
export GRANARY_HOME=$dir JAVA_TOOL_OPTIONS=-Xmx512m
granary() { "$GRANARY_ROOT/granary" "$@" 2> >(grep -v 'Picked up JAVA_TOOL_OPTIONS' >&2); }
field() { sed -n "s/.*\"$1\" : \"\(.*\)\".*/\1/p"; }
running=()
cleanup() {
  if [ ${#running[@]} -gt 0 ]; then kill -9 "${running[@]}" 2>/dev/null || true; fi
  GRANARY_HOME=$dir granary devnet down >/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
echo bench >"$dir/password"
granary devnet up --port "$port" --block-time 0.5 >/dev/null
wallet() { granary wallet new --light --json | field address; }
address=$(wallet)
granary devnet fund "$address" --tokens 100000 >/dev/null
granary deposit 20000 >/dev/null
for i in $(seq "$miners"); do
  home=$dir/miner-$i
  mkdir "$home"
  cp "$dir/password" "$dir/deployment.json" "$home"
  owner=$(GRANARY_HOME=$home wallet)
  granary devnet fund "$owner" --tokens 100000 >/dev/null
  operator=$(GRANARY_HOME=$home granary miner init --endpoint "127.0.0.1:$((port + i))" --collateral 20000 --json | field operator)
  granary devnet fund "$operator" --tokens 1 >/dev/null
  cp "$dir/password" "$home/miner/password"
  GRANARY_HOME=$home "$GRANARY_ROOT/granary" miner run >"$dir/miner-$i.log" 2>&1 &
  running+=($!)
done
for i in $(seq "$miners"); do
  for _ in $(seq 300); do [ -f "$dir/miner-$i/miner/status.json" ] && break; sleep 0.2; done
done
head -c "${size}M" /dev/urandom >"$dir/file.bin"
stamped() { while IFS= read -r line; do printf '%s %s\n' "$(date +%s.%N)" "$line"; done; }
begin=$(date +%s.%N)
granary put "$dir/file.bin" --shards "$shards" --periods 10 | stamped >"$dir/put.log"
put=$(date +%s.%N)
kill -9 "${running[0]}" "${running[1]}"
start=$(date +%s.%N)
granary get file.bin -o "$dir/back.bin" >"$dir/get.log"
got=$(date +%s.%N)
cmp "$dir/file.bin" "$dir/back.bin"
at() { grep -E "$1" "$dir/put.log" | tail -1 | cut -d' ' -f1; }
awk -v b="$size" -v t0="$begin" -v hashed="$(at '✓ hashed')" -v made="$(at '✓ encrypted')" -v sent="$(at 'has all bytes')" -v active="$(at 'is active')" \
    -v done="$put" -v g0="$start" -v g1="$got" 'BEGIN {
  mb = b * 1048576 / 1e6
  row("start and hash", hashed - t0)
  row("encrypt, code, hash the pieces", made - hashed)
  row("upload to the miners, root checks", sent - made)
  row("first byte to all uploaded", sent - t0)
  row("until all deals are active", active - sent)
  row("put, all of it", done - t0)
  row("get, with two miners dead", g1 - g0)
}
function row(what, s) { printf "%-36s %7.2f s  %7.1f MB/s of the file\n", what, s, mb / s }'
