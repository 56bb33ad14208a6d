#!/usr/bin/env bash
# Builds the images granary-base (Debian 12, minimal), granary-chain and granary-node. Needs root, debootstrap and a Docker
# engine, but no image registry. The base is made once; the others whenever it is run. Nothing is fetched while they build.
#   docker/build.sh [--no-build]     --no-build: src/target is as it should be, as in Maven's own tests
set -euo pipefail
GRANARY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../tools/setup.sh
. "$GRANARY_ROOT/tools/setup.sh"
find_jdk; ensure_npm
[ "${1:-}" = --no-build ] || ensure_built
need docker docker.io

if ! docker image inspect granary-base >/dev/null 2>&1; then
  need debootstrap debootstrap
  say "making granary-base: a minimal Debian 12 (once, about a minute)"
  base=$(mktemp -d)
  trap 'rm -rf "$base"' EXIT
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 bookworm "$base" >"$base.log" 2>&1 ||
    { tail -n 20 "$base.log" >&2; die "debootstrap failed; its log is $base.log"; }
  rm -f "$base.log"
  rm -rf "$base"/var/cache/apt/archives/*.deb "$base"/var/lib/apt/lists/* "$base"/usr/share/doc/*
  # Nodes never run as root; a volume on /data takes its owner from the image.
  chroot "$base" useradd --uid 10001 --create-home granary
  install -d -o 10001 -g 10001 "$base/data" "$base/market"
  tar -C "$base" -c . | docker import - granary-base >/dev/null
fi

stage="$GRANARY_ROOT/docker/stage"
rm -rf "$stage"
mkdir -p "$stage/chain" "$stage/node/lib"
anvil=$(ls "$GRANARY_ROOT"/contracts/node_modules/@foundry-rs/anvil-linux-*/bin/anvil)
cp "$anvil" "$stage/chain/anvil"
"$JAVA_HOME/bin/jlink" --output "$stage/node/java" --strip-debug --no-header-files --no-man-pages --add-modules \
  java.base,java.logging,java.naming,java.net.http,java.management,java.sql,java.xml,jdk.crypto.ec,jdk.unsupported,jdk.httpserver,jdk.incubator.vector
cp -r "$GRANARY_ROOT/src/target/classes" "$stage/node/classes"
cp "$GRANARY_ROOT"/src/target/lib/*.jar "$stage/node/lib/"
cp "$GRANARY_ROOT/docker/granary" "$GRANARY_ROOT/docker/devnet-node" "$stage/node/"
for image in chain node; do
  say "building granary-$image"
  docker build --quiet -f "$GRANARY_ROOT/docker/$image.Dockerfile" -t "granary-$image" "$stage/$image" >"$stage/log" 2>&1 ||
    { cat "$stage/log" >&2; die "building granary-$image failed; the lines above say why"; }
done
rm -rf "$stage"
