#!/usr/bin/env bash
# A registry of images, which the tests of `humanevalpack sandbox push` and `pull` start on the loopback address.
. "$(dirname "$0")/../toolchain.sh"

need /usr/bin/docker-registry docker-registry
install_packages
say "ready: $(/usr/bin/docker-registry --version | cut -d ' ' -f 1,3)"
