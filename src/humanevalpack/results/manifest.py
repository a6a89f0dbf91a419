"""How a run was made: ``manifest.json`` of its folder."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError

MANIFEST = "manifest.json"
PART = ".part"
"""Ends the name of a file that is being written."""
VERSION = 1
"""Of the folder's format."""


def new_manifest(name: str, **facts: Any) -> dict[str, Any]:
    """Return a manifest with what is known; facts that are None are left out."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    known = {key: value for key, value in facts.items() if value is not None}
    return {"name": name, "version": VERSION, "created": now, **known}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a run's manifest; raises InputError that names the file and what is wrong."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a manifest of a run ({type(error).__name__}: {error})") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("name"), str):
        raise InputError(f"{path}: not a manifest of a run: it must be a JSON object with a text 'name'")
    if manifest.get("version") != VERSION:
        raise InputError(f"{path}: version is {manifest.get('version')!r}; this program reads version {VERSION}")
    return manifest


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write a manifest, whole or not at all."""
    write_json(folder / MANIFEST, manifest)


def write_json(path: Path, value: Any) -> Path:
    """Write JSON as ``write_text`` does."""
    return write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Write text, whole or not at all; raises EnvironmentFault if the file cannot be written."""
    # Of this process alone: several may write the same file.
    part = path.with_name(f"{path.name}.{os.getpid()}{PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8")
        return part.replace(path)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error
