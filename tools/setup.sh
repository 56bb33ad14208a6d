# Functions that the launcher and the tests share. Sourced, not run; GRANARY_ROOT is set.

say() { printf 'granary: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

java_feature() { "$1" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1; }

# Sets JAVA_HOME to a JDK of at least 25: the one it names, else one beside the system's, else the one on the PATH.
find_jdk() {
  local candidate feature
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*25* /usr/lib/jvm/*2[6-9]* "$(dirname "$(dirname "$(readlink -f "$(command -v javac || true)")")" 2>/dev/null || true)"; do
    [ -n "$candidate" ] && [ -x "$candidate/bin/javac" ] || continue
    feature=$(java_feature "$candidate/bin/java")
    if [ "${feature:-0}" -ge 25 ]; then
      export JAVA_HOME=$candidate
      # Maven's own libraries call what newer JDKs warn of.
      export MAVEN_OPTS="${MAVEN_OPTS:-} --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow"
      return
    fi
  done
  die "no JDK 25 was found. Install one (for example Eclipse Temurin 25, or 'apt-get install openjdk-25-jdk' where Debian has it) and set JAVA_HOME to it."
}

need() { command -v "$1" >/dev/null 2>&1 || die "'$1' is missing: install it, on Debian with 'apt-get install $2'"; }

# The contract toolchain and the local chain, exactly as package-lock.json pins them.
ensure_npm() {
  local stamp="$GRANARY_ROOT/contracts/node_modules/.granary-stamp"
  need npm npm
  if ! cmp -s "$GRANARY_ROOT/contracts/package-lock.json" "$stamp" 2>/dev/null; then
    say "installing the contract toolchain and the local chain (npm ci, once, about a minute)"
    (cd "$GRANARY_ROOT/contracts" && npm ci --no-audit --no-fund --loglevel=error >&2)
    cp "$GRANARY_ROOT/contracts/package-lock.json" "$stamp"
  fi
}

newest_source() {
  find "$GRANARY_ROOT" \( -name target -o -name node_modules -o -name .git -o -name out -o -name cache \) -prune -o \
    -type f \( -path '*/main/*' -o -name pom.xml -o -path '*/contracts/abi/*' -o -path '*/contracts/tools/*' \) -newer "$1" -print -quit
}

# Builds when there is no build, or a source is newer than it. One build at a time.
ensure_built() {
  local stamp="$GRANARY_ROOT/src/target/.granary-built"
  [ -f "$stamp" ] && [ -z "$(newest_source "$stamp")" ] && return
  need mvn maven
  mkdir -p "$GRANARY_ROOT/src/target"
  (
    flock 9
    if [ ! -f "$stamp" ] || [ -n "$(newest_source "$stamp")" ]; then
      say "building (the first time Maven fetches what it needs, a few minutes)"
      touch "$stamp.begun"
      (cd "$GRANARY_ROOT" && mvn -B -q -Dstyle.color=never -DskipTests -Dspotless.check.skip=true package 2>&1 | sed 's/\x1b\[0m//g; /^$/d' >&2) || die "the build failed; the lines above say why"
      mv "$stamp.begun" "$stamp"
    fi
  ) 9>"$GRANARY_ROOT/src/target/.granary-lock"
}
