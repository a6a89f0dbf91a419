#!/usr/bin/env bash
# install.sh [--check] [language …]: bubblewrap for the local sandbox, and the toolchains (all six by default).
# A language that cannot be installed does not stop the others; exit code 3 if one is missing at the end.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
flags=() languages=() status=0
for argument in "$@"; do
  case "$argument" in
    --check) flags+=(--check) ;;
    cpp | go | java | js | python | rust) languages+=("$argument") ;;
    --help | -h) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
    *) printf 'unknown argument %s; allowed: --check cpp go java js python rust\n' "$argument" >&2; exit 2 ;;
  esac
done
[ "${#languages[@]}" = 0 ] && languages=(cpp go java js python rust)

for part in namespaces "${languages[@]}"; do
  bash "$here/$part/install.sh" "${flags[@]}" || status=$?
  [ "$status" = 2 ] && break
done
exit "$status"
