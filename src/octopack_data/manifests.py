"""What a stage did: ``manifest.json`` in its output folder, and the way from one stage's manifest to the next one's."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, InputError
from humanevalpack.version import __version__
from octopack_data.code import code_hash
from octopack_data.records import SCHEMA_VERSION

MANIFEST = "manifest.json"
MARKS = ".parts"
"""Folder of a stage's output with what is known of its run: ``stage.json``, and one file for each finished part."""
DROPPED = "dropped_"
"""Begins the names of counts of rows that a stage dropped, the reason after it."""
_TOOLS = ("datatrove", "duckdb", "numpy", "orjson", "pyarrow", "sqlglot", "tokenizers", "zstandard")


@dataclass(frozen=True)
class FileFacts:
    """One file of a stage: its path (relative to the output folder; of an input, absolute), size and hash."""

    path: str
    bytes: int
    sha256: str
    rows: int | None = None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; raises InputError."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def version_of(path: Path) -> tuple[int, int]:
    """Return what tells that a file has changed since it was read: its time and size; raises InputError."""
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return facts.st_mtime_ns, facts.st_size


def file_facts(path: Path, name: str, rows: int | None = None) -> FileFacts:
    """Return the facts of a file under the name that the manifest shall call it by."""
    return FileFacts(name, path.stat().st_size, sha256_of(path), rows)


def new_manifest(
    stage: str,
    settings: Mapping[str, Any],
    inputs: Sequence[FileFacts],
    outputs: Sequence[FileFacts],
    counts: Mapping[str, int],
    **facts: Any,
) -> dict[str, Any]:
    """Return a manifest; ``facts`` are the stage's own (job ids of a warehouse, say)."""
    return {
        "stage": stage,
        "schema_version": SCHEMA_VERSION,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "settings": dict(settings),
        "counts": dict(sorted(counts.items(), key=_place)),
        **facts,
        "inputs": [asdict(file) for file in inputs],
        "outputs": [asdict(file) for file in outputs],
        "versions": {
            "humanevalpack": __version__,
            "code": code_hash(),
            "python": platform.python_version(),
            **_tool_versions(),
        },
    }


def _place(count: tuple[str, int]) -> tuple[int, str]:
    """The way of the rows first: read, kept, dropped by reason; then what a stage counts besides, as it came."""
    name = count[0]
    if name.startswith(DROPPED):
        return 2, name
    return {"rows": 0, "kept": 1}.get(name, 3), ""


def _tool_versions() -> dict[str, str]:
    versions = {}
    for name in _TOOLS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write a folder's manifest, whole or not at all."""
    write_json(folder / MANIFEST, manifest)


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all; raises EnvironmentFault."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a folder's manifest; raises InputError."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a manifest of a stage ({error})") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("stage"), str):
        raise InputError(f"{path}: not a manifest of a stage: it must be a JSON object with a text 'stage'")
    return manifest


def stage_above(path: Path) -> Path | None:
    """Return the nearest folder above a file or folder that has a stage's manifest, or None.

    Other programs write files of that name, too: they are passed over.
    """
    for folder in path.absolute().parents:
        if (folder / MANIFEST).is_file() and _outputs(folder, (folder / MANIFEST).stat().st_mtime_ns) is not None:
            return folder
    return None


def input_facts(path: Path) -> FileFacts:
    """Return the facts of an input, under its absolute path.

    The hash of one that an earlier stage wrote is in its manifest: terabytes are not read twice for it. A file that was
    written after the manifest is read: it is not the stage's any more.
    """
    return told_facts(path) or file_facts(path, str(path.absolute()))


def told_facts(path: Path) -> FileFacts | None:
    """Return what the manifest of an input's stage says of it, or None where none does."""
    stat, folder = path.stat(), stage_above(path)
    if folder is None:
        return None
    written = (folder / MANIFEST).stat().st_mtime_ns
    facts = (_outputs(folder, written) or {}).get(path.absolute().relative_to(folder).as_posix())
    if facts is None or facts.bytes != stat.st_size or stat.st_mtime_ns > written:
        return None
    return FileFacts(str(path.absolute()), facts.bytes, facts.sha256, facts.rows)


@lru_cache(maxsize=8)
def _outputs(folder: Path, _written: int) -> Mapping[str, FileFacts] | None:
    """Return a stage's outputs by path: read once, not once a file, of which there may be tens of thousands."""
    try:
        return {facts["path"]: FileFacts(**facts) for facts in read_manifest(folder).get("outputs", [])}
    except InputError:
        return None
