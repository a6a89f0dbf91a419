"""The distribution of tasks in commits as two rings: groups inside, their categories outside."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from humanevalpack.errors import UsageError
from octopack_data.figures.leaders import LABELS_AT, LEAST, Line, leaders, middles
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
    as_it_is,
    need_columns,
    need_single,
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
_OUTER, _MIDDLE, _INNER = 1.0, 0.75, 0.13
"""Radii: of the outer ring, between the rings, of the hole."""
_GROUP_LETTERS = 11
"""Letters of a line of a group's name."""
_LABELLED = 11
"""Percent: from here on a group has room for its name."""
_MARGIN = 0.1
"""Radii, above and below."""
_LETTERS = 28
"""Letters of a category's name at most."""
_LINES = 1.5
"""Distance of labels, in sizes of their type."""
_ROUNDING = 0.5
"""Percent by which shares may sum to more than 100."""
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
    need_single(frame, ["category"])
    if (total := float(frame["percent"].sum())) > 100 + _ROUNDING:
        raise UsageError(f"column 'percent' of the data frame sums to {total:g}: it must hold shares of 100")
    groups, categories = _rings(frame[frame["percent"] > 0])
    width, points = width_of(style), POINTS[style]
    longest = max(_inches(_label(one), points * 0.95) for one in categories)
    unit = (width / 2 - longest - 0.06) / (LABELS_AT + 0.03)  # inches
    least = _LINES * points * 0.95 / 72 / unit
    start, lines = leaders([one.percent for one in categories], least=least)
    heights = [line[-1][1] for line in lines]
    low, high = min(-LEAST, *heights) - _MARGIN, max(LEAST, *heights) + _MARGIN

    def draw(figure: Any) -> None:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_aspect("equal")
        axes.set_axis_off()
        for ring, outer, inner in ((categories, _OUTER, _MIDDLE), (groups, _MIDDLE - 0.01, _INNER)):
            _ring(axes, ring, outer, inner, start)
        axes.set_xlim(-width / 2 / unit, width / 2 / unit)  # a pie sets its own
        axes.set_ylim(low, high)
        _group_names(axes, groups, points, unit, start)
        _category_names(axes, categories, points, lines)

    return write_figure("tasks", folder, draw, size=(width, (high - low) * unit), style=style, overwrite=overwrite)


def _label(one: _Slice) -> str:
    return f"{as_it_is(one.name, _LETTERS)} ({one.percent:.2f} %)"


def _inches(text: str, points: float, weight: str = "normal") -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    outline = TextPath((0, 0), text, size=points, prop=FontProperties(family="DejaVu Sans", weight=weight))
    return float(outline.get_extents().width) / 72


def _rings(frame: pd.DataFrame) -> tuple[list[_Slice], list[_Slice]]:
    """Return the groups and the categories in their order: the largest first, in a group as among the groups."""
    need_columns(frame, COLUMNS)
    frame = frame.assign(group=frame["group"].astype(str))
    sums = frame.groupby("group", sort=False)["percent"].sum().sort_values(ascending=False, kind="stable")
    groups, categories = [], []
    for place, (group, percent) in enumerate(sums.items()):
        # Around the ring the last group stands beside the first one.
        last_of_many = 0 < place == len(sums) - 1 and place % len(_COLOURS) == 0
        colour = _COLOURS[3 if last_of_many else place % len(_COLOURS)]
        groups.append(_Slice(str(group), float(percent), tinted(colour, 1)))
        own = frame[frame["group"] == group].sort_values("percent", ascending=False, kind="stable")
        for number, (name, share) in enumerate(zip(own["category"], own["percent"], strict=True)):
            tint = 0.85 - (0.85 - _LIGHTEST) * number / max(1, len(own) - 1)
            categories.append(_Slice(str(name), float(share), tinted(colour, tint)))
    return groups, categories


def _ring(axes: Any, slices: Sequence[_Slice], outer: float, inner: float, start: int) -> None:
    axes.pie(
        [one.percent for one in slices],
        colors=[one.colour for one in slices],
        radius=outer,
        startangle=start,
        counterclock=False,
        wedgeprops={"width": outer - inner, "edgecolor": "white", "linewidth": 0.8},
    )


def _group_names(axes: Any, groups: Sequence[_Slice], points: float, unit: float, start: int) -> None:
    """Write names with percentages into the groups with room for them; ``unit``: inches of a radius."""
    total = sum(one.percent for one in groups)
    for one, angle in zip(groups, middles([one.percent for one in groups], start), strict=True):
        share = 100 * one.percent / total
        if share < _LABELLED:
            continue
        lines = textwrap.wrap(one.name, _GROUP_LETTERS) or [""]
        text = as_it_is("\n".join([*lines[:2], f"{share:.1f} %"]), 3 * _GROUP_LETTERS)
        size, away = _largest(text, points * 0.76, unit, angle, math.pi * share / 100)
        axes.text(away * math.cos(angle), away * math.sin(angle), text, ha="center", va="center", weight="bold",
                  fontsize=size, color=text_colour(one.colour))  # fmt: skip


def _largest(text: str, points: float, unit: float, angle: float, half: float) -> tuple[float, float]:
    """Return the largest size of type, and the radius, at which a text stands within its slice of the inner ring.

    ``half``: of the slice's angle.
    """
    lines = text.split("\n")
    width = max(_inches(line, points, "bold") for line in lines) / unit
    height = len(lines) * 1.2 * points / 72 / unit
    for size in (1 - step / 20 for step in range(10)):
        for away in (_INNER + (_MIDDLE - _INNER) * part / 20 for part in range(11, 16)):
            x, y = away * math.cos(angle), away * math.sin(angle)
            corners = [
                (x + across * size * width / 2, y + up * size * height / 2) for across in (1, -1) for up in (1, -1)
            ]
            apart = [abs(math.remainder(math.atan2(up, across) - angle, math.tau)) for across, up in corners]
            if max(math.hypot(*corner) for corner in corners) < _MIDDLE - 0.03 and max(apart) < 0.96 * half:
                return size * points, away
    return points / 2, (_MIDDLE + _INNER) / 2


def _category_names(axes: Any, categories: Sequence[_Slice], points: float, lines: Sequence[Line]) -> None:
    """Write names with percentages on both sides, each at the end of the line to its slice."""
    for one, line in zip(categories, lines, strict=True):
        end, height = line[-1]
        axes.plot(*zip(*line, strict=True), color=GREY, linewidth=0.6, clip_on=False)
        axes.text(end + math.copysign(0.03, end), height, _label(one), ha="left" if end > 0 else "right",
                  va="center", fontsize=points * 0.95)  # fmt: skip
