#!/usr/bin/env bash
# build_crates.sh RUSTC SOURCES OUTPUT: compile the crates that every Rust program may use to OUTPUT/lib<crate>.rlib.
# SOURCES holds one folder a crate, named <crate>-<version>, as Debian's librust-*-dev packages lay them out.
# A program then needs: rustc -L dependency=OUTPUT --extern rand=OUTPUT/librand.rlib (and regex, md5).
set -euo pipefail

rustc=$1 sources=$2 output=$3
here=$(cd "$(dirname "$0")" && pwd)

source_of() { compgen -G "$sources/$1-[0-9]*/src/lib.rs" | sort -V | tail -n 1; }

# compile CRATE EDITION MAIN_FILE [flags]: optimised, as a rlib works with a static and with a dynamic standard library.
compile() {
  local crate=$1 edition=$2 main_file=$3
  shift 3
  "$rustc" --crate-name "$crate" --edition "$edition" --crate-type rlib -C opt-level=3 --cap-lints allow \
    -L "dependency=$output" --out-dir "$output" "$@" "$main_file"
}

regex=$(source_of regex)
if [ -d "$(dirname "$regex")/../../regex-automata-0.4" ] || grep -q regex_automata "$regex"; then
  printf 'these regex sources (%s) are newer than the 1.7 of Debian bookworm and need crates that are not built here\n' "$regex" >&2
  exit 3
fi

unicode=()
for table in age bool case gencat perl script segment; do unicode+=(--cfg "feature=\"unicode-$table\""); done
unicode+=(--cfg 'feature="unicode"')

compile rand 2021 "$here/rand/src/lib.rs"
compile md5 2015 "$(source_of md5)" --cfg 'feature="std"'
compile regex_syntax 2018 "$(source_of regex-syntax)" "${unicode[@]}"
# Without perf-literal, whose crates (aho-corasick, memchr) only change the speed of some searches.
compile regex 2018 "$regex" --extern "regex_syntax=$output/libregex_syntax.rlib" "${unicode[@]}" \
  --cfg 'feature="std"' --cfg 'feature="perf"' --cfg 'feature="perf-cache"' --cfg 'feature="perf-dfa"' \
  --cfg 'feature="perf-inline"'
