"""How many instructions name a programming language: whole words, listed in ``data/language_mentions.csv``."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from humanevalpack.errors import InputError

MENTIONS = Path(__file__).parents[1] / "data" / "language_mentions.csv"
_COLUMNS = ("language", "words", "case")
_CASES = ("any", "exact")


def read_mentions(path: Path = MENTIONS) -> Mapping[str, re.Pattern[str]]:
    """Return language to what finds its words. ``words``: separated by ``|``; ``case``: any or exact (for ``Go``).

    A word ends where a letter, a digit, ``+`` or ``#`` does not follow: ``C`` is not in ``C++``. Raises InputError.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not rows or set(rows[0]) != set(_COLUMNS):
        raise InputError(f"{path}: must be CSV with the columns {', '.join(_COLUMNS)} and at least one row")
    found: dict[str, re.Pattern[str]] = {}
    for row in rows:
        words = [word.strip() for word in (row["words"] or "").split("|") if word.strip()]
        if not row["language"] or not words or row["case"] not in _CASES:
            raise InputError(f"{path}: {dict(row)} must have a language, words and case {' or '.join(_CASES)}")
        if row["language"] in found:
            raise InputError(f"{path}: {row['language']} is there twice")
        pattern = rf"(?<![\w+#])(?:{'|'.join(map(re.escape, words))})(?![\w+#])"
        found[row["language"]] = re.compile(pattern, re.IGNORECASE if row["case"] == "any" else 0)
    return found


def count_mentions(texts: Iterable[str], mentions: Mapping[str, re.Pattern[str]]) -> tuple[Counter[str], int, int]:
    """Return texts by language (a text that names two counts for both), texts that name none, and all texts."""
    counts, none, total = Counter(dict.fromkeys(mentions, 0)), 0, 0
    for text in texts:
        named = [language for language, pattern in mentions.items() if pattern.search(text)]
        counts.update(named)
        none += not named
        total += 1
    return counts, none, total


def mentions_table(counts: Counter[str], none: int, total: int) -> str:
    """Return the counts as CSV: language, instructions, percent of all; the most frequent first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("language", "instructions", "percent"))
    order = sorted((item for item in counts.items() if item[1]), key=lambda item: (-item[1], item[0]))
    for language, number in (*order, ("none", none), ("all", total)):
        writer.writerow((language, number, f"{100 * number / total:.2f}" if total else ""))
    return text.getvalue()
