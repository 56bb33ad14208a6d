#!/usr/bin/env bash
# Makes docs/gas.md from real transactions on a local chain. DEALS (default 1000) is how many deals are really sealed, published and
# activated; for the row of ENTRIES (default 10000) deals the proving set is filled up with copies of their entries.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; ensure_npm; need mvn maven
cd "$GRANARY_ROOT"
say "sealing, publishing and activating ${DEALS:-1000} deals of 32 MiB; about ten minutes on two cores"
GRANARY_GAS_DEALS=${DEALS:-1000} GRANARY_GAS_ENTRIES=${ENTRIES:-10000} GRANARY_GAS_OUT=$GRANARY_ROOT/docs/gas.md \
  mvn -B -q -pl contracts -am test -Dtest=GasTableReport -Dsurefire.failIfNoSpecifiedTests=false
cat docs/gas.md
