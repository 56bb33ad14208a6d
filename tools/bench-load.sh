#!/usr/bin/env bash
# What a node costs under load, in JVMs with the heap of a node (HEAP, default 512m): with each number of active deals in DEALS
# (default "100 1000 10000"), and with UPLOADS (200) uploads and RETRIEVALS (500) retrievals of a piece of PIECE_MIB (1) at once.
# DEALS= leaves the deals out, TRANSFERS=no the transfers. Processor time is the figure to compare on a machine with other work.
# BENCH_TMP is where the nodes' folders go: on a tmpfs no time is spent on making things durable.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; need mvn maven
cd "$GRANARY_ROOT"
report() {
  mvn -B -q -pl miner -am test -Dtest="$1" -Dsurefire.failIfNoSpecifiedTests=false -Dtest.heap="${HEAP:-512m}" -Dtest.tmp="${BENCH_TMP:-/tmp}"
}
for deals in ${DEALS-100 1000 10000}; do
  GRANARY_LOAD_DEALS=$deals report DealLoadReport
done
if [ "${TRANSFERS:-yes}" = yes ]; then
  GRANARY_LOAD_UPLOADS=${UPLOADS:-200} GRANARY_LOAD_RETRIEVALS=${RETRIEVALS:-500} GRANARY_LOAD_PIECE_MIB=${PIECE_MIB:-1} report TransferLoadReport
fi
