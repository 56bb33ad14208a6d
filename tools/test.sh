#!/usr/bin/env bash
# All set-up and all tests: contracts (format, unit, fuzz, invariants, committed ABI and gas), references, then every Java module with
# its unit, property, integration and end-to-end tests.
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
# shellcheck source=tools/docker.sh
. "$GRANARY_ROOT/tools/docker.sh"
cd "$GRANARY_ROOT"
find_jdk
need mvn maven
ensure_npm

logs="$GRANARY_ROOT/target/test-logs"
mkdir -p "$logs"
passed=0
failed=0

step() { say "── $1 ($(date +%H:%M:%S))"; }

step "references of the code to docs/protocol.md, and what is computed there"
node tools/check-references.mjs
node tools/check-tests.mjs
node tools/seed-bias.mjs --check

step "contracts: format"
forge() { (cd contracts && node tools/foundry.mjs forge "$@"); }
forge fmt --check
step "contracts: lint"
forge lint
(cd contracts && npx solhint --noPoster --disc --max-warnings 0 'src/**/*.sol' 'test/**/*.sol')
step "contracts: build and committed ABI"
forge build --offline >"$logs/forge-build.log" 2>&1 || { cat "$logs/forge-build.log"; exit 1; }
# The compiler's optimizer looks at all files of a run: only a build of all of them gives the same bytecode every time.
(cd contracts && node tools/export-abi.mjs --check 2>/dev/null) || {
  forge build --offline --force >"$logs/forge-build.log" 2>&1 || { cat "$logs/forge-build.log"; exit 1; }
  (cd contracts && node tools/export-abi.mjs --check)
}
step "the protocol's and the file format's vectors"
node contracts/tools/make-vectors.mjs --check
node tools/erasure-vectors.mjs --check
step "contracts: unit, fuzz and invariant tests"
status=0
forge test --offline 2>&1 | tee "$logs/forge.log" | grep -E '^(Ran|\[FAIL|Suite|Error|Encountered)' || true
grep -q 'tests passed' "$logs/forge.log" || { tail -50 "$logs/forge.log"; exit 1; }
forge_passed=$(sed -n 's/.*test suites* in .*: \([0-9]*\) tests* passed, \([0-9]*\) failed.*/\1/p' "$logs/forge.log" | tail -n 1)
forge_failed=$(sed -n 's/.*test suites* in .*: \([0-9]*\) tests* passed, \([0-9]*\) failed.*/\2/p' "$logs/forge.log" | tail -n 1)
passed=$((passed + ${forge_passed:-0}))
failed=$((failed + ${forge_failed:-1}))
step "contracts: gas"
(cd contracts && node tools/gas-snapshot.mjs --check)

step "container engine"
ensure_docker

step "java: build, style, unit, property, integration and end-to-end tests"
mvn -B verify "$@" 2>&1 | tee "$logs/maven.log" | grep -vE '^\[INFO\] *$|Download|^\[INFO\] (Building|---|Reactor|Finished)|terminally|sun.misc' || status=1
grep -q 'BUILD SUCCESS' "$logs/maven.log" || status=1
touch "$GRANARY_ROOT/src/target/.granary-built"
while read -r tests failures errors; do
  passed=$((passed + tests - failures - errors))
  failed=$((failed + failures + errors))
done < <(find . -path '*/target/*-reports/TEST-*.xml' -newer "$logs/forge.log" -print0 |
  xargs -0 -r sed -n 's/.*<testsuite .* tests="\([0-9]*\)" errors="\([0-9]*\)" skipped="[0-9]*" failures="\([0-9]*\)".*/\1 \3 \2/p')

[ "$status" -eq 0 ] || say "the Maven build failed; $logs/maven.log says why"
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$status" -eq 0 ]
