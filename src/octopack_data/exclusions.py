"""Where rows leave: what a stage keeps, and ``excluded/`` with a line for each row (or a share) that it drops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from octopack_data.draws import is_drawn
from octopack_data.parts import PartResult
from octopack_data.rows import RowWriter, schema_of
from octopack_data.settings import RowSettings
from octopack_data.sources import Part

EXCLUDED = "excluded"
"""Folder of a stage's output with one file a part."""
_NAMES = ("commit", "new_file", "subject")


class ExclusionSettings(RowSettings):
    """What the settings of every stage have in which rows leave."""

    excluded_share: float = Field(default=1.0, ge=0, le=1)
    """Share of the dropped rows, drawn by commit id, that `excluded/` lists: commit, file, subject and reason."""
    excluded_contents: bool = False
    """List dropped rows with all their columns: they can be read as a source."""


@dataclass(frozen=True)
class Excluded:
    """Why a row is left out; ``details`` go into its line of ``excluded/``. A ``secret`` one is only counted."""

    reason: str
    details: Mapping[str, Any] = field(default_factory=dict)
    secret: bool = False


class ExcludedFile(AbstractContextManager["ExcludedFile"]):
    """``excluded/<part>.jsonl.zst`` below the output; made with the first row. ``files`` names it when it is closed.

    ``key``: the column that the share is drawn by; ``names``: the columns that are listed.
    """

    def __init__(
        self,
        output: Path,
        part: str,
        settings: ExclusionSettings,
        *,
        key: str = "commit",
        names: Sequence[str] = _NAMES,
    ) -> None:
        self.files: tuple[tuple[str, int], ...] = ()
        self._key, self._names = key, names
        self._output, self._name, self._settings = output, f"{EXCLUDED}/{part}.jsonl.zst", settings
        self._writer: RowWriter | None = None
        self._stack = ExitStack()

    def write(self, row: Mapping[str, Any], why: Excluded) -> None:
        """Write a row if it belongs to the share."""
        share = self._settings.excluded_share
        if why.secret or not share or not is_drawn(EXCLUDED, row[self._key], share):
            return
        if self._writer is None:
            self._writer = self._stack.enter_context(RowWriter(self._output / self._name))
        shown = row if self._settings.excluded_contents else {name: row[name] for name in self._names if name in row}
        self._writer.write({**shown, "reason": why.reason, **why.details})

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
        if self._writer is not None:
            self.files = ((self._name, self._writer.rows),)


Judge = Callable[[dict[str, Any]], dict[str, Any] | Excluded]
"""Returns the row to be written (the same or a changed one), or why it is left out."""


def keep_rows(
    rows: Iterable[dict[str, Any]],
    judge: Judge,
    keep: Callable[[dict[str, Any]], object],
    excluded: ExcludedFile,
    counts: Counter[str],
) -> None:
    """Give what ``judge`` keeps to ``keep`` and the rest to ``excluded``; count ``kept`` and ``dropped_<reason>``."""
    for row in rows:
        judged = judge(row)
        if isinstance(judged, Excluded):
            counts[f"dropped_{judged.reason}"] += 1
            excluded.write(row, judged)
        else:
            counts["kept"] += 1
            keep(judged)


def write_kept(
    part: Part,
    output: Path,
    settings: ExclusionSettings,
    rows: Iterable[dict[str, Any]],
    judge: Judge,
    counts: Counter[str],
) -> PartResult:
    """Write what ``judge`` keeps to ``data/<part>.<format>`` and the rest to ``excluded/``; count as ``keep_rows``."""
    kept = f"data/{part.name}.{settings.format}"
    with (
        RowWriter(output / kept, lambda: schema_of(part.path)) as writer,
        ExcludedFile(output, part.name, settings) as excluded,
    ):
        keep_rows(rows, judge, writer.write, excluded, counts)
    return PartResult(((kept, writer.rows), *excluded.files), counts)
