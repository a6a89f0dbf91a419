"""The distribution of languages: samples before and after the filters, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import UsageError
from octopack_data.figures.look import (
    BLUE,
    GRID,
    ORANGE,
    POINTS,
    TEXT_WIDTH,
    Style,
    as_it_is,
    need_columns,
    need_single,
    write_figure,
)
from octopack_data.instruction_languages import NO_BLOCK, NOT_DETECTED
from octopack_data.languages import display_name
from octopack_data.statistics import COLUMNS, LanguageSizes, total

if TYPE_CHECKING:
    import pandas as pd

TOP = 45
"""Languages of the published figure that have bars of their own."""
_RAW, _FILTERED = BLUE, ORANGE
_OTHER = "Other"
_SIZES: dict[Style, tuple[float, float]] = {"default": (12, 5.8), "paper": (TEXT_WIDTH, 3.1)}
"""Inches."""
_PAPER_LIMITS = (1e2, 1.1e7)
"""The axes of the published figure."""
_LETTERS = 26
"""Letters of a language's name at most."""


def draw_language_frame(
    frame: pd.DataFrame, folder: Path, *, style: Style = "default", overwrite: bool = False
) -> list[Path]:
    """Draw sizes (the columns of LanguageSizes), or the rows of each language (language, rows: ``stats languages``).

    Raises UsageError, also for other columns.
    """
    if "rows" not in frame.columns:
        return draw_languages(sizes_of_frame(frame), folder, style=style, overwrite=overwrite)
    need_columns(frame, ("language", "rows"), ("rows",))
    need_single(frame, ["language"])
    known = frame[~frame["language"].isin((NOT_DETECTED, NO_BLOCK))]
    sizes = [
        LanguageSizes(language, 0, rows, 0, 0) for language, rows in zip(known["language"], known["rows"], strict=True)
    ]
    return draw_languages(sizes, folder, names=("instruction data", ""), style=style, overwrite=overwrite)


def sizes_of_frame(frame: pd.DataFrame) -> list[LanguageSizes]:
    """Return the rows of a data frame with the columns of LanguageSizes; raises UsageError."""
    need_columns(frame, COLUMNS, COLUMNS[1:])
    need_single(frame, ["language"])
    return [LanguageSizes(*values) for values in frame[list(COLUMNS)].itertuples(index=False)]


def distribution(sizes: Iterable[LanguageSizes], top: int = TOP) -> list[tuple[str, int, int]]:
    """Return the bars: name, samples before and after the filters; the most frequent first, the rest as one."""
    rows = sorted(sizes, key=lambda row: -row.raw_samples)
    bars = [(display_name(row.language), row.raw_samples, row.ft_samples) for row in rows[:top]]
    if rest := rows[top:]:
        other = total(rest)
        bars.append((f"{_OTHER} ({len(rest)} lang.)", other.raw_samples, other.ft_samples))
    return bars


def draw_languages(
    sizes: Iterable[LanguageSizes],
    folder: Path,
    *,
    names: tuple[str, str] = ("CommitPack", "CommitPackFT"),
    top: int = TOP,
    style: Style = "default",
    overwrite: bool = False,
) -> list[Path]:
    """Draw the distribution of languages (samples, logarithmic axes) as ``languages.pdf`` and ``languages.png``.

    ``names`` are those of the data before and after the filters. On paper the axes are those of the published figure
    if the bars are within them. Raises EnvironmentFault (no matplotlib), UsageError (no samples; a file is
    there already).
    """
    bars = distribution(sizes, top)
    if not any(raw for _, raw, _ in bars):
        raise UsageError("there are no samples to draw")
    width, height = _SIZES[style]
    # Fewer bars than the published figure's are as wide as its bars, or the figure would be all colour.
    width = max(width * min(1, (len(bars) + 6) / (TOP + 7)), height)

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        _draw(axes, bars, names, width * 72 / POINTS[style])
        _set_axes(axes, bars, names, _PAPER_LIMITS if style == "paper" and _like_published(bars) else _limits(bars))

    return write_figure("languages", folder, draw, size=(width, height), style=style, overwrite=overwrite)


def _draw(axes: Any, bars: list[tuple[str, int, int]], names: tuple[str, str], wide: float) -> None:
    """Draw the bars and their legend; the figure is ``wide`` sizes of its type."""
    at = _places(bars)
    sums = sum(raw for _, raw, _ in bars), sum(filtered for _, _, filtered in bars)
    # A bar of no samples has no length on a logarithmic axis.
    for side, width, colour in ((1, 0.84, _RAW), (2, 0.44, _FILTERED)):
        heights = [float(bar[side]) or float("nan") for bar in bars]
        if not sums[side - 1]:
            continue
        label = f"{names[side - 1]} ({sums[side - 1]:,} samples)"
        axes.bar(at, heights, width=width, color=colour, label=label, zorder=1 + side)
    # Above the bars: the last one, of all other languages, is high.
    place: Any = {"loc": "lower right", "bbox_to_anchor": (1, 1.01), "borderaxespad": 0}
    letters = sum(len(label) for label in axes.get_legend_handles_labels()[1])
    columns = 2 if 0.6 * letters + 8 < 0.8 * wide else 1
    axes.legend(frameon=False, ncols=columns, handlelength=1.1, handleheight=1.1, columnspacing=1.6, **place)


def _places(bars: list[tuple[str, int, int]]) -> list[float]:
    """Return where the bars stand; what is summed up stands apart."""
    last = bars[-1][0].startswith(_OTHER)
    return [place + (0.6 if last and place == len(bars) - 1 else 0.0) for place in range(len(bars))]


def _set_axes(axes: Any, bars: list[tuple[str, int, int]], names: tuple[str, str], limits: tuple[float, float]) -> None:
    axes.set_yscale("log")
    axes.set_ylim(limits)
    axes.set_ylabel(f"Samples in {names[0]}")
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_xlim(-0.8, _places(bars)[-1] + 0.8)
    axes.set_xticks(_places(bars), [as_it_is(name, _LETTERS) for name, _, _ in bars], rotation=90)
    axes.tick_params(axis="x", length=0, pad=2)
    axes.tick_params(axis="y", which="minor", length=0)
    if any(filtered for _, _, filtered in bars):
        _set_second_axis(axes, bars, names[1], limits)


def _set_second_axis(axes: Any, bars: list[tuple[str, int, int]], name: str, limits: tuple[float, float]) -> None:
    for place, (_, _, filtered) in zip(_places(bars), bars, strict=True):
        if 0 < filtered < limits[0]:  # a bar below the axis: its number says what cannot be seen
            axes.text(place, limits[0] * 1.15, filtered, rotation=90, ha="center", va="bottom", color="white", zorder=4)
    second = axes.twinx()
    second.set_yscale("log")
    second.set_ylim(limits)
    second.set_ylabel(f"Samples in {name}", rotation=270, va="bottom")
    second.spines["right"].set_visible(True)
    second.tick_params(axis="y", which="minor", length=0)


def _like_published(bars: list[tuple[str, int, int]]) -> bool:
    """Say whether the published axes cut no bar but small ones whose numbers are written in large ones."""
    low, high = _PAPER_LIMITS
    return all(10 * low < raw < high and filtered < high for _, raw, filtered in bars)


def _limits(bars: list[tuple[str, int, int]]) -> tuple[float, float]:
    """Return a power of ten below the smallest bar, and a bit more than one above the largest."""
    import math

    values = [value for _, *both in bars for value in both if value]
    low = 10 ** math.floor(math.log10(min(values)))
    high = 1.1 * 10 ** math.ceil(math.log10(max(values)))
    # A bar of exactly the lowest value would have no length.
    return (low / 2 if low == min(values) else low, high)
