#!/usr/bin/env bash
# Makes the image granary-base: a minimal Debian 12, without an image registry. Needs root, debootstrap and a Docker engine.
set -euo pipefail
docker image inspect granary-base >/dev/null 2>&1 && exit 0
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
debootstrap --variant=minbase --include=ca-certificates bookworm "$dir" >&2
tar -C "$dir" -c . | docker import - granary-base >/dev/null
