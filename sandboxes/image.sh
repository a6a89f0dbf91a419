#!/usr/bin/env bash
# image.sh LANGUAGE: the one step of every Dockerfile that installs: the language's toolchain and Python for the
# supervisor, from the base's sources of packages or from the Debian archive as it was at SNAPSHOT; then what only
# takes room goes, and every folder that all users could write to, but for the temporary ones.
set -euo pipefail

language=$1
here=$(cd "$(dirname "$0")" && pwd)
export HUMANEVALPACK_TOOLCHAINS=/opt/humanevalpack/toolchains HUMANEVALPACK_SYSTEM_PACKAGES=on DEBIAN_FRONTEND=noninteractive

if [ -n "${SNAPSHOT-}" ]; then
  if ! [[ "$SNAPSHOT" =~ ^[0-9]{8}T[0-9]{6}Z$ ]]; then
    printf 'SNAPSHOT is %s; it is a time of the archive such as 20250520T000000Z\n' "$SNAPSHOT" >&2
    exit 2
  fi
  if [ -z "${SNAPSHOT_ARCHIVE-}" ]; then
    printf 'SNAPSHOT needs SNAPSHOT_ARCHIVE: the address of a snapshot archive, with debian/ and debian-security/ below\n' >&2
    exit 2
  fi
  . /etc/os-release
  rm -f /etc/apt/sources.list.d/*
  for part in "debian $VERSION_CODENAME" "debian $VERSION_CODENAME-updates" "debian-security $VERSION_CODENAME-security"; do
    # an old archive's signature has run out by its date, not by its key
    printf 'deb [check-valid-until=no] %s/%s/%s %s main\n' "$SNAPSHOT_ARCHIVE" "${part% *}" "$SNAPSHOT" "${part#* }"
  done > /etc/apt/sources.list
fi

for path in doc info locale man lintian; do printf 'path-exclude=/usr/share/%s/*\n' "$path"; done > /etc/dpkg/dpkg.cfg.d/humanevalpack
mkdir -p /usr/share/man/man1  # java's installation links manual pages that are left out
apt-get -qq update
apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends python3 > /dev/null
mkdir -p "$HUMANEVALPACK_TOOLCHAINS/$language"
bash "$here/$language/install.sh"
if [ -n "$(dpkg --audit)" ]; then dpkg --audit >&2; exit 3; fi

apt-get -qq clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*.log /var/log/apt /var/cache/debconf/*-old /var/lib/dpkg/*-old
rm -rf /usr/share/{doc,info,man,lintian}/* /root/.npm /root/.cache /tmp/* /var/tmp/*
if [ -e "$here/$language/shrink.sh" ]; then . "$here/$language/shrink.sh"; fi
chmod 0755 /var/tmp /run/lock
