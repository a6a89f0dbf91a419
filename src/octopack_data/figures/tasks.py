"""The distribution of tasks in commits as two rings: groups inside, their categories outside."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from humanevalpack.errors import UsageError
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
_START = 90
"""Degrees: the largest group begins at the top and the others follow clockwise."""
_GROUP_LETTERS = 11
"""Letters of a line of a group's name."""
_LABELLED = 11
"""Percent: from here on a group has room for its name."""
_LABELS_AT = 1.2
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
    unit = (width / 2 - longest - 0.06) / (_LABELS_AT + 0.03)  # inches
    least = _LINES * points * 0.95 / 72 / unit
    sides = [sum((math.cos(angle) >= 0) == right for angle in _middles(categories)) for right in (True, False)]
    half = max(1.16, (max(sides) - 1) * least / 2) + 0.09

    def draw(figure: Any) -> None:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_aspect("equal")
        axes.set_axis_off()
        for ring, outer, inner in ((categories, _OUTER, _MIDDLE), (groups, _MIDDLE - 0.01, _INNER)):
            _ring(axes, ring, outer, inner)
        axes.set_xlim(-width / 2 / unit, width / 2 / unit)  # a pie sets its own
        axes.set_ylim(-half, half)
        _group_names(axes, groups, points, 72 * unit * (_MIDDLE - _INNER))
        _category_names(axes, categories, points, least, half - 0.09)

    return write_figure("tasks", folder, draw, size=(width, 2 * half * unit), style=style, overwrite=overwrite)


def _label(one: _Slice) -> str:
    return f"{as_it_is(one.name, _LETTERS)} ({one.percent:.2f} %)"


def _inches(text: str, points: float) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    outline = TextPath((0, 0), text, size=points, prop=FontProperties("DejaVu Sans"))
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


def _ring(axes: Any, slices: Sequence[_Slice], outer: float, inner: float) -> None:
    axes.pie(
        [one.percent for one in slices],
        colors=[one.colour for one in slices],
        radius=outer,
        startangle=_START,
        counterclock=False,
        wedgeprops={"width": outer - inner, "edgecolor": "white", "linewidth": 0.8},
    )


def _middles(slices: Sequence[_Slice]) -> list[float]:
    """Return the angle of the middle of each slice, in radians."""
    total, before, found = sum(one.percent for one in slices), 0.0, []
    for one in slices:
        found.append(math.radians(_START - 360 * (before + one.percent / 2) / total))
        before += one.percent
    return found


def _group_names(axes: Any, groups: Sequence[_Slice], points: float, room: float) -> None:
    """Write names with percentages into the groups with room for them; their ring is ``room`` points wide."""
    total = sum(one.percent for one in groups)
    for one, angle in zip(groups, _middles(groups), strict=True):
        share = 100 * one.percent / total
        if share < _LABELLED:
            continue
        away = 0.57 * _MIDDLE + 0.43 * _INNER
        lines = textwrap.wrap(one.name, _GROUP_LETTERS) or [""]
        longest = max(map(len, lines[:2]))
        text = as_it_is("\n".join([*lines[:2], f"{share:.1f} %"]), 3 * _GROUP_LETTERS)
        axes.text(away * math.cos(angle), away * math.sin(angle), text, ha="center", va="center", weight="bold",
                  fontsize=min(points * 0.76, room / (0.72 * longest)), color=text_colour(one.colour))  # fmt: skip


def _category_names(axes: Any, categories: Sequence[_Slice], points: float, least: float, limit: float) -> None:
    """Write names with percentages on both sides, pushed apart, each with a line to its slice."""
    angles = _middles(categories)
    for side in (1, -1):
        own = [place for place, angle in enumerate(angles) if (math.cos(angle) >= 0) == (side > 0)]
        own.sort(key=lambda place: math.sin(angles[place]))
        heights = spread([1.08 * math.sin(angles[place]) for place in own], least=least, limits=(-limit, limit))
        for place, height in zip(own, heights, strict=True):
            cosine, sine, end = math.cos(angles[place]), math.sin(angles[place]), side * _LABELS_AT
            # Out of the ring first, so that no line crosses a neighbour; then beside the circle to the label.
            beside = side * max(abs(1.08 * cosine), min(1.1, math.sqrt(max(0.0, 1.2 - height * height))))
            axes.plot([0.97 * cosine, 1.06 * cosine, beside, end], [0.97 * sine, 1.06 * sine, height, height],
                      color=GREY, linewidth=0.6, clip_on=False)  # fmt: skip
            axes.text(end + side * 0.03, height, _label(categories[place]), ha="left" if side > 0 else "right",
                      va="center", fontsize=points * 0.95)  # fmt: skip


def spread(heights: Sequence[float], *, least: float, limits: tuple[float, float]) -> list[float]:
    """Return ascending heights moved as little as can be (least squares) to be ``least`` apart and within the limits.

    Where there is no room for that, they stand evenly over the whole of it.
    """
    low, high = limits
    if (len(heights) - 1) * least >= high - low:
        return [low + (high - low) * place / max(1, len(heights) - 1) for place in range(len(heights))]
    # Without the distances the heights must only ascend: neighbours that do not are one block at their mean.
    blocks: list[tuple[float, int]] = []
    for place, height in enumerate(heights):
        mean, size = height - place * least, 1
        while blocks and blocks[-1][0] > mean:
            before, others = blocks.pop()
            mean, size = (before * others + mean * size) / (others + size), others + size
        blocks.append((mean, size))
    moved = [mean for mean, size in blocks for _ in range(size)]
    top = high - (len(heights) - 1) * least
    return [min(max(height, low), top) + place * least for place, height in enumerate(moved)]
