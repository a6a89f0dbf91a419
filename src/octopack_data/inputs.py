"""What is known of a stage's input before it is read: files, bytes, and rows where somebody has counted them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from octopack_data.manifests import told_facts
from octopack_data.rows import ending
from octopack_data.sources import Part


def input_rows(parts: Sequence[Part]) -> int | None:
    """Return the rows of all files, if an earlier stage's manifest or the file itself (Parquet) tells them."""
    counted = [_rows(path) for part in parts for path in part.paths]
    return None if None in counted else sum(rows or 0 for rows in counted)


def _rows(path: Path) -> int | None:
    facts = told_facts(path)
    if facts is not None and facts.rows is not None:
        return facts.rows
    if ending(path) != ".parquet":
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowInvalid):  # what reads it will say what is wrong with it
        return None


def input_said(parts: Sequence[Part]) -> str:
    """Return a dry run's words for an input."""
    files, size, rows = sum(len(part.paths) for part in parts), sum(part.bytes for part in parts), input_rows(parts)
    return f"{len(parts)} parts, {files} files, {size:,} bytes" + (f", {rows:,} rows" if rows is not None else "")
