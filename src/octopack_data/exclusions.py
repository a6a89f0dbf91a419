"""What the cleaning stages share: rows kept in ``data/``, others named with a reason in ``excluded/``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from octopack_data.parts import PartResult
from octopack_data.records import Mode
from octopack_data.rows import RowWriter, schema_of
from octopack_data.settings import Settings
from octopack_data.sources import Part

EXCLUDED = "excluded"
"""Folder of a stage's output with one file a part: commit, file and reason of each row that was left out."""


class CleaningSettings(Settings):
    """What the settings of every cleaning stage have."""

    mode: Mode = "fixed"
    """published: what the released data went through; fixed: the same, mended."""
    format: Literal["jsonl.zst", "jsonl", "parquet"] = "jsonl.zst"
    """Format of the rows that are written."""
    sample: str = ""
    """Work on a part of the commits, the same at every stage: a share (0.01) or a number (1000)."""


@dataclass(frozen=True)
class Excluded:
    """Why a row is left out; ``details`` go into its line of ``excluded/``."""

    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)


Judge = Callable[[dict[str, Any]], Mapping[str, Any] | Excluded]
"""Returns the row to be written (the same or a changed one), or why it is left out."""


def write_kept(part: Part, output: Path, kind: str, rows: Iterable[dict[str, Any]], judge: Judge) -> PartResult:
    """Write what ``judge`` keeps to ``data/<part>.<kind>`` and the rest's reasons to ``excluded/<part>.jsonl``.

    The counts are ``rows``, ``kept`` and ``dropped_<reason>``.
    """
    counts: Counter[str] = Counter(rows=0, kept=0)
    kept, excluded = f"data/{part.name}.{kind}", f"{EXCLUDED}/{part.name}.jsonl"
    with RowWriter(output / kept, lambda: schema_of(part.path)) as writer, RowWriter(output / excluded) as sink:
        for row in rows:
            counts["rows"] += 1
            judged = judge(row)
            if isinstance(judged, Excluded):
                counts[f"dropped_{judged.reason}"] += 1
                sink.write(named(row) | {"reason": judged.reason, **judged.details})
            else:
                counts["kept"] += 1
                writer.write(judged)
    return PartResult(((kept, writer.rows), (excluded, sink.rows)), counts)


def named(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row is called by in a report: its commit and file."""
    return {"commit": row["commit"], "file": row.get("new_file", "")}
