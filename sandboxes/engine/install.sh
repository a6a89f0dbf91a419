#!/usr/bin/env bash
# A Docker Engine for the sandbox `docker`, with the base image of the six images: what continuous integration and
# `make test` need on a bare machine. An engine that answers is used as it is; else Debian's is installed and started.
. "$(dirname "$0")/../toolchain.sh"

base=debian:bookworm-slim
log=/var/log/humanevalpack-engine.log

# Another client may stand before Debian's on the PATH; each of them can ask an engine whether it is there.
client() { if [ -x /usr/bin/docker ]; then printf '/usr/bin/docker\n'; else command -v docker || true; fi; }
answers() { [ -n "$(client)" ] && timeout 20 "$(client)" version > /dev/null 2>&1; }
has_base() { "$(client)" image inspect "$base" > /dev/null 2>&1; }

# The machine's own sources of Debian bookworm with its updates, so that a local mirror is respected.
bookworm() {
  apt-get indextargets --format 'deb $(REPO_URI) $(CODENAME) main' 'Created-By: Packages' 'Origin: Debian' |
    grep -E ' bookworm(-updates|-security)? main$' | sort -u
}

start_engine() {
  if ! may_install_packages; then
    say "missing: no Docker Engine answers; start one, as root: dockerd"
    exit 3
  fi
  say "starting /usr/sbin/dockerd in the background (messages: $log; end it with: kill \$(cat /var/run/docker.pid))"
  # apart from this terminal and job, without systemd: containers and minimal systems have none
  setsid /usr/sbin/dockerd >> "$log" 2>&1 < /dev/null &
  for _ in $(seq 60); do
    answers && return 0
    sleep 1
  done
  say "missing: dockerd does not answer; the end of $log:"
  tail -n 5 "$log"
  exit 3
}

# As the published image: no documentation, manual pages or translations, now and in what is installed later.
make_base() {
  local sources
  say "no registry has $base for this machine: making it from Debian's packages with mmdebstrap (a minute)"
  mapfile -t sources < <(bookworm)
  if [ "${#sources[@]}" = 0 ]; then
    say "missing: this machine's apt has no source of Debian bookworm to make $base from"
    exit 3
  fi
  local left_out=() path
  for path in doc info locale man lintian; do left_out+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done
  # usr-is-merged stands for usrmerge, which would bring all of Perl
  /usr/bin/mmdebstrap --quiet --mode=root --variant=minbase --format=tar "${left_out[@]}" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/log/*.log' \
    bookworm - "${sources[@]}" 2>> "$log" | "$(client)" import --change 'CMD ["bash"]' - "$base" > /dev/null && return 0
  say "missing: $base could not be made; the end of $log:"
  tail -n 5 "$log"
  exit 3
}

if answers && has_base; then
  say "ready: Docker Engine $("$(client)" version --format '{{.Server.Version}}') with $base"
  exit 0
fi
if [ "$check_only" = yes ]; then
  if answers; then say "missing: the image $base; get it with: docker pull $base, or $0"; else
    say "missing: no Docker Engine answers; install and start one with: $0"
  fi
  exit 3
fi
if ! answers; then
  need /usr/sbin/dockerd docker.io
  need /usr/bin/docker docker.io
fi
answers && "$(client)" pull --quiet "$base" > /dev/null 2>&1 || need /usr/bin/mmdebstrap mmdebstrap
install_packages
answers || start_engine
has_base || "$(client)" pull --quiet "$base" > /dev/null 2>&1 || make_base
say "ready: Docker Engine $("$(client)" version --format '{{.Server.Version}}') with $base"
