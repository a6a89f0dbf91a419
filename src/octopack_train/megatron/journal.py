"""How far a run that writes indexed datasets has come: kept beside them until it is finished, so that it can go on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from octopack_data.manifests import version_of, write_json

JOURNAL = "journal.json"


@dataclass(frozen=True)
class Reached:
    """What of an input file, and of those before it, is written."""

    path: str
    version: tuple[int, int]
    """Of the file: its time and size."""
    rows: int
    whole: bool
    """The file has no more rows."""
    sizes: tuple[tuple[int, int, int], ...]
    """Of each dataset's work, in bytes."""
    counts: dict[str, int]
    """Of all rows till here."""


def write_journal(work: Path, said: Mapping[str, Any], reached: Sequence[Reached]) -> None:
    """Write the journal, whole or not at all; raises EnvironmentFault."""
    write_json(work / JOURNAL, {"settings": said, "reached": [asdict(one) for one in reached]})


def read_journal(work: Path, said: Mapping[str, Any], paths: Sequence[Path]) -> list[Reached]:
    """Return what of a stopped run holds for these inputs: up to the first that is another file, or has changed.

    Raises UsageError if that run had other settings. A journal that cannot be read is one of a run that had not begun.
    """
    try:
        values = json.loads((work / JOURNAL).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    theirs = values["settings"]
    if changed := [key for key in said if theirs.get(key) != said[key]]:
        key = changed[0]
        raise UsageError(
            f"{work}: a run that was stopped has {key} {theirs.get(key)!r}, this one {said[key]!r}: give its command "
            "again, or say --overwrite"
        )
    kept = []
    for path, one in zip(paths, values["reached"], strict=False):
        one |= {"version": tuple(one["version"]), "sizes": tuple(tuple(sizes) for sizes in one["sizes"])}
        if (one["path"], one["version"]) != (str(path.absolute()), version_of(path)):
            break
        kept.append(Reached(**one))
    return kept
