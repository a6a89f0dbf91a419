"""octopack_data.figures.leaders, in the figure of tasks: labels stand apart, lines cross nothing, names are within."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from octopack_data.figures.leaders import Line, leaders
from octopack_data.figures.tasks import draw_tasks, published_tasks
from octopack_data.task_categories import read_categories

Segment = tuple[tuple[float, float], tuple[float, float]]
TINY = [0.1 + 0.01 * number for number in range(10)]
LARGE = [28.0, 22.0, 15.0, 10.0, 8.0, 6.0, 5.0, 4.0]


def frame(shares: list[float], groups: int) -> pd.DataFrame:
    rows = [(f"Category {n}", f"Group {min(n, groups - 1)}", share) for n, share in enumerate(shares)]
    return pd.DataFrame(rows, columns=["category", "group", "percent"])


FRAMES = {
    "published": published_tasks(read_categories()),
    "ten tiny slices in the last group, at the top": frame(LARGE + TINY, 9),
    "ten tiny groups": frame(LARGE + TINY, 18),
    "ten tiny slices among the others": frame(sorted(LARGE + TINY, reverse=True), 1),
    "all tiny but one": frame([99.0, *[0.06] * 17], 2),
    "all equal": frame([100 / 18] * 18, 3),
    "one": frame([100.0], 1),
}


def segments(line: Line) -> Iterator[Segment]:
    return itertools.pairwise(line)


def cross(one: Segment, other: Segment) -> bool:
    def side(point: tuple[float, float], ends: Segment) -> float:
        (x, y), ((a, b), (c, d)) = point, ends
        return (c - a) * (y - b) - (d - b) * (x - a)

    return side(one[0], other) * side(one[1], other) < 0 and side(other[0], one) * side(other[1], one) < 0


def crossings(lines: list[Line]) -> list[tuple[int, int]]:
    return [
        (n, m)
        for (n, one), (m, other) in itertools.combinations(enumerate(lines), 2)
        if any(cross(mine, theirs) for mine in segments(one) for theirs in segments(other))
    ]


def nearest(line: Line) -> float:
    """How near to the middle the line comes."""
    points = [np.linspace(begin, end, 20) for begin, end in segments(line)]
    return float(np.hypot(*np.concatenate(points).T).min())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.floats(0.02, 0.3))
def test_no_line_crosses_another_or_the_ring_whatever_the_shares(shares: list[float], least: float) -> None:
    start, lines = leaders(shares, least=least)
    assert start % 5 == 0
    assert crossings(lines) == []
    assert min(map(nearest, lines)) > 0.96
    for side in (1, -1):
        heights = sorted(line[-1][1] for line in lines if line[-1][0] * side > 0)
        assert all(high - low > 0.99 * least for low, high in itertools.pairwise(heights))


def test_the_rings_begin_at_the_top_unless_that_crowds_the_labels() -> None:
    assert leaders(LARGE, least=0.1)[0] == 90
    start, lines = leaders(LARGE + TINY, least=0.1)
    assert start != 90
    middle = math.radians(start - 360 * (sum(LARGE) + sum(TINY) / 2) / sum(LARGE + TINY))
    assert abs(math.sin(middle)) < 0.5  # at a side
    assert max(abs(line[-1][1]) for line in lines) < 1.3


def drawn(shares: pd.DataFrame, folder: Path, style: Any, monkeypatch: pytest.MonkeyPatch) -> Figure:
    """The figure itself, laid out; nothing is written."""
    made: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, *_, **__: made.append(self))
    draw_tasks(shares, folder, style=style)
    made[-1].set_dpi(300)  # of a printed one: the widths of letters are not rounded to whole points of a screen
    return made[-1]


@pytest.mark.parametrize("style", ["default", "paper"])
@pytest.mark.parametrize("case", FRAMES)
def test_every_label_has_room_and_no_line_through_it(
    case: str, style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = drawn(FRAMES[case], tmp_path, style, monkeypatch)
    (axes,) = figure.axes
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    texts = [text for text in axes.texts if text.get_text()]
    labels, groups = ([text for text in texts if (text.get_fontweight() == "bold") is bold] for bold in (False, True))
    boxes = [text.get_window_extent(renderer) for text in texts]
    lines: list[Any] = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    assert len(labels) == len(lines) == len(FRAMES[case])
    assert crossings(lines) == []
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    whole = figure.bbox
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1 for box in boxes)
    for line in axes.lines:
        path = line.get_path().transformed(line.get_transform())
        assert not any(path.intersects_bbox(box, filled=False) for box in boxes)
    for text in groups:
        box = Bbox(text.get_window_extent(renderer).transformed(axes.transData.inverted()))
        assert max(math.hypot(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)) < 0.75  # within the inner ring
