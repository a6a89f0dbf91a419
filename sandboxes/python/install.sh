#!/usr/bin/env bash
# Python: the system's python3 with numpy, apart from the interpreter that runs humanevalpack.
. "$(dirname "$0")/../toolchain.sh"

need /usr/bin/python3 python3
need /usr/lib/python3/dist-packages/numpy/__init__.py python3-numpy
install_packages
say "ready: $(/usr/bin/python3 -c 'import platform, numpy; print("Python", platform.python_version(), "numpy", numpy.__version__)')"
