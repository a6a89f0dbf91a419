"""What a program must not find: things of this machine that are put out while the conformance suite runs."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_SLEEPER = "import sys, time; sys.stdin.read()"


@contextmanager
def bait() -> Iterator[dict[str, str]]:
    """Put out a listening port, files, a process and a variable; yield the words that stand for them in programs.

    Everything is taken in again at the end. Its names hold a random ``MARK``.
    """
    mark = f"hep-{secrets.token_hex(4)}"
    with ExitStack() as ends:
        port = ends.enter_context(socket.create_server(("127.0.0.1", 0)))
        local = ends.enter_context(socket.socket(socket.AF_UNIX))
        local.bind(f"\0{mark}")
        local.listen()
        variable = f"HUMANEVALPACK_BAIT_{mark[4:]}"
        os.environ[variable] = mark
        ends.callback(os.environ.pop, variable)
        ends.enter_context(_process(mark))
        places = {Path.home(), Path(tempfile.gettempdir()), Path("/dev/shm")}
        yield {
            "MARK": mark,
            "PORT": str(port.getsockname()[1]),
            "ABSTRACT": mark,
            "VARIABLE": variable,
            "OPEN": json.dumps([path for place in places for path in _file(place, f"{mark}-open", 0o644, ends)]),
            "PRIVATE": json.dumps([path for place in places for path in _file(place, f"{mark}-private", 0o600, ends)]),
            "ACCOUNTS": json.dumps([_hash(line) for line in _accounts()]),
            "MACHINE": json.dumps([_hash(name) for name in (_machine_id(), os.uname().nodename.encode()) if name]),
            "NOW": str(time.time()),
        }


def leftovers(mark: str) -> list[str]:
    """Return what programs have left on this machine under a name with ``mark``, and take the files in."""
    seen = []
    for place in {Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path.home()}:
        for path in {*place.glob(f"{mark}-*"), *place.glob(f"*/{mark}-*")}:
            path.unlink(missing_ok=True)
            seen.append(str(path))
    for name in Path("/proc").glob("[0-9]*/comm"):
        try:
            if name.read_text("utf-8", "replace").startswith(mark):
                seen.append(f"process {name.parent.name}")
        except OSError:  # it ended since the listing
            continue
    return seen


@contextmanager
def _process(mark: str) -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-I", "-c", _SLEEPER, mark], stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.terminate()


def _file(place: Path, name: str, mode: int, ends: ExitStack) -> list[str]:
    path = place / name
    try:
        path.write_text("This file is a part of `humanevalpack doctor` and may be removed.\n", "utf-8")
        path.chmod(mode)
    except OSError:  # a home that cannot be written
        return []
    ends.callback(path.unlink, missing_ok=True)
    return [str(path)]


def _accounts() -> list[bytes]:
    """Return the lines of people's accounts (user ids from 1000 on); those of the system are the same everywhere."""
    lines = Path("/etc/passwd").read_bytes().splitlines() if Path("/etc/passwd").exists() else []
    people = range(1000, 65534)
    return [line for line in lines if line.count(b":") == 6 and int(line.split(b":")[2]) in people]


def _machine_id() -> bytes:
    path = Path("/etc/machine-id")
    return path.read_bytes().strip() if path.exists() else b""


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
