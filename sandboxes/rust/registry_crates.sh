#!/usr/bin/env bash
# registry_crates.sh OUTPUT: rand 0.4.6, regex and md5 themselves, fetched by cargo from its registry and compiled to
# OUTPUT/lib<crate>.rlib, with what they depend on beside them: the crates that the reference builds against.
set -euo pipefail

output=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/Cargo.toml" << 'CARGO'
[package]
name = "crates"
version = "0.0.0"
edition = "2021"
[lib]
path = "lib.rs"
[dependencies]
rand = "=0.4.6"
regex = "1"
md5 = "0.7"
CARGO
touch "$work/lib.rs"
CARGO_HOME="$work/home" /usr/bin/cargo build --quiet --release --manifest-path "$work/Cargo.toml" --target-dir "$work/target"
cp "$work"/target/release/deps/*.rlib "$output"
for crate in rand regex md5; do cp "$output/lib$crate"-*.rlib "$output/lib$crate.rlib"; done
