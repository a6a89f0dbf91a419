"""The benchmark at a glance: three scenarios, six languages, and one problem of the set ``mini`` as the example."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import UsageError
from humanevalpack.languages import LANGUAGES, get_language
from octopack_data.figures.look import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    VERMILION,
    Style,
    need_columns,
    tinted,
    write_figure,
)

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("language", "index", "declaration", "docstring", "canonical_solution", "buggy_solution", "test", "bug_type")
EXAMPLE = ("python", 3)
"""The problem that is shown: short, with a bug in one line."""
_LETTERS = 38
"""Letters of a line in a box."""
_TESTS = 2
"""Assertions that are shown."""
_LINE = 1.0
"""Height of a line, the unit of the drawing's height: 1.38 times the size of the type."""
_PANEL, _GAP = 30.0, 1.6
"""Width of a panel and between two of them."""
_WIDTHS: dict[Style, float] = {"default": 11, "paper": 7}
"""Inches: three panels of code need the whole of a page."""
_ASPECT, _LETTER = 1.38, 0.602
"""Height of a line and width of a letter of code, as shares of the size of the type."""
Ground = tuple[float, float, float]
_BEFORE, _AFTER = tinted(ORANGE, 0.4), tinted(BLUE, 0.22)
"""Behind a line with the bug, and behind the same line mended."""


@dataclass(frozen=True)
class _Box:
    """One box of a panel: its heading and its lines, each with the ground behind it (None: that of the box)."""

    heading: str
    lines: Sequence[tuple[str, Ground | None]]

    @property
    def height(self) -> float:
        return (len(self.lines) + 2.1) * _LINE


@dataclass(frozen=True)
class _Panel:
    """One scenario: what the model reads, what it writes, and how that is judged."""

    title: str
    colour: str
    read: Sequence[_Box]
    written: Sequence[_Box]


def example_frame() -> pd.DataFrame:
    """Return the problems of the set ``mini`` in all languages as a data frame."""
    from humanevalpack.frames import problems_frame
    from humanevalpack.problems import load_problems

    return problems_frame(problem for language in LANGUAGES for problem in load_problems(language, "mini"))


def draw_overview(
    frame: pd.DataFrame, folder: Path, *, style: Style = "default", overwrite: bool = False
) -> list[Path]:
    """Draw the scenarios with problem 3 in Python of a frame of problems as ``overview.pdf`` and ``overview.png``.

    ``frame``: as ``problems_frame`` makes it; the languages are those that it holds. Raises EnvironmentFault,
    UsageError (columns, no such problem, a file that is there).
    """
    need_columns(frame, COLUMNS)
    panels = _panels(_example(frame))
    languages = [language for language in LANGUAGES if (frame["language"] == language).any()]
    tall = max(_height(panel) for panel in panels)
    across = 3 * _PANEL + 2 * _GAP
    width, high = _WIDTHS[style], tall + 4.2
    points = width * 72 * (_PANEL - 2) / across / _LETTERS / _LETTER  # a line of code fills its box

    def draw(figure: Any) -> None:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(-0.15, across + 0.15)  # half of a frame's line is outside
        axes.set_ylim(high, 0)
        _heading(axes, languages, across, points)
        for place, panel in enumerate(panels):
            _draw_panel(axes, panel, place * (_PANEL + _GAP), 3.4, tall, points)

    size = (width, high * _ASPECT * points / 72)
    return write_figure("overview", folder, draw, size=size, style=style, overwrite=overwrite)


def _example(frame: pd.DataFrame) -> dict[str, str]:
    language, index = EXAMPLE
    rows = frame[(frame["language"] == language) & (frame["index"].astype(str) == str(index))]
    if len(rows) != 1:
        raise UsageError(f"the data frame must have one row with language {language!r} and index {index}")
    return {name: str(rows.iloc[0][name]) for name in COLUMNS}


def _panels(problem: dict[str, str]) -> list[_Panel]:
    good = (problem["declaration"].strip("\n") + "\n" + problem["canonical_solution"].strip("\n")).splitlines()
    bad = (problem["declaration"].strip("\n") + "\n" + problem["buggy_solution"].strip("\n")).splitlines()
    good, bad = (_without_imports(lines) for lines in (good, bad))
    text = problem["docstring"].split(">>>")[0].strip()
    tests = [line.strip() for line in problem["test"].splitlines() if line.strip().startswith("assert")]
    shown = _plain(
        [part for test in tests[:_TESTS] for part in textwrap.wrap(test, _LETTERS, subsequent_indent="    ")]
    )
    shown += [("…", None)] if len(tests) > _TESTS else []
    return [
        _Panel(
            "HumanEvalFix", VERMILION,
            [_Box(f"code with a bug ({problem['bug_type']})", _marked(bad, good, _BEFORE)), _Box("its tests", shown)],
            [_Box("the code without the bug", _marked(good, bad, _AFTER))],
        ),
        _Panel(
            "HumanEvalExplain", GREEN,
            [_Box("code", _plain(good))],
            [_Box("first an explanation, without code", _wrapped(text)),
             _Box("then, from that alone, the code", _plain(good))],
        ),
        _Panel(
            "HumanEvalSynthesize", BLUE,
            [_Box("the declaration and what it shall do", [*_plain(good[:_head(good)]), *_wrapped(text)])],
            [_Box("the code", _plain(good))],
        ),
    ]  # fmt: skip


def _without_imports(lines: Sequence[str]) -> list[str]:
    first = next(place for place, line in enumerate(lines) if line.startswith("def "))
    return _folded([line for line in lines[first:] if line.strip()])


def _folded(lines: Sequence[str]) -> list[str]:
    """Break a declaration that is too long behind its bracket and its commas, as formatters do."""
    head = lines[0]
    if len(head) <= _LETTERS:
        return list(lines)
    name, _, rest = head.partition("(")
    arguments, _, tail = rest.rpartition(")")
    return [f"{name}(", *textwrap.wrap(arguments, _LETTERS, initial_indent=" " * 4, subsequent_indent=" " * 4),
            f"){tail}", *lines[1:]]  # fmt: skip


def _head(lines: Sequence[str]) -> int:
    """Return how many lines the declaration has."""
    return next(place for place, line in enumerate(lines, start=1) if line.endswith(":"))


def _plain(lines: Sequence[str]) -> list[tuple[str, Ground | None]]:
    return [(line if len(line) <= _LETTERS else line[: _LETTERS - 1] + "…", None) for line in lines]


def _wrapped(text: str) -> list[tuple[str, Ground | None]]:
    return [(line, None) for line in textwrap.wrap(" ".join(text.split()), _LETTERS)]


def _marked(lines: Sequence[str], others: Sequence[str], ground: Ground) -> list[tuple[str, Ground | None]]:
    """Return the lines with a ground behind those that the others do not have."""
    matcher = difflib.SequenceMatcher(a=lines, b=others, autojunk=False)
    same = {place for start, _, size in matcher.get_matching_blocks() for place in range(start, start + size)}
    return [(line, None if place in same else ground) for place, (line, _) in enumerate(_plain(lines))]


def _height(panel: _Panel) -> float:
    return 2.2 + sum(box.height + 0.5 for box in (*panel.read, *panel.written)) + 2.4


def _heading(axes: Any, languages: Sequence[str], across: float, points: float) -> None:
    titles = " · ".join(get_language(language).title for language in languages)
    said = f"HumanEvalPack: 3 scenarios, {len(languages)} languages"
    axes.text(0.2, 1.0, said, fontsize=points * 1.5, weight="bold", va="center")
    axes.text(across - 0.2, 1.0, titles, fontsize=points * 1.25, color=GREY, va="center", ha="right")
    axes.text(across - 0.2, 2.45, "one problem as the example, in Python", fontsize=points,
              color=GREY, va="center", ha="right")  # fmt: skip


def _draw_panel(axes: Any, panel: _Panel, left: float, top: float, tall: float, points: float) -> None:
    from matplotlib.patches import FancyBboxPatch, Rectangle

    axes.add_patch(Rectangle((left, top), _PANEL, 1.8, facecolor=panel.colour, edgecolor="none"))
    axes.text(left + 0.6, top + 0.95, panel.title, fontsize=points * 1.3, weight="bold", color="white", va="center")
    axes.add_patch(Rectangle((left, top), _PANEL, tall, facecolor="none", edgecolor=panel.colour, linewidth=1))
    at = top + 2.3
    # The arrow takes what a shorter panel has left: the last boxes of all panels end alike.
    spare = tall - _height(panel)
    for boxes in (panel.read, panel.written):
        for box in boxes:
            _draw_box(axes, box, left, at, points, FancyBboxPatch, Rectangle)
            at += box.height + 0.5
        if boxes is panel.read:
            _arrow(axes, left + _PANEL / 2, at, at + 1.7 + spare, panel.colour, points)
            at += 2.0 + spare


def _draw_box(axes: Any, box: _Box, left: float, top: float, points: float, rounded: Any, square: Any) -> None:
    inner = 0.5
    axes.add_patch(square((left + inner, top), _PANEL - 2 * inner, box.height, facecolor=PALE, edgecolor="none"))
    axes.text(left + 1.0, top + 0.85, box.heading, fontsize=points, color=GREY, style="italic", va="center")
    for place, (line, ground) in enumerate(box.lines):
        middle = top + 2.05 + place * _LINE
        if ground is not None:
            axes.add_patch(
                square((left + inner, middle - 0.5), _PANEL - 2 * inner, _LINE, facecolor=ground, edgecolor="none")
            )
        axes.text(left + 1.0, middle, line, fontsize=points * 0.98, family="monospace", va="center")


def _arrow(axes: Any, x: float, top: float, bottom: float, colour: str, points: float) -> None:
    middle = (top + bottom) / 2
    axes.annotate("", (x, bottom), (x, top - 0.2),
                  arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0,
                              "mutation_scale": points * 1.4})  # fmt: skip
    axes.text(x + 0.9, middle, "the model writes", fontsize=points, color=colour, va="center", weight="bold")
