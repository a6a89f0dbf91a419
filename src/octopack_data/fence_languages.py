"""The programming language that a text's first fenced block is tagged with (``data/fence_words.csv``)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from humanevalpack.completions.fences import fenced_blocks
from octopack_data.languages import folder_of, languages
from octopack_data.records import Mode

WORDS_FILE = Path(__file__).parent / "data" / "fence_words.csv"
_FENCE = "```"
_LONGEST = 20
_NEVER_IN = frozenset("*{}`:\\.")
_NEVER_FIRST = ("import ", "let ", "pythonimport", "using ", ")", "<", "html<", "type=")
"""What stands behind a fence that was opened for something else than a language: code, mark-up."""


@cache
def fence_words(mode: Mode) -> Mapping[str, str]:
    """Return what a language may be called behind a fence -> its folder; ``published``: the release's 30 names."""
    with WORDS_FILE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    return {row["word"]: row["language"] for row in rows if mode == "fixed" or row["origin"] == "release"}


@cache
def _names(mode: Mode) -> Mapping[str, str]:
    """Lower-case names of the languages; their folders, which have no spaces, may stand behind a fence as well."""
    names = {language.lower(): folder_of(language) for language in languages()}
    return names if mode == "published" else names | {folder: folder for folder in names.values()}


def language_called(word: str, mode: Mode) -> str:
    """Return the folder of the language that a word names (``py``, ``Python``, ``C++``), or ""."""
    word = word.strip().lower()
    return fence_words(mode).get(word) or _names(mode).get(word, "")


def fence_language(text: str, mode: Mode = "fixed") -> str:
    """Return the folder of the language that the first fence names, or "" if there is none or it names none.

    ``published``: all that stands behind the first three backticks, wherever these are, up to the end of the line
    (without its last character where the text ends there). ``fixed``: the first word of the first block that opens as
    Markdown's blocks do.
    """
    if mode == "fixed":
        blocks = fenced_blocks(text)
        return language_called(blocks[0].word, mode) if blocks else ""
    start = text.find(_FENCE) + len(_FENCE)
    if start < len(_FENCE):
        return ""
    info = text[start : text.find("\n", start)].strip().lower()
    wrong = not info or len(info) > _LONGEST or not _NEVER_IN.isdisjoint(info) or info.startswith(_NEVER_FIRST)
    return "" if wrong else language_called(info, mode)
