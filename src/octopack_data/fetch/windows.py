"""``--window i/n``: a share of all rows for one of n machines."""

from __future__ import annotations

from collections.abc import Sequence

from humanevalpack.errors import UsageError
from octopack_data.fetch.changes import read_changes
from octopack_data.fetch.prefilters import dropped_because
from octopack_data.records import Mode
from octopack_data.rows import read_rows
from octopack_data.sources import Part

PUBLISHED_ROWS = 64 * 64 * 64 * 32
"""Of one of the release's eight instances."""

Ranges = dict[str, tuple[int, int]]
"""Part -> rows of it, from and to (counted from 0; of the filtered rows in mode published)."""


def window_ranges(parts: Sequence[Part], window: str, mode: Mode, rows: int = PUBLISHED_ROWS) -> Ranges:
    """Return the rows of each part that are in a window; parts without any are left out.

    ``published``: ``rows`` consecutive rows that pass the filters, and UsageError past the end, as in the release.
    ``fixed``: n windows that differ by at most one row.
    """
    number, of = map(int, window.split("/"))
    if mode == "published":
        counts = [sum(not dropped_because(change, mode) for change, _ in read_changes(part.path)) for part in parts]
        start, stop = number * rows, (number + 1) * rows
    else:
        counts = [sum(1 for _ in read_rows(part.path, ("commit",))) for part in parts]
        start, stop = (sum(counts) * place // of for place in (number, number + 1))
    if mode == "published" and start >= sum(counts):
        raise UsageError(f"window {window}: {sum(counts)} rows pass the filters, and it begins with row {start}")
    ranges: Ranges = {}
    before = 0
    for part, count in zip(parts, counts, strict=True):
        first, last = max(start - before, 0), min(stop - before, count)
        if first < last:
            ranges[part.name] = (first, last)
        before += count
    return ranges
