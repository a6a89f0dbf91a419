"""A part of the data that is the same at every stage: chosen by the hash of the commit, never by chance or place.

``--sample 0.01`` keeps each commit whose hash, as a number from 0 to 1, is below 0.01; ``--sample 1000`` keeps the
1000 commits with the smallest hashes. A larger sample holds every smaller one, and a stage that gets the sample of an
earlier one keeps all of it.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from humanevalpack.errors import UsageError
from octopack_data.rows import text_rows
from octopack_data.sources import Part

_RANGE = 2**64
Row = TypeVar("Row", bound=Mapping[str, Any])


def hashed(text: str, seed: str = "") -> int:
    """Return a text's hash as a number of 64 bits: the first 8 bytes (big-endian) of its BLAKE2b, keyed by ``seed``."""
    key = hashlib.blake2b(seed.encode(), digest_size=32).digest() if seed else b""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8, key=key).digest(), "big")


@dataclass(frozen=True)
class Sample:
    """The commits whose hash is below ``limit`` (of 2**64); without a limit, all."""

    limit: int | None = None

    def holds(self, commit: str) -> bool:
        """Say whether a commit is in the sample."""
        return self.limit is None or hashed(commit) < self.limit

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows whose column ``commit`` is in the sample: what a stage puts around its reader."""
        return iter(rows) if self.limit is None else (row for row in rows if self.holds(row["commit"]))


def make_sample(said: str, parts: Sequence[Part] = ()) -> Sample:
    """Return the sample that ``--sample`` asks for: "" (all), a share ("0.01"), or a number of commits ("1000").

    Only a number needs ``parts``: the column ``commit`` is read once, N hashes are held in memory (100 bytes each).
    Raises UsageError.
    """
    if not said:
        return Sample()
    try:
        if said.isdecimal() and int(said) > 0:
            return Sample(_limit(int(said), parts))
        if "." in said and 0 < float(said) <= 1:
            return Sample(int(float(said) * _RANGE))
    except ValueError:
        pass
    raise UsageError(f"sample is {said!r}: give a share of the commits (0.01) or a number of them (1000)")


def _limit(number: int, parts: Sequence[Part]) -> int | None:
    """The N smallest different hashes, of which the largest is on top of the heap (negated)."""
    held: list[int] = []
    inside: set[int] = set()
    for part in parts:
        for row in text_rows(part.path, ("commit",)):
            value = hashed(row["commit"])
            if value in inside or (len(held) == number and value >= -held[0]):
                continue
            inside.add(value)
            if len(held) < number:
                heapq.heappush(held, -value)
            else:
                inside.remove(-heapq.heapreplace(held, -value))
    return -held[0] + 1 if held else None
