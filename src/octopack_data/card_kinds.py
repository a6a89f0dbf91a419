"""What is known of a data set by the stage that made it (``data/card_kinds.yaml``), and its configurations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from octopack_data.funnel import StageCounts
from octopack_data.rows import ending
from octopack_data.settings import read_yaml

_FILE = Path(__file__).parent / "data" / "card_kinds.yaml"
_SPLITS = {"train": "train", "valid": "validation", "validation": "validation", "test": "test"}
DEFAULT = "default"
DATA = ("data/", "train/data/", "valid/data/")
"""Folders of rows: of most stages, and of those that write two sides."""
_PROBLEMS = "humanevalpack"
"""The kind whose files of rows, one a language, lie right in the folder, and are for tests."""


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
    hands_on: tuple[str, ...] = ()


@cache
def kinds() -> tuple[Kind, ...]:
    """Return all kinds; the last one is for stages that none knows."""
    values = read_yaml(_FILE)
    return tuple(
        Kind(
            key,
            tuple(row["stages"]),
            row["name"],
            row["description"],
            row["terms"],
            row["hub"],
            tuple(row["tasks"]),
            tuple(row.get("hands_on", ())),
        )
        for key, row in values.items()
    )


def kind_of(stage: str) -> Kind:
    """Return the kind of what a stage makes, by its name (``oasst pairs``) or the first word of it."""
    named = next((kind for kind in kinds() if stage in kind.stages), None)
    word = stage.split(" ")[0].rstrip(":")
    return named or next((kind for kind in kinds() if word in (*kind.stages, *kind.hands_on)), kinds()[-1])


def kind_of_chain(chain: Sequence[StageCounts], columns: Collection[str]) -> Kind:
    """Return the kind of what the last stage of a chain made, which has these columns.

    A stage that hands rows on has the kind of what it read; where that is not known, the columns tell commits.
    """
    known, stage = {one.folder: one for one in chain}, chain[-1]
    while stage.stage in kind_of(stage.stage).hands_on and stage.before:
        stage = known[stage.before[0]]
    kind = kind_of(stage.stage)
    return kind if stage.stage not in kind.hands_on or "old_contents" in columns else kinds()[-1]


@dataclass(frozen=True)
class Configuration:
    """What is loaded together: files of rows by split, all in one folder below ``data/``."""

    name: str
    splits: Mapping[str, Sequence[str]]
    rows: int
    bytes: int

    def data_files(self) -> list[dict[str, Any]]:
        """Return what the hub reads; a pattern for the files of a folder's one split: there may be thousands."""
        return [{"split": split, "path": self._paths(split)} for split in sorted(self.splits)]

    def _paths(self, split: str) -> list[str]:
        paths = self.splits[split]
        others = {_folder(path) for name, own in self.splits.items() if name != split for path in own}
        if self.name == DEFAULT or others & {*map(_folder, paths)} or "" in map(_folder, paths):
            return list(paths)
        return list(dict.fromkeys(f"{_folder(path)}*{_ending(path)}" for path in paths))


def data_files(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the files of a manifest that are a data set's rows, not the reports and maps beside them."""
    problems = kind_of(manifest["stage"]).key == _PROBLEMS
    return [file for file in manifest["outputs"] if _is_data(file["path"]) or (problems and "/" not in file["path"])]


def _is_data(path: str) -> bool:
    return path.startswith(DATA)


def configurations(manifest: Mapping[str, Any]) -> list[Configuration]:
    """Return the configurations of a stage's output: one a folder below ``data/``; the files right in it are one.

    Of HumanEvalPack each file is one. Names are those that ``datasets`` takes: a folder in a folder is ``a-b``.

    Files without a row, which an opt-out may leave, are not loaded: a configuration of them alone would be an error.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for file in data_files(manifest):
        if file["rows"] != 0:
            found.setdefault(_name(file["path"]), []).append(file)
    return [_configuration(name, files) for name, files in sorted(found.items())]


def _configuration(name: str, files: Sequence[Mapping[str, Any]]) -> Configuration:
    splits: dict[str, list[str]] = {}
    for file in files:
        splits.setdefault(_split(file["path"]), []).append(file["path"])
    return Configuration(name, splits, sum(f["rows"] or 0 for f in files), sum(f["bytes"] for f in files))


def _name(path: str) -> str:
    parts = PurePosixPath(path).parts
    if "data" not in parts:
        return PurePosixPath(path).name.split(".")[0]
    return "-".join(parts[parts.index("data") + 1 : -1]) or DEFAULT


def _split(path: str) -> str:
    if not _is_data(path):
        return "test"
    side = path.partition("/")[0]
    stem = PurePosixPath(path).name.split(".")[0].split("-")[0].lower()
    return _SPLITS.get(stem if side == "data" else side, "train")


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _ending(path: str) -> str:
    return ending(Path(path))
