#!/usr/bin/env bash
# How fast one thread seals and opens a file of SIZE_MIB (default 256) in memory: the best of five rounds after two that
# warm up.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; need mvn maven
cd "$GRANARY_ROOT"
GRANARY_CIPHER_MIB=${SIZE_MIB:-256} mvn -B -q -pl client -am test -Dtest=CipherSpeedReport -Dsurefire.failIfNoSpecifiedTests=false
