"""Files that make a language's programs start faster: prepared once per toolchain, read-only for every program.

They lie in a cache (/var/cache/humanevalpack for root, else the user's cache), named by a hash of everything they
are made from, so that a new compiler or a new release of this package makes new ones.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from humanevalpack.errors import SandboxFault
from humanevalpack.sandbox.supervisor import frames
from humanevalpack.sandbox.supervisor.image import sources_digest
from humanevalpack.sandbox.supervisor.languages import LANGUAGES
from humanevalpack.sandbox.workers import SUPERVISOR, Started, WorkerFault

_LONGEST = 900.0
"""Seconds after which a preparation counts as stuck."""
_MONTH = 30 * 86400


def warm_root() -> tuple[Path, bool]:
    """Return the folder of all warm files, and whether it is a temporary one that the caller has to remove."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen:
        cache = Path(chosen).absolute()
    else:
        cache = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    root = cache / "humanevalpack" / "warm"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for folder in (root.parent, root):
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(0o755)  # whatever the umask: programs of other users read what lies here
        with tempfile.TemporaryFile(dir=root):
            return root, False
    except OSError:  # a read-only home: prepare for this run only
        temporary = Path(tempfile.mkdtemp(prefix="humanevalpack-warm-"))
        temporary.chmod(0o755)
        return temporary, True


def prepared(language: str, root: Path, start: Callable[[tuple[str, Path]], Started]) -> str:
    """Return the name of the language's folder in ``root``, making it first if it is not there.

    ``start`` starts a worker that may write one folder. Raises SandboxFault with the tool's message.
    """
    if not LANGUAGES[language].prepared_from:
        return language
    name = f"{language}-{_key(language)}"
    if (root / name).is_dir():
        return name
    making = Path(tempfile.mkdtemp(prefix=f".{language}-", dir=root))
    try:
        making.chmod(0o755)
        _prepare(language, name, making, start)
        _forget_old(language, root)
        try:
            making.rename(root / name)
        except OSError:
            if not (root / name).is_dir():  # else another process was faster, with the same files
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return name


def _prepare(language: str, name: str, making: Path, start: Callable[[tuple[str, Path]], Started]) -> None:
    worker = start((name, making)).worker
    try:
        worker.send(frames.pack("prepare", {"language": language, "warm": ""}))
        kind, body = worker.receive(time.monotonic() + _LONGEST)
    except WorkerFault as fault:
        raise SandboxFault(f"the worker that prepares {language} broke: {fault}") from fault
    finally:
        worker.close()
    if kind != "prepared":
        raise SandboxFault(f"{language} cannot be prepared: {body.get('reason', body)}")


def _key(language: str) -> str:
    digest = hashlib.sha256()
    for name in LANGUAGES[language].prepared_from:
        path = SUPERVISOR / "languages" / name  # an absolute name stays what it is
        digest.update(name.encode())
        if not Path(name).is_absolute():
            digest.update(path.read_bytes())
        elif path.exists():
            found = path.resolve().stat()
            digest.update(f"{found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


@cache
def supervisor_digest() -> str:
    """Return a hash of the code that judges."""
    return sources_digest(str(SUPERVISOR))


def _forget_old(language: str, root: Path) -> None:
    """Remove folders of older tools or releases that nobody has made for a month (they may still be in use before)."""
    for folder in root.glob(f"{language}-*"):
        if folder.stat().st_mtime < time.time() - _MONTH:
            shutil.rmtree(folder, ignore_errors=True)


def discard(root: Path) -> None:
    """Remove a temporary folder of warm files."""
    shutil.rmtree(root, ignore_errors=True)
