#!/usr/bin/env bash
# What a node costs under load, measured in JVMs with the heap of a node (HEAP, default 512m): with DEALS (default
# "100 1000 10000") active deals, and with UPLOADS (200) uploads and RETRIEVALS (500) retrievals at once; either is left out
# when its variable is empty. Processor time is the figure to compare on a machine with other work; BENCH_TMP is where the
# nodes' folders go.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; need mvn maven
cd "$GRANARY_ROOT"
report() {
  mvn -B -q -pl miner -am test -Dtest="$1" -Dsurefire.failIfNoSpecifiedTests=false -Dspotless.check.skip=true \
    -Dtest.heap="${HEAP:-512m}" -Dtest.tmp="${BENCH_TMP:-/tmp}" | grep -vE '^(\[|WARNING|$)' || [ "${PIPESTATUS[0]}" = 0 ]
}
for deals in ${DEALS-100 1000 10000}; do GRANARY_LOAD_DEALS=$deals report DealLoadReport; done
if [ -n "${UPLOADS-200}${RETRIEVALS-500}" ]; then
  GRANARY_LOAD_UPLOADS=${UPLOADS:-200} GRANARY_LOAD_RETRIEVALS=${RETRIEVALS:-500} report TransferLoadReport
fi
