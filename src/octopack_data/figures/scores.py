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
    need_columns,
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
_LEVEL = 6
"""Groups whose names stand level."""
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
    models = list(dict.fromkeys(chosen["model"]))
    models.sort(key=lambda name: sum(table.get((name, scenario), 0.0) for scenario in AVERAGED))
    label = "pass@1 in percent, mean over languages"
    return _draw("models", table, models, AVERAGED, label, folder, style, overwrite=overwrite)


def draw_ablations(
    frame: pd.DataFrame, folder: Path, *, style: Style = "default", overwrite: bool = False
) -> list[Path]:
    """Draw scores by instruction data as ``ablations.pdf`` and ``ablations.png``.

    ``frame``: data, scenario (or ``average``), score (0 to 1). Raises EnvironmentFault, UsageError.
    """
    need_columns(frame, ABLATION_COLUMNS, ("score",))
    table = _table(frame, "data", "scenario")
    series = [name for name in _NAMES if any(key[1] == name for key in table)]
    groups = list(dict.fromkeys(frame["data"]))
    label = "pass@1 in percent, Python"
    return _draw("ablations", table, groups, series, label, folder, style, overwrite=overwrite)


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
    label = "HumanEvalFix, pass@1 in percent"
    files = _draw("bug_types", table, kinds, models, label, folder, style, overwrite=overwrite)
    page.write_text(bug_table(frame), "utf-8")
    return [*files, page]


def bug_table(frame: pd.DataFrame) -> str:
    """Return kinds of bugs by model as a Markdown table: percent, and passed of all samples where they are known."""
    models, kinds = (list(dict.fromkeys(map(str, frame[name]))) for name in ("model", "bug_type"))
    cells = {(str(row["bug_type"]), str(row["model"])): _cell(row) for _, row in frame.iterrows()}
    lines = [f"| kind of bug | {' | '.join(models)} |", f"| --- |{' ---: |' * len(models)}"]
    lines += [f"| {kind} | {' | '.join(cells.get((kind, model), '–') for model in models)} |" for kind in kinds]
    return "\n".join(lines) + "\n"


def _cell(row: Mapping[str, Any]) -> str:
    counts = [row[name] if name in row else float("nan") for name in ("passed", "total")]
    said = "" if any(count != count for count in counts) else f" ({counts[0]:.0f}/{counts[1]:.0f})"
    return f"{100 * row['score']:.1f}{said}"


def _table(frame: pd.DataFrame, group: str, series: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for name, kind, score in zip(frame[group], frame[series], frame["score"], strict=True):
        if (key := (str(name), str(kind))) in found:
            raise UsageError(f"the data frame has two scores for {key[0]!r} and {key[1]!r}: one figure shows one")
        if score > 1:
            raise UsageError(f"the score of {name!r} is {score!r}: scores are shares from 0 to 1")
        found[key] = 100 * float(score)
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

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        points = POINTS[style]
        bar = _WIDTH / len(series)
        for place, kind in enumerate(series):
            colour = _COLOURS.get(kind) or _MODEL_COLOURS[place]
            at = [number + (place - (len(series) - 1) / 2) * bar for number in range(len(groups))]
            heights = [table.get((group, kind), float("nan")) for group in groups]
            axes.bar(at, heights, width=bar * 0.94, color=colour, label=_NAMES.get(kind, kind))
            for x, height in zip(at, heights, strict=True):
                if height == height:  # a score that is missing has no number either
                    _number(axes, x, height, points * _scale(len(groups) * len(series)))
        _set_axes(axes, groups, label, max(table.values()), len(series))

    return write_figure(name, folder, draw, size=(width, width * 0.42), style=style, overwrite=overwrite)


def _scale(bars: int) -> float:
    """Return how large the numbers above so many bars can be."""
    return 0.85 if bars <= 20 else 0.66


def _number(axes: Any, x: float, height: float, points: float) -> None:
    axes.annotate(f"{height:.1f}" if height else "0", (x, height), (0, 1.5), textcoords="offset points", ha="center",
                  va="bottom", fontsize=points, color=INK if height else GREY)  # fmt: skip


def _set_axes(axes: Any, groups: Sequence[str], label: str, highest: float, series: int) -> None:
    if len(groups) > _LEVEL:  # names side by side would run into each other
        axes.set_xticks(range(len(groups)), groups, rotation=20, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(range(len(groups)), [_broken(group) for group in groups])
    axes.set_xlim(-0.55, len(groups) - 0.45)
    axes.set_ylim(0, min(105, 1.08 * highest + 2))
    axes.set_ylabel(label)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.tick_params(axis="x", length=0)
    place: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1.01), "borderaxespad": 0}
    axes.legend(frameon=False, ncols=series, handlelength=1.1, handleheight=1.1, columnspacing=1.6, **place)


def _broken(name: str) -> str:
    """Return a name in lines that fit below a group of bars: cut before a plus, between words, or behind a hyphen."""
    if " + " in name:
        return name.replace(" + ", "\n+ ")
    if " " in name:
        return "\n".join(name.rsplit(" ", 1))
    return name.replace("-", "-\n", 1) if len(name) > 13 else name
