"""Pairs of inputs and targets as rows: whole pairs one behind the other, as many as fit.

A row has one token more than the model reads: all but its last token are read, all but its first are to be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING = 0
"""Segment of what stands behind the last pair of a row; pairs are segments 1, 2, …"""


@dataclass(frozen=True)
class PairRow:
    """One row, or several of them stacked: arrays of the same shape, [..., width]."""

    tokens: NDArray[np.int64]
    segments: NDArray[np.int64]
    """Which pair of its row a token belongs to, counted from 1; PADDING: none."""
    targets: NDArray[np.bool_]
    """The token belongs to a target."""


def row_bounds(lengths: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Return where rows begin and end: row n holds the pairs ``bounds[n]`` to ``bounds[n + 1]``.

    ``lengths`` are those of the pairs in tokens, in their order, none longer than ``width``. A row takes pairs until
    the next one does not fit.
    """
    import numpy as np

    ends = np.cumsum(lengths)
    bounds, filled = [0], 0
    while bounds[-1] < len(lengths):
        bounds.append(int(np.searchsorted(ends, filled + width, side="right")))
        filled = int(ends[bounds[-1] - 1])
    return np.array(bounds, np.int64)


def pack_row(pairs: Sequence[tuple[NDArray[Any], NDArray[Any]]], width: int, padding: int) -> PairRow:
    """Return the row of these pairs (inputs, targets), filled up with the token ``padding`` to ``width`` tokens."""
    import numpy as np

    row = PairRow(np.full(width, padding, np.int64), np.full(width, PADDING, np.int64), np.zeros(width, np.bool_))
    begin = 0
    for segment, (inputs, targets) in enumerate(pairs, start=1):
        middle = begin + len(inputs)
        end = middle + len(targets)
        row.tokens[begin:middle], row.tokens[middle:end] = inputs, targets
        row.segments[begin:end] = segment
        row.targets[middle:end] = True
        begin = end
    return row
