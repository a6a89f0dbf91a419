#!/usr/bin/env bash
# Rust: Debian's rustc-web (bookworm's own rustc is older than the language that models write), and the crates regex and
# md5 from Debian's sources and rand from rand/, compiled once, so that judging a program compiles that program only.
# CRATES=registry takes all three from cargo's registry instead.
. "$(dirname "$0")/../toolchain.sh"

sources=/usr/share/cargo/registry

rustc_package=rustc-web
if [ -x /usr/bin/apt-cache ] && [ -z "$(apt-cache policy rustc-web 2> /dev/null)" ]; then rustc_package=rustc; fi
need /usr/bin/rustc "$rustc_package"
need '/usr/lib/rustlib/*/lib/libstd-*.rlib' "libstd-${rustc_package/rustc/rust}-dev"
need /usr/bin/g++ g++  # links the programs, with mold
need /usr/bin/mold mold
crates=${CRATES-debian}
case "$crates" in
  debian)
    need "$sources/regex-1.*" librust-regex-dev
    need "$sources/regex-syntax-0.*" librust-regex-syntax-dev
    need "$sources/md5-0.*" librust-md5-dev
    ;;
  registry) need /usr/bin/cargo "${rustc_package/rustc/cargo}" ;;
  *) printf 'CRATES is %s; allowed: debian, registry\n' "$crates" >&2; exit 2 ;;
esac
install_packages

# What the compiled crates depend on: the exact compiler, how they are built, and their sources.
key=$({
  /usr/bin/rustc -vV
  if [ "$crates" = registry ]; then cat "$here/registry_crates.sh"; else
    cat "$here/build_crates.sh" "$here"/rand/src/*.rs
    ls -d "$sources"/{regex,md5}-*/
  fi
} | sha256sum | cut -d " " -f 1)
is_ready() { [ "$(cat "$1/KEY" 2> /dev/null)" = "$key" ]; }
folder=$(toolchain_folder)
if ! is_ready "$folder"; then
  if [ "$check_only" = yes ]; then
    say "missing: the crates rand, regex and md5 for this rustc in $folder; build them with: $0"
    exit 3
  fi
  say "compiling rand, regex and md5 (from: $crates) into $folder"
  mkdir -p "$(dirname "$folder")"
  new=$(mktemp -d "$folder.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  if [ "$crates" = registry ]; then bash "$here/registry_crates.sh" "$new"; else
    bash "$here/build_crates.sh" /usr/bin/rustc "$sources" "$new"
  fi
  printf '%s\n' "$key" > "$new/KEY"
  chmod -R a+rX "$new"
  rm -rf "$folder"
  mv "$new" "$folder"
fi
say "ready: $(/usr/bin/rustc --version | cut -d ' ' -f 1,2), rand regex md5 in $folder"
