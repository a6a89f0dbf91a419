"""A part of the data that is the same at every stage: chosen by a hash of the commit, never by chance or place.

``--sample 0.01`` keeps each commit whose hash, as a number from 0 to 1, is below 0.01; ``--sample 1000`` keeps the
1000 commits with the smallest hashes. A larger sample holds every smaller one, and a stage that gets the sample of an
earlier one keeps all of it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from humanevalpack.errors import UsageError
from octopack_data.draws import RANGE, draw
from octopack_data.rows import text_rows
from octopack_data.sources import Part

PURPOSE = "sample"
"""Of the draw that says which commits are in."""
Row = TypeVar("Row", bound=Mapping[str, Any])


@dataclass(frozen=True)
class Sample:
    """The commits whose hash is below ``limit``; without a limit, all."""

    limit: int | None = None

    def holds(self, commit: str) -> bool:
        """Say whether a commit is in the sample."""
        return self.limit is None or draw(PURPOSE, commit) < self.limit

    def rows(self, rows: Iterable[Row], counts: Counter[str]) -> Iterator[Row]:
        """Yield the rows whose column ``commit`` is in the sample: what a stage puts around its reader.

        Counts all of them under ``rows`` and those that are not in it under ``dropped_sample``.
        """
        for row in rows:
            counts["rows"] += 1
            if self.limit is None or self.holds(row["commit"]):
                yield row
            else:
                counts["dropped_sample"] += 1


WHOLE = Sample()
"""All commits."""


def make_sample(said: str, parts: Sequence[Part] = ()) -> Sample:
    """Return the sample that ``--sample`` asks for: "" (all), a share ("0.01"), or a number of commits ("1000").

    Only a number needs ``parts``: their column ``commit`` is read first. Raises UsageError.
    """
    share = share_of(said)
    if isinstance(share, float):
        return Sample(int(share * RANGE))
    if share is None:
        return WHOLE
    rows = chain.from_iterable(text_rows(path, ("commit",)) for part in parts for path in part.paths)
    return sample_of_number(share, (row["commit"] for row in rows))


def share_of(said: str) -> int | float | None:
    """Return what ``--sample`` says: a number of commits, a share of them, or None for all; raises UsageError."""
    try:
        if not said:
            return None
        if said.isdecimal() and int(said) > 0:
            return int(said)
        if "." in said and 0 < float(said) <= 1:
            return float(said)
    except ValueError:
        pass
    raise UsageError(f"sample is {said!r}: give a share of the commits (0.01) or a number of them (1000)")


def sample_of_number(number: int, commits: Iterable[str]) -> Sample:
    """Return the sample of the N different commits with the smallest hashes; memory: 100 bytes for each of the N."""
    held: list[int] = []  # the largest of the smallest on top of the heap, negated
    inside: set[int] = set()
    for commit in commits:
        value = draw(PURPOSE, commit)
        if value in inside or (len(held) == number and value >= -held[0]):
            continue
        inside.add(value)
        if len(held) < number:
            heapq.heappush(held, -value)
        else:
            inside.remove(-heapq.heapreplace(held, -value))
    return Sample(-held[0] + 1 if held else None)
