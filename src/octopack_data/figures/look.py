"""How every figure looks and is written: colours, type, sizes, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from humanevalpack.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

Style = Literal["default", "paper"]
"""``paper``: the width of a page's text, small type, 300 dots an inch."""

# Okabe and Ito's colours: told apart by the colour-blind. Neighbours in a figure differ in lightness, too: for grey.
BLUE, SKY, GREEN, ORANGE, VERMILION, PURPLE = "#0072b2", "#56b4e9", "#009e73", "#f0a830", "#d55e00", "#cc79a7"
LIGHT_SKY, DARK = "#b5dcf5", "#40454d"
"""Beside blue and orange: four that differ in grey, too."""
INK, GREY, GRID, PALE = "#1d2126", "#5c6570", "#dfe2e6", "#f4f5f7"
_STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.monospace": ["DejaVu Sans Mono"],
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8c939c",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "pdf.fonttype": 42,  # TrueType: publishers' checks refuse Type 3 fonts
}
POINTS: dict[Style, float] = {"default": 10, "paper": 6.5}
_DOTS: dict[Style, int] = {"default": 150, "paper": 300}
# Without a date the same rows give the same file.
_METADATA: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "png": {}}
TEXT_WIDTH = 5.5
"""Inches: the text of most paper templates, which a figure of style paper fills."""
_WIDE = 8.5


def width_of(style: Style) -> float:
    """Return the usual width in inches."""
    return TEXT_WIDTH if style == "paper" else _WIDE


def write_figure(
    name: str,
    folder: Path,
    draw: Callable[[Any], None],
    *,
    size: tuple[float, float],
    style: Style,
    overwrite: bool,
) -> list[Path]:
    """Write what ``draw`` puts into a matplotlib Figure as ``<name>.pdf`` and ``<name>.png``; return their paths.

    ``size``: inches. Raises EnvironmentFault (no matplotlib), UsageError (a file that is there already).
    """
    from humanevalpack.reports.writing import need_matplotlib

    files = [folder / f"{name}.{kind}" for kind in _METADATA]
    if there := [file for file in files if file.exists() and not overwrite]:
        raise UsageError(f"{there[0]} is there already; name another folder, or say --overwrite")
    need_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    look: Any = {**_STYLE, "font.size": POINTS[style], "savefig.dpi": _DOTS[style]}
    with rc_context(look):
        # Everything is laid out within the size: a picture that is cut to what is drawn has a width of its own.
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        for file, metadata in zip(files, _METADATA.values(), strict=True):
            figure.savefig(file, metadata=metadata)
    return files


def need_columns(frame: pd.DataFrame, columns: tuple[str, ...], numbers: tuple[str, ...] = ()) -> None:
    """Raise UsageError unless a data frame has rows and these columns, with numbers from 0 in some, none empty."""
    from numbers import Real

    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise UsageError(f"the data frame has no column {missing[0]!r}; it needs {', '.join(columns)}")
    if not len(frame):
        raise UsageError("the data frame has no rows: there is nothing to draw")
    for column in numbers:
        for value in frame[column]:
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < float("inf"):
                raise UsageError(f"column {column!r} of the data frame holds {value!r}: it must hold numbers from 0")
    for column in columns:
        if column not in numbers and frame[column].isna().any():
            raise UsageError(f"column {column!r} of the data frame has rows with nothing in it")


def need_single(frame: pd.DataFrame, columns: list[str]) -> None:
    """Raise UsageError if two rows of a data frame have the same values in these columns."""
    for values in frame.loc[frame.duplicated(columns), columns].astype(str).itertuples(index=False):
        raise UsageError(f"the data frame has two rows for {' and '.join(map(repr, values))}: one figure shows one")


def as_it_is(name: str, letters: int) -> str:
    """Return a name for matplotlib, to which a dollar begins mathematics, cut after so many letters."""
    short = name if len(name) <= letters else name[: letters - 1] + "…"
    return short.replace("$", r"\$")


def tinted(colour: str, share: float) -> tuple[float, float, float]:
    """Return a colour mixed with white: 1 is the colour itself, 0 is white."""
    whole = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (1 - share * (1 - part) for part in whole)
    return red, green, blue


def text_colour(ground: tuple[float, float, float]) -> str:
    """Return ink or white, whichever reads better on a ground."""
    red, green, blue = ground
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK
