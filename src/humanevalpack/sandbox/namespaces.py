"""The ``local`` sandbox: a worker started through bubblewrap, without network and with a minimal read-only root."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.supervisor.job import HOME, Setting
from humanevalpack.sandbox.workers import ENTRY, ENVIRONMENT, SUPERVISOR, Started, started

BWRAP = "/usr/bin/bwrap"
PYTHON = "/usr/bin/python3"
_ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "java-17-openjdk", "localtime")
"""What the toolchains read of /etc (Debian's java keeps its security settings there); nothing of this machine."""
_REFUSED = (
    "the local sandbox cannot be used here (it needs bubblewrap and kernel namespaces; unprivileged containers and "
    "some systems, e.g. Ubuntu 24.04 through AppArmor, refuse them). Install it with `apt-get install bubblewrap`, "
    "use a machine or container where `bwrap --unshare-all --ro-bind / / true` works, or choose another sandbox: "
    "docker, or process by name (it has no namespaces and asks for a confirmation)"
)


def start(toolchains: Mapping[str, Path], warm: Path | None, preparing: tuple[str, Path] | None = None) -> Started:
    """Start a worker that sees each language's toolchain folder and, read-only, the folder of all warm files.

    ``preparing`` = (name, folder) starts one that writes ``folder`` as the warm folder ``name`` instead.
    Raises SandboxFault that says what refused and which sandboxes remain.
    """
    binds: list[str] = []
    inside = {language: f"{HOME}/toolchains/{language}" for language in toolchains}
    for language, folder in toolchains.items():
        binds += ["--ro-bind", str(folder), inside[language]]
    seen_as = f"{HOME}/warm"
    if preparing is not None:
        name, folder = preparing
        seen_as += f"/{name}"  # where programs will see it: some files record their own place
        binds += ["--bind", str(folder), seen_as]
    elif warm is not None:
        binds += ["--ro-bind", str(warm), seen_as]
    setting = {"namespaces": True, "base": "/tmp", "toolchains": inside, "warm": seen_as}
    return _start([*_root(Path("/")), *binds, "--ro-bind", str(SUPERVISOR), f"{HOME}/supervisor"], setting)


def start_in(root: Path, language: str) -> Started:
    """Start a worker in the root file system of an exported image, for its language. Raises as ``start`` does."""
    setting = asdict(Setting.of_image(language)) | {"namespaces": True}
    return _start([*_root(root), "--ro-bind", f"{root}{HOME}", HOME], setting)


def _start(options: list[str], setting: dict[str, Any]) -> Started:
    if not Path(BWRAP).exists():
        raise SandboxFault(f"{_REFUSED}. What failed: {BWRAP} is missing")
    argv = [BWRAP, *options, "--remount-ro", "/"]
    argv += ["--", PYTHON, "-I", "-X", "utf8", "-c", ENTRY, HOME, json.dumps(setting)]
    return started(argv, {}, f"{_REFUSED}. What failed")


def _root(root: Path) -> list[str]:
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"]
    if os.geteuid() != 0:
        # one id is all that an ordinary user may map; the capability lets the supervisor give each program
        # namespaces of its own, and it drops it before a program starts
        options += ["--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-add", "CAP_SYS_ADMIN"]
    # bubblewrap makes the parents of a mount point for root alone; programs have users of their own
    for folder in ("/etc", "/opt", HOME, f"{HOME}/toolchains", f"{HOME}/warm"):
        options += ["--perms", "0755", "--dir", folder]
    options += ["--ro-bind", str(root / "usr"), "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = root / name
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), f"/{name}"]
        elif path.is_dir():
            options += ["--ro-bind", str(path), f"/{name}"]
    for name in _ETC:
        options += ["--ro-bind-try", str(root / "etc" / name), f"/etc/{name}"]
    for name, value in {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **ENVIRONMENT}.items():
        options += ["--setenv", name, value]
    return [*options, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
