"""Which code is at work: a hash of the stages' sources, rules and shipped lists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from humanevalpack.version import __version__


@cache
def code_hash() -> str:
    """Return the SHA-256 of all files of the package but the commands, which decide nothing about rows."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if _decides(path.relative_to(package)) and path.is_file()):
        name = path.relative_to(package).as_posix()
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _decides(path: Path) -> bool:
    # Python writes what it has compiled while others look, under names that are there for a moment.
    return path.parts[0] != "commands" and "__pycache__" not in path.parts


def code_facts() -> dict[str, str]:
    """Return what a run writes down of the code that begins it."""
    return {"version": __version__, "sha256": code_hash()}


def named(facts: Mapping[str, str]) -> str:
    """Return the facts in words."""
    return f"humanevalpack {facts.get('version', '(version unknown)')}, code {facts.get('sha256', 'unknown')[:12]}"
