#!/usr/bin/env bash
# The local sandbox: bubblewrap, which puts a worker into namespaces of its own.
. "$(dirname "$0")/../toolchain.sh"
language=sandbox

need /usr/bin/bwrap bubblewrap
install_packages
say "ready: $(/usr/bin/bwrap --version)"
