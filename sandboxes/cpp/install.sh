#!/usr/bin/env bash
# C++: g++, the Boost headers (boost/any.hpp), OpenSSL's headers (problem 162), mold (a fast linker).
. "$(dirname "$0")/../toolchain.sh"

need /usr/bin/g++ g++
need /usr/include/boost/any.hpp libboost-dev
need /usr/include/openssl/md5.h libssl-dev
need /usr/bin/mold mold
install_packages
say "ready: $(/usr/bin/g++ --version | head -n 1), $(/usr/bin/mold --version | cut -d ' ' -f 1,2)"
