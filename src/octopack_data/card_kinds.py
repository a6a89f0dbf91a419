"""What is known of a data set by the stage that made it (``data/card_kinds.yaml``), and its configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from octopack_data.rows import ending
from octopack_data.settings import read_yaml

_FILE = Path(__file__).parent / "data" / "card_kinds.yaml"
_SPLITS = {"valid": "validation", "validation": "validation", "test": "test"}
DEFAULT = "default"


@dataclass(frozen=True)
class Kind:
    """A kind of data set: its usual name and words, and the terms of what its stage brings in."""

    key: str
    stages: tuple[str, ...]
    name: str
    description: str
    terms: str
    hub: str
    tasks: tuple[str, ...]


@cache
def kinds() -> tuple[Kind, ...]:
    """Return all kinds; the last one is for stages that none knows."""
    values = read_yaml(_FILE)
    return tuple(
        Kind(key, tuple(row["stages"]), row["name"], row["description"], row["terms"], row["hub"], tuple(row["tasks"]))
        for key, row in values.items()
    )


def kind_of(stage: str) -> Kind:
    """Return the kind of what a stage makes, by its name (``oasst pairs``) or the first word of it."""
    named = next((kind for kind in kinds() if stage in kind.stages), None)
    word = stage.split(" ")[0].rstrip(":")
    return named or next((kind for kind in kinds() if word in kind.stages), kinds()[-1])


@dataclass(frozen=True)
class Configuration:
    """What is loaded together: files of rows by split, all in one folder below ``data/``."""

    name: str
    splits: Mapping[str, Sequence[str]]
    rows: int
    bytes: int

    def data_files(self) -> list[dict[str, Any]]:
        """Return what the hub reads; a pattern for the files of a folder's one split: there may be thousands."""
        if self.name != DEFAULT and len(self.splits) == 1:
            (split, paths), folder = next(iter(self.splits.items())), f"data/{self.name}"
            return [{"split": split, "path": [f"{folder}/*{kind}" for kind in dict.fromkeys(map(_ending, paths))]}]
        return [{"split": split, "path": list(paths)} for split, paths in sorted(self.splits.items())]


def configurations(manifest: Mapping[str, Any]) -> list[Configuration]:
    """Return the configurations of a stage's output: one a folder below ``data/``; the files right in it are one.

    Files without a row, which an opt-out may leave, are not loaded: a configuration of them alone would be an error.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for file in manifest["outputs"]:
        path = PurePosixPath(file["path"])
        if path.parts[0] == "data" and file["rows"] != 0:
            found.setdefault("/".join(path.parts[1:-1]) or DEFAULT, []).append(file)
    return [_configuration(name, files) for name, files in sorted(found.items())]


def _configuration(name: str, files: Sequence[Mapping[str, Any]]) -> Configuration:
    splits: dict[str, list[str]] = {}
    for file in files:
        stem = PurePosixPath(file["path"]).name.split(".")[0].split("-")[0].lower()
        splits.setdefault(_SPLITS.get(stem, "train"), []).append(file["path"])
    return Configuration(name, splits, sum(f["rows"] or 0 for f in files), sum(f["bytes"] for f in files))


def _ending(path: str) -> str:
    return ending(Path(path))
