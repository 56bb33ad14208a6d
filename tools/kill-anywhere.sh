#!/usr/bin/env bash
# Kills a miner process with SIGKILL at every named step of a deal and at random moments, and checks that nothing is lost, done twice or
# missed. SEED repeats a run; POINTS=some takes the choice that the tests take. Some ten minutes on two cores.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; ensure_npm; need mvn maven
cd "$GRANARY_ROOT"
mvn -B -q -pl src -am verify -Dtest=NONE -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test=KillAnywhereIT -Dfailsafe.failIfNoSpecifiedTests=false \
  -Dgranary.kill.all="$([ "${POINTS:-all}" = all ] && echo true || echo false)" \
  -Dgranary.kill.seed="${SEED:-$(date +%s)}"
