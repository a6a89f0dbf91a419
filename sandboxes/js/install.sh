#!/usr/bin/env bash
# JavaScript: node and the npm package js-md5 0.7.3 (exact version and hash: package-lock.json).
. "$(dirname "$0")/../toolchain.sh"

wanted=$(sed -n 's/.*"js-md5": "\(.*\)".*/\1/p' "$here/package.json")
is_ready() { grep -qs "\"version\": \"$wanted\"" "$1/node_modules/js-md5/package.json"; }
folder=$(toolchain_folder)

need /usr/bin/node nodejs
# Fetched beforehand into this folder, as an image's build has it where npm's registry is out of reach.
if [ "$check_only" = no ] && ! is_ready "$folder" && is_ready "$here"; then
  mkdir -p "$folder"
  cp -r "$here/node_modules" "$folder"
  chmod -R a+rX "$folder"
fi
# npm is needed once only, to fetch js-md5; a NodeSource nodejs brings its own.
is_ready "$folder" || need /usr/bin/npm npm
install_packages

if ! is_ready "$folder"; then
  if [ "$check_only" = yes ]; then
    say "missing: js-md5 $wanted in $folder; install it with: $0"
    exit 3
  fi
  say "installing js-md5 $wanted into $folder"
  mkdir -p "$folder"
  cp "$here/package.json" "$here/package-lock.json" "$folder"
  if ! (cd "$folder" && /usr/bin/npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier > /dev/null); then
    say "missing: npm could not install js-md5 $wanted (its message stands above)"
    exit 3
  fi
  chmod -R a+rX "$folder"
fi

# Node as a library, beside Debian's own nodejs only: programs then start in a few milliseconds.
if grep -qs 'libnode\.so\.108' /usr/bin/node; then
  need /usr/include/node/node.h libnode-dev
  need /usr/bin/g++ g++
  if [ -n "$(missing)" ] && [ "$check_only" = no ] && may_install_packages; then apt_install libnode-dev g++; fi
  [ -z "$(missing)" ] || say "programs start faster with: sudo apt-get install --no-install-recommends libnode-dev g++"
fi
say "ready: node $(/usr/bin/node --version), js-md5 $wanted in $folder"
