"""The distribution of tasks in commits as two rings: groups inside, their categories outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from octopack_data.figures.look import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    POINTS,
    PURPLE,
    SKY,
    VERMILION,
    Style,
    need_columns,
    text_colour,
    tinted,
    width_of,
    write_figure,
)
from octopack_data.task_categories import Categories

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("category", "group", "percent")
_COLOURS = (BLUE, GREEN, VERMILION, ORANGE, PURPLE, SKY)
_OUTER, _MIDDLE, _INNER = 1.0, 0.75, 0.19
"""Radii: of the outer ring, between the rings, of the hole."""
_START = 90
"""Degrees: the largest group begins at the top and the others follow clockwise."""
_LABELLED = 11
"""Percent: from here on a group has room for its name."""
_LABELS_AT = 1.24
_LIGHTEST = 0.42
"""Share of a group's colour in the category with the smallest share."""


class _Slice(NamedTuple):
    name: str
    percent: float
    colour: tuple[float, float, float]


def published_tasks(categories: Categories) -> pd.DataFrame:
    """Return the published shares as a data frame: category, group, percent; those without a share are left out."""
    import pandas as pd

    rows = [(one.name, one.group, one.percent) for one in categories.categories if one.percent is not None]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw_tasks(frame: pd.DataFrame, folder: Path, *, style: Style = "default", overwrite: bool = False) -> list[Path]:
    """Draw a data frame with category, group and percent as ``tasks.pdf`` and ``tasks.png``.

    Raises EnvironmentFault (no matplotlib), UsageError (columns, numbers, a file that is there).
    """
    need_columns(frame, COLUMNS, ("percent",))
    groups, categories = _rings(frame[frame["percent"] > 0])
    width = width_of(style)

    def draw(figure: Any) -> None:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_xlim(-2.6, 2.6)
        axes.set_ylim(-1.25, 1.25)
        _ring(axes, categories, _OUTER, _MIDDLE)
        _ring(axes, groups, _MIDDLE - 0.01, _INNER)
        _group_names(axes, groups, POINTS[style])
        _category_names(axes, categories, POINTS[style])

    return write_figure("tasks", folder, draw, size=(width, width * 2.5 / 5.2), style=style, overwrite=overwrite)


def _rings(frame: pd.DataFrame) -> tuple[list[_Slice], list[_Slice]]:
    """Return the groups and the categories in their order: the largest first, in a group as among the groups."""
    need_columns(frame, COLUMNS)
    sums = frame.groupby("group", sort=False)["percent"].sum().sort_values(ascending=False, kind="stable")
    groups, categories = [], []
    for place, (group, percent) in enumerate(sums.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        groups.append(_Slice(str(group), float(percent), tinted(colour, 1)))
        own = frame[frame["group"] == group].sort_values("percent", ascending=False, kind="stable")
        for number, (name, share) in enumerate(zip(own["category"], own["percent"], strict=True)):
            tint = 0.85 - (0.85 - _LIGHTEST) * number / max(1, len(own) - 1)
            categories.append(_Slice(str(name), float(share), tinted(colour, tint)))
    return groups, categories


def _ring(axes: Any, slices: Sequence[_Slice], outer: float, inner: float) -> None:
    axes.pie(
        [one.percent for one in slices],
        colors=[one.colour for one in slices],
        radius=outer,
        startangle=_START,
        counterclock=False,
        wedgeprops={"width": outer - inner, "edgecolor": "white", "linewidth": 0.8},
    )
    axes.set_xlim(-2.6, 2.6)  # a pie sets its own
    axes.set_ylim(-1.25, 1.25)


def _middles(slices: Sequence[_Slice]) -> list[float]:
    """Return the angle of the middle of each slice, in radians."""
    total, before, found = sum(one.percent for one in slices), 0.0, []
    for one in slices:
        found.append(math.radians(_START - 360 * (before + one.percent / 2) / total))
        before += one.percent
    return found


def _group_names(axes: Any, groups: Sequence[_Slice], points: float) -> None:
    total = sum(one.percent for one in groups)
    for one, angle in zip(groups, _middles(groups), strict=True):
        share = 100 * one.percent / total
        if share < _LABELLED:
            continue
        away = 0.52 * _MIDDLE + 0.48 * _INNER
        text = f"{one.name}\n{share:.1f} %"
        axes.text(away * math.cos(angle), away * math.sin(angle), text.replace(" & ", " &\n"), ha="center",
                  va="center", fontsize=points * 0.76, color=text_colour(one.colour), weight="bold")  # fmt: skip


def _category_names(axes: Any, categories: Sequence[_Slice], points: float) -> None:
    """Write names with percentages on both sides, pushed apart, each with a line to its slice."""
    angles = _middles(categories)
    for side in (1, -1):
        own = [place for place, angle in enumerate(angles) if (math.cos(angle) >= 0) == (side > 0)]
        own.sort(key=lambda place: math.sin(angles[place]))
        heights = spread([1.12 * math.sin(angles[place]) for place in own], least=0.155, limits=(-1.18, 1.18))
        for place, height in zip(own, heights, strict=True):
            one, angle = categories[place], angles[place]
            start = (0.97 * math.cos(angle), 0.97 * math.sin(angle))
            bend = (1.1 * math.cos(angle), height) if abs(height) < 1.1 else (1.05 * math.cos(angle), height)
            end = side * _LABELS_AT
            axes.plot([start[0], bend[0], end], [start[1], bend[1], height], color=GREY, linewidth=0.6, clip_on=False)
            text = f"{one.name} ({one.percent:.2f} %)"
            axes.text(end + side * 0.03, height, text, ha="left" if side > 0 else "right", va="center",
                      fontsize=points * 0.95)  # fmt: skip


def spread(heights: Sequence[float], *, least: float, limits: tuple[float, float]) -> list[float]:
    """Return ascending heights moved so little that neighbours are ``least`` apart and all are within the limits.

    Where there is no room for that, they stand evenly over the whole of it.
    """
    low, high = limits
    if not heights:
        return []
    if (len(heights) - 1) * least >= high - low:
        return [low + (high - low) * place / max(1, len(heights) - 1) for place in range(len(heights))]
    moved = [max(low, height) for height in heights]
    for place in range(1, len(moved)):
        moved[place] = max(moved[place], moved[place - 1] + least)
    moved[-1] = min(moved[-1], high)
    for place in range(len(moved) - 2, -1, -1):
        moved[place] = min(moved[place], moved[place + 1] - least)
    return moved
