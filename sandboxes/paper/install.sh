#!/usr/bin/env bash
# install.sh LANGUAGE: used by the Dockerfile beside it. The makers' images have their tools in /usr/local and the like;
# the supervisor starts them as /usr/bin/TOOL. What a program may import is added: numpy, Boost, js-md5, testify, crates.
set -euo pipefail

language=$1
here=$(cd "$(dirname "$0")" && pwd)
toolchain=/opt/humanevalpack/toolchains/$language
export DEBIAN_FRONTEND=noninteractive
mkdir -p "$toolchain"
link() { for tool in "$@"; do ln -sf "$(command -v "$tool")" "/usr/bin/$(basename "$tool")"; done; }
install() { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@" > /dev/null; }

case "$language" in
  # the program runs in the supervisor's own Python
  python) link python3 && python3 -m pip install --quiet 'numpy<1.24' ;;
  cpp) install python3 libboost-dev libssl-dev && link g++ ;;
  go) install python3 golang-github-stretchr-testify-dev && link go ;;
  java) install python3 && link java javac jar ;;
  js) install python3 && link node && cp "$here"/js/package*.json "$toolchain" && (cd "$toolchain" && npm ci --ignore-scripts) ;;
  rust) install python3 g++ && link rustc cargo && bash "$here/rust/registry_crates.sh" "$toolchain" ;;
  *) printf 'unknown language %s; allowed: cpp go java js python rust\n' "$language" >&2; exit 2 ;;
esac
rm -rf /var/lib/apt/lists/* /tmp/* /root/.npm /root/.cache
chmod 0755 /var/tmp /run/lock
