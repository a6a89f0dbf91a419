"""The ``process`` sandbox: limits, a directory and, as root, a user of its own for every program; no namespaces."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

from humanevalpack.errors import UsageError
from humanevalpack.sandbox.namespaces import PYTHON
from humanevalpack.sandbox.workers import ENTRY, ENVIRONMENT, SUPERVISOR, Started, started

_UNPROTECTED = (
    "sandbox 'process' runs generated programs with limits, but not apart from this machine: they can use the network, "
    "read every file that their user can read, and leave files in shared places such as /tmp"
)


def warn() -> None:
    """Say what this sandbox does not protect, as a RuntimeWarning on every run."""
    user = "" if os.geteuid() == 0 else "; they run as YOUR user and can change or delete your files"
    warnings.warn(_UNPROTECTED + user, RuntimeWarning, stacklevel=4)


def confirm(confirmed: bool) -> None:
    """Raise UsageError unless the user has confirmed that programs may run without namespaces."""
    if not confirmed:
        raise UsageError(
            f"{_UNPROTECTED}. If that is acceptable (a throw-away machine or container), confirm it: "
            "confirm_unsafe=True in Python, --confirm_run_unsafe_code on the command line"
        )


def base_directory() -> str:
    """Return the folder below which programs get their directories: in memory where there is a tmpfs."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else tempfile.gettempdir()


def start(toolchains: Mapping[str, Path], warm: Path | None, preparing: tuple[str, Path] | None = None) -> Started:
    """Start a worker without namespaces; the arguments are those of ``namespaces.start``."""
    if preparing is not None:
        warm = preparing[1]
    setting = {
        "namespaces": False,
        "base": base_directory(),
        "toolchains": {language: str(folder) for language, folder in toolchains.items()},
        "warm": "" if warm is None else str(warm),
    }
    argv = [PYTHON, "-I", "-X", "utf8", "-c", ENTRY, str(SUPERVISOR.parent), json.dumps(setting)]
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **ENVIRONMENT}
    return started(argv, env, "the process sandbox cannot start its worker")
