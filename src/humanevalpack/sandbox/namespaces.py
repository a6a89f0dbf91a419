"""The ``local`` sandbox: a worker started through bubblewrap, without network and with a minimal read-only root."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.workers import ENTRY, SUPERVISOR, Ready, Worker, started

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


def start(toolchains: Mapping[str, Path], warm: Mapping[str, Path], writable: str | None = None) -> tuple[Worker, Ready]:
    """Start a worker that sees the given folders of each language; that of language ``writable`` it may write.

    Raises SandboxFault that says what refused and which sandboxes remain.
    """
    if not os.path.exists(BWRAP):
        raise SandboxFault(f"{_REFUSED}. What failed: {BWRAP} is missing")
    setting = {
        "namespaces": True,
        "base": "/tmp",
        "toolchains": {language: _inside("toolchains", language) for language in toolchains},
        "warm": {language: _inside("warm", language) for language in warm},
    }
    binds: list[str] = []
    for kind, folders in (("toolchains", toolchains), ("warm", warm)):
        for language, folder in folders.items():
            how = "--bind" if kind == "warm" and language == writable else "--ro-bind"
            binds += [how, str(folder), _inside(kind, language)]
    argv = [BWRAP, *_root(), *binds, "--ro-bind", str(SUPERVISOR), "/opt/humanevalpack/supervisor", "--remount-ro", "/"]
    argv += ["--", PYTHON, "-I", "-X", "utf8", "-c", ENTRY, "/opt/humanevalpack", json.dumps(setting)]
    return started(argv, {}, f"{_REFUSED}. What failed")


def _inside(kind: str, language: str) -> str:
    return f"/opt/humanevalpack/{kind}/{language}"


def _root() -> list[str]:
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"]
    if os.geteuid() != 0:
        # one id is all that an ordinary user may map; the capability lets the supervisor give each program
        # namespaces of its own, and it drops it before a program starts
        options += ["--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-add", "CAP_SYS_ADMIN"]
    options += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            options += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    for name in _ETC:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for name, value in (("PATH", "/usr/bin:/bin"), ("HOME", "/tmp/box"), ("TMPDIR", "/tmp/box"), ("LANG", "C.UTF-8")):
        options += ["--setenv", name, value]
    options += ["--setenv", "OMP_NUM_THREADS", "1", "--setenv", "OPENBLAS_NUM_THREADS", "1"]
    return [*options, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
