"""A file's language by its name (data/extensions.csv); the names of a language in rows, as a folder and in print."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import cast

from humanevalpack.errors import InputError, UsageError
from octopack_data.records import Mode

EXTENSIONS_FILE = Path(__file__).parent / "data" / "extensions.csv"
UNKNOWN = "unknown"
_HAND_FIXES = {"Cap'n Proto": "capn-proto", "Graphviz (DOT)": "graphviz-dot", "Ren'Py": "renpy"}
"""Folders that the release named by hand, because of quotes and brackets."""

_LONGEST = 200
"""Bytes of a folder's name, of which file systems take 255 at most."""

Detector = Callable[[str, str, str], str]
"""Takes a path, the content and the language by the name; returns the language (of ``.h``, say: C or C++)."""


@cache
def languages() -> Mapping[str, tuple[str, ...]]:
    """Return the 358 languages and their suffixes, 853 in all; no suffix belongs to two of them."""
    with EXTENSIONS_FILE.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(line for line in stream if not line.startswith("#"))
        return {row["language"]: tuple(row["suffixes"].split(" ")) for row in rows}


@cache
def language_by_suffix() -> Mapping[str, str]:
    """Return the languages under their suffixes, dots included (``.py``, ``.rs.in``, ``Makefile``)."""
    return {suffix: language for language, suffixes in languages().items() for suffix in suffixes}


def language_of(path: str, mode: Mode) -> str:
    """Return the language of a file in a repository, or ``unknown``.

    ``published``: only what follows the last dot counts (``x.rs.in`` is unknown), and a name without a dot gets one if
    any folder above it has one (``a.d/Makefile`` is unknown, ``a.d/py`` Python). ``fixed``: the longest suffix that is
    listed; names without a dot are compared whole.
    """
    known = language_by_suffix()
    name = path.rpartition("/")[2]
    if mode == "published":
        last = name.rpartition(".")[2]
        return known.get("." + last if "." in path else last, UNKNOWN)
    return next((known[suffix] for suffix in _suffixes(name) if suffix in known), UNKNOWN)


def _suffixes(name: str) -> list[str]:
    """Return what a name could be known by, the longest first: ``a.rs.in``, ``.rs.in``, ``.in``."""
    return [name, *(name[place:] for place, letter in enumerate(name) if letter == ".")]


@cache
def _all_suffixes() -> tuple[str, ...]:
    return tuple(language_by_suffix())


def has_known_extension(path: str, mode: Mode) -> bool:
    """Return whether a file passes the first filter before its content is fetched.

    ``published``: the path ends with any suffix as plain text, so that ``GNUMakefile`` and ``x.rs.in`` pass although
    their language is unknown later. ``fixed``: its language is known.
    """
    return path.endswith(_all_suffixes()) if mode == "published" else language_of(path, mode) != UNKNOWN


def folder_of(language: str) -> str:
    """Return the name of a language's folder and configuration: ``Common Lisp`` -> ``common-lisp``."""
    return _HAND_FIXES.get(language) or language.lower().replace(" ", "-")


def checked_folder(language: str, place: str) -> str:
    """Return folder_of a row's language; raises InputError that names ``place`` for what must be no path of ours."""
    folder = folder_of(language)
    wrong = folder.startswith(".") or "/" in folder or "\0" in folder or len(folder.encode()) > _LONGEST
    if wrong or not folder:
        raise InputError(f"{place}: lang {language[:100]!r} is no name of a folder")
    return folder


@cache
def _names_of_folders() -> Mapping[str, str]:
    return {folder_of(language): language for language in languages()}


def display_name(folder: str) -> str:
    """Return the name of a language as it is printed: ``c++`` -> ``C++``; an unlisted folder's name as it is."""
    return _names_of_folders().get(folder, folder)


@cache
def load_detector(name: str) -> Detector:
    """Return the function that ``package.module:function`` names; raises UsageError."""
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
        if not callable(found):
            raise ValueError(f"it is {found!r:.60}")
        return cast(Detector, found)
    except Exception as error:  # it is anybody's module, and runs as it is imported
        raise UsageError(
            f"detector {name!r}: must be package.module:function of a function that can be imported ({error})"
        ) from error


def detected(path: str, content: str, language: str, detector: Detector) -> str:
    """Return what a detector says; raises InputError if that is no listed language."""
    said = detector(path, content, language)
    if said != UNKNOWN and said not in languages():
        raise InputError(f"{path}: the detector said {said!r}, which is no language of {EXTENSIONS_FILE.name}")
    return said
