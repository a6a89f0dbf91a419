"""The licence of a row: a map from repositories to licences, and the rule that chooses where there are several."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from octopack_data.manifests import version_of
from octopack_data.records import Mode
from octopack_data.rows import text_rows

UNKNOWN = "unknown"
_FACTS = Path(__file__).parent / "data" / "licences.csv"

Choice = Literal["most_restrictive", "first"]
"""Which licence a row gets in mode ``fixed`` if its repositories have several: the most restrictive one of them, or
that of the first repository that is in the map (which is what ``published`` always takes)."""


@dataclass(frozen=True)
class Licence:
    """One licence: the key in rows, its SPDX identifier, the kind of terms, where its text is."""

    key: str
    spdx: str
    kind: str
    url: str


@cache
def licences() -> Mapping[str, Licence]:
    """Return the known licences under their keys, the least restrictive first."""
    with _FACTS.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(line for line in stream if not line.startswith("#"))
        return {row["key"]: Licence(**row) for row in rows}


def least_restrictive_first(keys: Iterable[str]) -> list[str]:
    """Return licences in order; one that is not listed counts as more restrictive than all listed ones."""
    ranks = _ranks()
    return sorted(keys, key=lambda key: (ranks.get(key, len(ranks)), key))


def most_restrictive(keys: Iterable[str]) -> str:
    """Return the most restrictive licence."""
    return least_restrictive_first(keys)[-1]


@cache
def _ranks() -> Mapping[str, int]:
    return {key: rank for rank, key in enumerate(licences())}


def repositories(repos: str) -> list[str]:
    """Return the repositories of a row, each once, in the row's order."""
    return [repo for repo in dict.fromkeys(part.strip() for part in repos.split(",")) if repo]


def read_licences(path: Path, mode: Mode) -> Mapping[str, str]:
    """Read a licence map: rows with ``repos`` (comma-joined) and ``license``.

    A repository that is named with two licences gets the last one (``published``) or the most restrictive one
    (``fixed``). Memory: about 200 bytes a repository. Raises InputError.
    """
    found: dict[str, str] = {}
    for row in text_rows(path, ("repos", "license")):
        key = sys.intern(row["license"])
        for repo in row["repos"].split(",") if mode == "published" else repositories(row["repos"]):
            if mode == "fixed" and found.get(repo, key) != key:
                found[repo] = most_restrictive((found[repo], key))
            else:
                found[repo] = key
    return found


def known_licences(path: Path, mode: Mode) -> Mapping[str, str]:
    """Return a licence map that stays in memory, and is read again if the file has changed."""
    return _read(path, mode, version_of(path))


@lru_cache(maxsize=1)
def _read(path: Path, mode: Mode, _version: tuple[int, int]) -> Mapping[str, str]:
    return read_licences(path, mode)


def licence_of(repos: Sequence[str], known: Mapping[str, str], choice: Choice) -> str:
    """Return the licence of a row with these repositories, or ``unknown`` if none of them is in the map."""
    found = [known[repo] for repo in repos if repo in known]
    if not found:
        return UNKNOWN
    return found[0] if choice == "first" else most_restrictive(found)
