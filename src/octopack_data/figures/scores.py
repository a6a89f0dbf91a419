"""Scores as bars: models, instruction data, kinds of bugs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import UsageError
from humanevalpack.scenarios import AVERAGED, TITLES
from octopack_data.figures.look import (
    BLUE,
    DARK,
    GREY,
    GRID,
    INK,
    LIGHT_SKY,
    ORANGE,
    POINTS,
    Style,
    as_it_is,
    need_columns,
    need_single,
    width_of,
    write_figure,
)

if TYPE_CHECKING:
    import pandas as pd

MODEL_COLUMNS = ("model", "scenario", "language", "score")
ABLATION_COLUMNS = ("data", "scenario", "score")
BUG_COLUMNS = ("model", "bug_type", "score")
AVERAGE = "average"
_COLOURS = {"fixtests": BLUE, "explainsynthesize": ORANGE, "synthesize": LIGHT_SKY, AVERAGE: DARK}
_NAMES = {**{name: TITLES[name] for name in AVERAGED}, AVERAGE: "Average"}
_MODEL_COLOURS = (BLUE, ORANGE, LIGHT_SKY, DARK)
_WIDTH = 0.88
"""Of a group of bars; the next one begins 1 further."""
_AXES = 0.88
"""Share of the width that the bars have, about."""
_NUMBER = 2.45
"""Width of a number with its space, in sizes of its type."""
_SMALLEST = 0.6
"""Share of the usual size below which a number stands upright."""
_OBLIQUE = 3.3
"""Distance of groups, in sizes of their type, below which their names stand upright."""
_LETTERS_OBLIQUE = 22
_LETTERS = 32
"""Letters of a name at most; the table or the user's file has all."""
Table = Mapping[tuple[str, str], float]
"""Group and series to a score in percent."""


def draw_models(frame: pd.DataFrame, folder: Path, *, style: Style = "default", overwrite: bool = False) -> list[Path]:
    """Draw average scores of models in the three scenarios as ``models.pdf`` and ``models.png``.

    ``frame``: model, scenario, language (the rows with ``average`` count), score (0 to 1), as ``published_frame`` and
    ``scores_frame`` have them. Models stand in the order of their mean. Raises EnvironmentFault, UsageError.
    """
    need_columns(frame, MODEL_COLUMNS, ("score",))
    chosen = frame[(frame["language"] == AVERAGE) & frame["scenario"].isin(AVERAGED)]
    table = _table(chosen, "model", "scenario")
    models = list(dict.fromkeys(map(str, chosen["model"])))
    models.sort(key=lambda name: sum(table.get((name, scenario), 0.0) for scenario in AVERAGED))
    label = "mean pass@1 over languages (%)"
    return _draw("models", table, models, _series(table), label, folder, style, overwrite=overwrite)


def draw_ablations(
    frame: pd.DataFrame, folder: Path, *, style: Style = "default", overwrite: bool = False
) -> list[Path]:
    """Draw scores by instruction data as ``ablations.pdf`` and ``ablations.png``.

    ``frame``: data, scenario (or ``average``), score (0 to 1). Raises EnvironmentFault, UsageError.
    """
    need_columns(frame, ABLATION_COLUMNS, ("score",))
    table = _table(frame, "data", "scenario")
    if unknown := [kind for _, kind in table if kind not in _NAMES]:
        raise UsageError(f"column 'scenario' of the data frame holds {unknown[0]!r}: it may hold {', '.join(_NAMES)}")
    groups = list(dict.fromkeys(map(str, frame["data"])))
    label = "pass@1 in Python (%)"
    return _draw("ablations", table, groups, _series(table), label, folder, style, overwrite=overwrite)


def _series(table: Table) -> list[str]:
    """Return the scenarios that have scores, in their order."""
    return [name for name in _NAMES if any(kind == name for _, kind in table)]


def draw_bug_types(
    frame: pd.DataFrame, folder: Path, *, style: Style = "default", overwrite: bool = False
) -> list[Path]:
    """Draw scores by kind of bug as ``bug_types.pdf`` and ``bug_types.png``; the table is in ``bug_types.md``.

    ``frame``: model, bug_type, score (0 to 1), and passed and total (samples) where they are known. Raises
    EnvironmentFault, UsageError.
    """
    need_columns(frame, BUG_COLUMNS, ("score",))
    table = _table(frame, "bug_type", "model")
    models = list(dict.fromkeys(map(str, frame["model"])))
    if len(models) > len(_MODEL_COLOURS):
        raise UsageError(f"{len(models)} models are too many for one figure: at most {len(_MODEL_COLOURS)}")
    page = folder / "bug_types.md"
    if page.exists() and not overwrite:
        raise UsageError(f"{page} is there already; name another folder, or say --overwrite")
    kinds = list(dict.fromkeys(map(str, frame["bug_type"])))
    label = "pass@1 in HumanEvalFix (%)"
    files = _draw("bug_types", table, kinds, models, label, folder, style, overwrite=overwrite)
    page.write_text(bug_table(frame), "utf-8")
    return [*files, page]


def bug_table(frame: pd.DataFrame) -> str:
    """Return kinds of bugs by model as a Markdown table: percent, and passed of all samples where they are known."""
    frame = frame.assign(**{name: [_in_table(value) for value in frame[name]] for name in ("model", "bug_type")})
    models, kinds = (list(dict.fromkeys(frame[name])) for name in ("model", "bug_type"))
    cells = {(row["bug_type"], row["model"]): _cell(row) for _, row in frame.iterrows()}
    lines = [f"| kind of bug | {' | '.join(models)} |", f"| --- |{' ---: |' * len(models)}"]
    lines += [f"| {kind} | {' | '.join(cells.get((kind, model), '–') for model in models)} |" for kind in kinds]
    return "\n".join(lines) + "\n"


def _in_table(name: object) -> str:
    return str(name).replace("|", r"\|")


def _cell(row: Mapping[str, Any]) -> str:
    counts = [row[name] if name in row else float("nan") for name in ("passed", "total")]
    said = "" if any(count != count for count in counts) else f" ({counts[0]:.0f}/{counts[1]:.0f})"
    return f"{100 * row['score']:.1f}{said}"


def _table(frame: pd.DataFrame, group: str, series: str) -> dict[tuple[str, str], float]:
    need_single(frame, [group, series])
    found: dict[tuple[str, str], float] = {}
    for name, kind, score in zip(frame[group], frame[series], frame["score"], strict=True):
        if score > 1:
            raise UsageError(f"the score of {name!r} is {score!r}: scores are shares from 0 to 1")
        found[str(name), str(kind)] = 100 * float(score)
    if not found:
        raise UsageError(f"the data frame has no rows for a figure of {group} by {series}")
    return found


def _draw(
    name: str,
    table: Table,
    groups: Sequence[str],
    series: Sequence[str],
    label: str,
    folder: Path,
    style: Style,
    *,
    overwrite: bool,
) -> list[Path]:
    width = width_of(style)
    upright = width * 72 * _AXES / len(groups) <= _OBLIQUE * POINTS[style]
    # Upright names have a height of their own: the bars keep theirs.
    below = min(max(map(len, groups)), _LETTERS) * 0.6 * POINTS[style] / 72 if upright else 0.0

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        points = POINTS[style]
        bar = _WIDTH / len(series)
        group_points = width * 72 * _AXES / len(groups)
        size = min(0.85 * points, group_points * bar / _NUMBER)
        for place, kind in enumerate(series):
            colour = _COLOURS.get(kind) or _MODEL_COLOURS[place]
            at = [number + (place - (len(series) - 1) / 2) * bar for number in range(len(groups))]
            heights = [table.get((group, kind), float("nan")) for group in groups]
            axes.bar(at, heights, width=bar * 0.94, color=colour, label=as_it_is(_NAMES.get(kind, kind), _LETTERS))
            for x, height in zip(at, heights, strict=True):
                if height == height:  # a score that is missing has no number either
                    _number(axes, x, height, size, points)
        _name_groups(axes, groups, group_points, points)
        _set_axes(axes, len(groups), label, max(table.values()), upright=size < _SMALLEST * points)
        _legend(axes, len(series), max(len(_NAMES.get(kind, kind)) for kind in series), width, points)

    return write_figure(name, folder, draw, size=(width, width * 0.42 + below), style=style, overwrite=overwrite)


def _number(axes: Any, x: float, height: float, size: float, points: float) -> None:
    """Write a bar's number above it: upright where the bar is too narrow, none where it is too narrow for that."""
    upright = size < _SMALLEST * points
    if upright and size * _NUMBER < 0.7 * points:
        return
    letters = min(size * _NUMBER * 0.9, 0.75 * points) if upright else size
    axes.annotate(f"{height:.1f}" if height else "0", (x, height), (0, 1.5), textcoords="offset points", ha="center",
                  va="bottom", fontsize=letters, color=INK if height else GREY, rotation=90 * upright)  # fmt: skip


def _name_groups(axes: Any, groups: Sequence[str], room: float, points: float) -> None:
    """Write the names below the groups, each of which has so many points: level, oblique or upright, as they fit."""
    names = [as_it_is(_broken(group), 3 * _LETTERS) for group in groups]
    if max(len(line) for name in names for line in name.split("\n")) * 0.6 * points <= room:
        axes.set_xticks(range(len(groups)), names)
        return
    if room > _OBLIQUE * points:
        names = [as_it_is(group, _LETTERS_OBLIQUE) for group in groups]
        axes.set_xticks(range(len(groups)), names, rotation=20, ha="right", rotation_mode="anchor")
    else:
        names = [as_it_is(group, _LETTERS) for group in groups]
        axes.set_xticks(range(len(groups)), names, rotation=90, fontsize=min(points, 0.9 * room))


def _set_axes(axes: Any, groups: int, label: str, highest: float, *, upright: bool) -> None:
    axes.set_xlim(-0.55, groups - 0.45)
    axes.set_ylim(0, min(118 if upright else 105, (1.18 if upright else 1.08) * highest + 2))
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= min(100, axes.get_ylim()[1])])
    axes.set_ylabel(label)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.tick_params(axis="x", length=0)


def _legend(axes: Any, series: int, letters: int, width: float, points: float) -> None:
    each = (min(letters, _LETTERS) * 0.6 + 3.5) * points
    columns = max(1, min(series, int(width * 72 * _AXES / each)))
    place: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1.01), "borderaxespad": 0}
    axes.legend(frameon=False, ncols=columns, handlelength=1.1, handleheight=1.1, columnspacing=1.6, **place)


def _broken(name: str) -> str:
    """Return a name in lines that fit below a group of bars: cut before a plus, between words, or behind a hyphen."""
    if " + " in name:
        return name.replace(" + ", "\n+ ")
    if " " in name:
        return "\n".join(name.rsplit(" ", 1))
    return name.replace("-", "-\n", 1) if len(name) > 13 else name
