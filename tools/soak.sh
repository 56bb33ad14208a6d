#!/usr/bin/env bash
# MINERS (default 4) miner processes with DEALS (default 300) deals, which are killed, cut off from the chain and shown reorgs at random; what
# happened is printed, and it fails when a period is missed or something piles up. SEED repeats a run. Some twelve seconds a deal.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; ensure_npm; need mvn maven
cd "$GRANARY_ROOT"
mvn -B -q -pl src -am verify -Dtest=NONE -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test=SoakIT -Dfailsafe.failIfNoSpecifiedTests=false \
  -Dgranary.soak.miners="${MINERS:-4}" -Dgranary.soak.deals="${DEALS:-300}" -Dgranary.soak.seed="${SEED:-$(date +%s)}"
