#!/usr/bin/env bash
# What a node with many active deals costs, in a JVM with the heap of a node (HEAP, default 512m), for each number in DEALS
# (default "100 1000 10000"). Processor time is the figure to compare on a machine with other work. BENCH_TMP is where the
# node's folder goes: on a tmpfs no time is spent on making the deals durable.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; need mvn maven
cd "$GRANARY_ROOT"
for deals in ${DEALS:-100 1000 10000}; do
  GRANARY_LOAD_DEALS=$deals mvn -B -q -pl miner -am test -Dtest=DealLoadReport -Dsurefire.failIfNoSpecifiedTests=false \
    -Dtest.heap="${HEAP:-512m}" -Dtest.tmp="${BENCH_TMP:-/tmp}"
done
