#!/usr/bin/env bash
# How fast files are erasure-coded and decoded, by tables and by vectors, in one thread, by its processor time. Takes a minute.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; need mvn maven
cd "$GRANARY_ROOT"
mvn -B -q -pl client -am test -Dtest=CodingSpeedReport -Dsurefire.failIfNoSpecifiedTests=false
