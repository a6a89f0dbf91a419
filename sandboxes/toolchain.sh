# Sourced by every install.sh: how a toolchain is looked for, said to be missing, and installed.
#
# HUMANEVALPACK_SYSTEM_PACKAGES=off   never call apt-get, only say what is missing
# HUMANEVALPACK_TOOLCHAINS=FOLDER     where files of our own go (default: see toolchain_folder)

set -euo pipefail

language=$(basename "$(cd "$(dirname "$0")" && pwd)")
here=$(cd "$(dirname "$0")" && pwd)
check_only=no
needs=()

say() { printf '%-7s %s\n' "$language" "$*"; }

usage() {
  printf 'usage: %s [--check]\n  --check  only say what is there and what is missing (exit code 3 if something is)\n' "$0"
}

case "${1-}" in
  "") ;;
  --check) check_only=yes ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

case "${HUMANEVALPACK_SYSTEM_PACKAGES-on}" in
  on | off) ;;
  *) printf 'HUMANEVALPACK_SYSTEM_PACKAGES is %s; allowed: on, off\n' "$HUMANEVALPACK_SYSTEM_PACKAGES" >&2; exit 2 ;;
esac

# Where files of our own go: what root has installed serves everybody.
toolchain_folder() {
  if [ -n "${HUMANEVALPACK_TOOLCHAINS-}" ]; then printf '%s\n' "$HUMANEVALPACK_TOOLCHAINS/$language"
  elif [ "$(id -u)" = 0 ] || is_ready "/usr/local/lib/humanevalpack/$language"; then
    printf '/usr/local/lib/humanevalpack/%s\n' "$language"
  else printf '%s/humanevalpack/toolchains/%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}" "$language"
  fi
}

# need PATH PACKAGE: PATH (may hold a glob) must exist; PACKAGE is the Debian package that brings it.
need() { needs+=("$1 $2"); }

# Print "PATH PACKAGE" for every need that is not met.
missing() {
  local need
  for need in "${needs[@]}"; do
    compgen -G "${need% *}" > /dev/null || printf '%s\n' "$need"
  done
}

may_install_packages() {
  [ "${HUMANEVALPACK_SYSTEM_PACKAGES-on}" != off ] && [ "$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ]
}

# After the needs are told: install what is missing, or say it and end with exit code 3.
install_packages() {
  local paths packages
  read_missing() {
    paths=$(missing | cut -d ' ' -f 1 | sort -u | xargs)
    packages=$(missing | cut -d ' ' -f 2 | sort -u | xargs)
  }
  read_missing
  [ -z "$paths" ] && return 0
  if [ "$check_only" = no ] && may_install_packages; then
    say "installing system packages: $packages (switch off: HUMANEVALPACK_SYSTEM_PACKAGES=off)"
    apt_install $packages
    read_missing
    [ -z "$paths" ] && return 0
  fi
  say "missing: $paths"
  say "on Debian or Ubuntu install it with: sudo apt-get install --no-install-recommends $packages"
  exit 3
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
  # The first try may meet an empty or old list of packages.
  "${apt[@]}" install -y --no-install-recommends "$@" > /dev/null 2>&1 && return 0
  "${apt[@]}" update || true
  "${apt[@]}" install -y --no-install-recommends "$@" > /dev/null || say "apt-get could not install: $*"
}
