#!/usr/bin/env bash
# JavaScript: node and the npm package js-md5 0.7.3 (exact version and hash: package-lock.json).
. "$(dirname "$0")/../toolchain.sh"

folder=$(toolchain_folder)/js
wanted=$(sed -n 's/.*"js-md5": "\(.*\)".*/\1/p' "$here/package.json")

js_md5_version() { sed -n 's/^ *"version": "\(.*\)".*/\1/p' "$folder/node_modules/js-md5/package.json" 2> /dev/null; }

need /usr/bin/node nodejs
# npm is needed once only, to fetch js-md5; a NodeSource nodejs brings its own.
if [ "$(js_md5_version)" != "$wanted" ]; then need /usr/bin/npm npm; fi
install_packages

if [ "$(js_md5_version)" != "$wanted" ]; then
  if [ "$check_only" = yes ]; then
    say "missing: js-md5 $wanted in $folder; install it with: $0"
    exit 3
  fi
  say "installing js-md5 $wanted into $folder"
  mkdir -p "$folder"
  cp "$here/package.json" "$here/package-lock.json" "$folder"
  (cd "$folder" && /usr/bin/npm ci --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null)
  chmod -R a+rX "$folder"
fi
say "ready: node $(/usr/bin/node --version), js-md5 $(js_md5_version) in $folder"
