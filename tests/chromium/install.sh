#!/usr/bin/env bash
# A browser, in which the tests of the HTML report look at its pages.
. "$(dirname "$0")/../../sandboxes/toolchain.sh"

for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
  found=$(command -v "$name") && break
done
[ -n "$found" ] || need /usr/bin/chromium chromium
install_packages
say "ready: $("${found:-/usr/bin/chromium}" --version 2> /dev/null)"
