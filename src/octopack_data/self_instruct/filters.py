"""Which instructions are taken: length, keywords, similarity to those that were taken before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from octopack_data.self_instruct.settings import InstructionFilters, read_phrases
from octopack_data.self_instruct.similarity import SimilarTexts

REASONS = ("too_short", "too_long", "keyword", "duplicate", "similar")
"""Why an instruction is dropped, in the order of the questions."""


def phrase_pattern(phrases: Sequence[str]) -> re.Pattern[str] | None:
    """Return what finds one of the phrases as whole words in any case; None without phrases."""
    if not phrases:
        return None
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Dropped:
    """Why an instruction is not taken, and what shows it (the keyword, the earlier instruction)."""

    reason: str
    detail: str = ""


@dataclass
class InstructionSieve:
    """The filters with their memory: ``take`` says why not, or takes an instruction."""

    filters: InstructionFilters
    near: bool = True
    _taken: list[str] = field(default_factory=list)
    _exact: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._similar = SimilarTexts()
        self._keywords = phrase_pattern(read_phrases(self.filters.keywords))

    def remember(self, text: str) -> None:
        """Take a text whatever it is like: a seed task."""
        self._exact.setdefault(" ".join(text.split()), len(self._taken))
        self._taken.append(text)
        self._similar.add(text)

    def take(self, instruction: str, whole: str = "") -> Dropped | None:
        """Return why an instruction is dropped, or None: then it is remembered.

        ``whole``: what is compared with earlier ones, where that is more than the instruction (its input).
        """
        whole = whole or instruction
        why = self._by_itself(instruction) or self._by_others(whole)
        if why is None:
            self.remember(whole)
        return why

    def _by_itself(self, instruction: str) -> Dropped | None:
        words = len(instruction.split())
        if words < self.filters.min_words:
            return Dropped("too_short")
        if words > self.filters.max_words:
            return Dropped("too_long")
        found = self._keywords.search(instruction) if self._keywords else None
        return Dropped("keyword", found.group()) if found else None

    def _by_others(self, whole: str) -> Dropped | None:
        same = self._exact.get(" ".join(whole.split()))
        if same is not None:
            return Dropped("duplicate", self._taken[same])
        like = self._similar.nearest(whole, self.filters.similarity) if self.near else None
        return Dropped("similar", self._taken[like[1]]) if like else None
