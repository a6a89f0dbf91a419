#!/usr/bin/env bash
# Go with testify as Debian packages it: sources in the GOPATH below /usr/share/gocode, used with GO111MODULE=off.
. "$(dirname "$0")/../toolchain.sh"

need /usr/bin/go golang-go
need /usr/share/gocode/src/github.com/stretchr/testify/assert/assertions.go golang-github-stretchr-testify-dev
install_packages
say "ready: $(/usr/bin/go version)"
