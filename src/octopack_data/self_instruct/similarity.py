"""ROUGE-L between instructions: how alike two texts are by their longest common sequence of words."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z0-9]+")
"""The words of the usual ROUGE: lower-case letters and digits."""
_ANY = re.compile(r"\S+")
_FIRST, _LETTERS = 0xE000, 0x110000 - 0xE000
"""A word becomes one letter (behind the surrogates): the comparison of strings is a hundred times that of lists."""


class SimilarTexts:
    """Texts that were taken, and the search for one that is like a new one.

    ROUGE-L (F1) is 2 LCS / (m + n) for texts of m and n words: the normalised Indel similarity of rapidfuzz. Each
    search compares with all texts that could be so alike by their lengths.
    """

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> None:
        """Take a text."""
        self._texts.append(self._letters_of(text))

    def nearest(self, text: str, least: float) -> tuple[float, int] | None:
        """Return the similarity (0 to 1) and the number of the text most like this one, None below ``least``."""
        from rapidfuzz import process
        from rapidfuzz.distance import Indel

        found = process.extractOne(
            self._letters_of(text), self._texts, scorer=Indel.normalized_similarity, score_cutoff=least
        )
        return None if found is None else (float(found[1]), int(found[2]))

    def _letters_of(self, text: str) -> str:
        # A text in another script has no words of the usual kind: what is between spaces counts there.
        words = _WORD.findall(text.lower()) or _ANY.findall(text)
        return "".join(self._letters.setdefault(word, chr(_FIRST + len(self._letters) % _LETTERS)) for word in words)
