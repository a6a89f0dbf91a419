"""How large files and changes are, by language: means, and medians from counts by powers of two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octopack_data.languages import display_name, folder_of
from octopack_data.parts import PartResult, Stage
from octopack_data.rows import text_rows
from octopack_data.sources import Part

_COLUMNS = ("lang", "old_contents", "new_contents", "subject")
_HEAD = (
    "language",
    "rows",
    "old characters",
    "new characters",
    "subject characters",
    "changed lines",
    "half have at most",
)


def changed_lines(old: str, new: str) -> int:
    """Return how many lines one side has and the other has not, repeats counted; a moved line is no change."""
    before, after = Counter(old.splitlines()), Counter(new.splitlines())
    return (before - after).total() + (after - before).total()


@dataclass(frozen=True)
class Changes:
    """The work of the stage ``changes`` on one file: counts alone, of constant memory."""

    def __call__(self, part: Part, output: Path) -> PartResult:
        """Count the part's rows."""
        counts: Counter[str] = Counter(rows=0)
        for row in text_rows(part.path, _COLUMNS):
            language = folder_of(row["lang"])
            lines = changed_lines(row["old_contents"], row["new_contents"])
            counts["rows"] += 1
            counts[f"rows|{language}"] += 1
            counts[f"old|{language}"] += len(row["old_contents"])
            counts[f"new|{language}"] += len(row["new_contents"])
            counts[f"subject|{language}"] += len(row["subject"])
            counts[f"lines|{language}"] += lines
            counts[f"lines_up_to|{language}|{_up_to(lines)}"] += 1
        return PartResult((), counts)


def _up_to(lines: int) -> int:
    """Return the power of two that a number does not exceed (0 for none): what is counted by."""
    return 0 if lines == 0 else 1 << (lines - 1).bit_length()


def changes_stage(parts: Sequence[Part], output: Path) -> Stage:
    """Return the stage that measures rows; :func:`changes_table` shows its manifest."""
    return Stage("changes", Changes(), tuple(parts), output, {})


def changes_table(manifest: Mapping[str, Any]) -> str:
    """Return means by language, the most rows first, and what half of the rows change at most, as Markdown."""
    counts: Mapping[str, int] = manifest["counts"]
    rows = {name.removeprefix("rows|"): count for name, count in counts.items() if name.startswith("rows|")}
    lines = [_HEAD, ("---", *("---:" for _ in _HEAD[1:]))]
    for language, count in sorted(rows.items(), key=lambda item: (-item[1], item[0])):
        means = (f"{counts.get(f'{what}|{language}', 0) / count:.1f}" for what in ("old", "new", "subject", "lines"))
        lines.append((display_name(language), f"{count:,}", *means, str(_median(counts, language, count))))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _median(counts: Mapping[str, int], language: str, rows: int) -> int:
    start = f"lines_up_to|{language}|"
    limits = sorted((int(name.removeprefix(start)), count) for name, count in counts.items() if name.startswith(start))
    seen = 0
    for limit, count in limits:
        seen += count
        if 2 * seen >= rows:
            return limit
    return 0
