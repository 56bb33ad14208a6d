# A Docker engine for the container tests. Sourced after setup.sh.

# Uses the engine that answers; where none does, installs Debian's and starts one that ends with this script. That one leaves
# the machine's firewall and routing alone, and keeps its images in target/docker for the next time.
ensure_docker() {
  export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_CHECKS_DISABLE=true
  if docker info >/dev/null 2>&1; then
    say "using the Docker engine that runs here"
  else
    [ "$(id -u)" = 0 ] || die "the container tests need a Docker engine and none answers: start one that 'docker info' reaches (on Debian, as root: apt-get install docker.io), then run this again"
    apt_install dockerd docker.io iptables
    start_docker
  fi
  docker image inspect granary-base >/dev/null 2>&1 || apt_install debootstrap debootstrap
}

# COMMAND PACKAGE...: installs Debian packages when the command is missing.
apt_install() {
  local command=$1 log
  shift
  command -v "$command" >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || die "'$command' is missing: as root, apt-get install $*"
  say "installing $* from Debian"
  log=$(mktemp)
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "installing $* failed; its log is $log"; }
  rm -f "$log"
}

start_docker() {
  local run
  # Short, because a socket's path may have 108 characters at most.
  run=$(mktemp -d /tmp/granary-docker.XXXXXX)
  mkdir -p "$GRANARY_ROOT/target/docker"
  say "starting a Docker engine for the tests"
  dockerd --iptables=false --ip-forward=false --ip-masq=false --data-root "$GRANARY_ROOT/target/docker" \
    --exec-root "$run/exec" --pidfile "$run/pid" --host "unix://$run/sock" >"$run/log" 2>&1 &
  GRANARY_DOCKERD=$!
  # shellcheck disable=SC2064 # the folder as it is now
  trap "kill $GRANARY_DOCKERD 2>/dev/null; wait $GRANARY_DOCKERD 2>/dev/null; rm -rf '$run'" EXIT
  export DOCKER_HOST="unix://$run/sock" TESTCONTAINERS_HOST_OVERRIDE=localhost
  for _ in $(seq 60); do
    docker info >/dev/null 2>&1 && return
    kill -0 "$GRANARY_DOCKERD" 2>/dev/null || break
    sleep 0.5
  done
  tail -n 20 "$run/log" >&2
  die "the Docker engine did not start; its last lines are above"
}
