"""The plots for papers: PDF and PNG with matplotlib (extra ``report``), on white, with fonts that can be edited."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.reports.colours import other_statuses, run_colour, status_colour
from humanevalpack.reports.plots import Bar, Bars, Curves, HeatMap, Plot, Stacks
from humanevalpack.reports.score_rows import percent
from humanevalpack.reports.writing import need_matplotlib

WIDTH = 5.5
"""Inches: the width of the text in most paper templates."""
_STYLE: Any = {
    "font.size": 9,
    "font.family": ["DejaVu Sans"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8c939c",
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "pdf.fonttype": 42,  # TrueType: publishers' checks refuse Type 3 fonts
    "svg.fonttype": "none",
    "savefig.bbox": "tight",
    "savefig.dpi": 200,
}
_RUN_COLUMNS, _STATUS_COLUMNS = 2, 5
_BELOW_TICKS = 23
"""Points from the axes to what stands below their numbers."""
# Without dates the same run gives the same files.
_METADATA: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "png": {}}


def write_figures(plots: Sequence[Plot], names: Sequence[str], folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write every plot as ``<name>.pdf`` and ``<name>.png`` into ``folder``; ``names`` are the runs'.

    Raises EnvironmentFault without matplotlib, UsageError if a file is there and ``overwrite`` is not said.
    """
    need_matplotlib()
    files = [folder / f"{plot.name}.{kind}" for plot in plots for kind in _METADATA]
    if there := [file for file in files if file.exists() and not overwrite]:
        raise UsageError(f"{there[0]} is there already; name another folder, or say --overwrite")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    with rc_context(_STYLE):
        for plot in plots:
            figure = Figure(figsize=(WIDTH, _height(plot)))
            axes = figure.add_subplot()
            axes.set_title(plot.title)
            _draw(plot, axes, names)
            _note(plot, axes)
            for kind, metadata in _METADATA.items():
                figure.savefig(folder / f"{plot.name}.{kind}", metadata=metadata)
    return files


def _height(plot: Plot) -> float:
    match plot:
        case Bars():
            return 0.7 + 0.2 * len(plot.bars) + 0.1 * len({bar.label for bar in plot.bars})
        case HeatMap():
            return 0.6 + 0.36 * len(plot.rows)
        case Stacks():
            return 1.1 + 0.21 * len(plot.bars)
    return 2.8


def _draw(plot: Plot, axes: Any, names: Sequence[str]) -> None:
    match plot:
        case Bars():
            _draw_bars(plot, axes, names)
        case HeatMap():
            _draw_heat_map(plot, axes)
        case Curves():
            _draw_curves(plot, axes)
        case Stacks():
            _draw_stacks(plot, axes)


def _draw_bars(plot: Bars, axes: Any, names: Sequence[str]) -> None:
    labels = list(dict.fromkeys(bar.label for bar in plot.bars))
    y, ticks = 0.0, []
    for label in labels:
        own = [bar for bar in plot.bars if bar.label == label]
        ticks.append(y + (len(own) - 1) / 2)
        for bar in own:
            _draw_bar(bar, axes, y, names)
            y += 1
        y += 0.5
    axes.set_yticks(ticks, labels)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    _percent_axis(axes.xaxis, axes.set_xlim)
    axes.set_xlim(0, 1.12)
    axes.spines["bottom"].set_bounds(0, 1)
    if len({bar.series for bar in plot.bars}) > 1:
        _legend(axes, axes.get_legend_handles_labels(), columns=_RUN_COLUMNS)


def _draw_bar(bar: Bar, axes: Any, y: float, names: Sequence[str]) -> None:
    drawn = axes.get_legend_handles_labels()[1]
    name = names[bar.series] if names[bar.series] not in drawn else None
    axes.barh(y, bar.value, height=0.82, color=run_colour(bar.series), label=name)
    axes.plot([bar.low, bar.high], [y, y], color="#1d2126", linewidth=1.1, marker="|", markersize=4)
    if bar.mark is not None:
        axes.plot([bar.mark], [y], "o", markerfacecolor="white", markeredgecolor="#1d2126", markersize=5.5)
    axes.text(1.12, y, percent(bar.value), va="center", ha="right", fontsize=8)


def _draw_heat_map(plot: HeatMap, axes: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    ground = LinearSegmentedColormap.from_list("share", ["#f4f8fd", run_colour(0), "#143f73"])
    values = [[float("nan") if value is None else value for value in row] for row in plot.values]
    axes.imshow(values, cmap=ground, vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(plot.columns)), plot.columns)
    axes.set_yticks(range(len(plot.rows)), plot.rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks([place - 0.5 for place in range(1, len(plot.columns))], minor=True)
    axes.set_yticks([place - 0.5 for place in range(1, len(plot.rows))], minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    for line, row in enumerate(plot.values):
        for place, value in enumerate(row):
            said = "–" if value is None else percent(value)
            axes.text(place, line, said, ha="center", va="center", color="white" if (value or 0) > 0.35 else "#1d2126")


def _draw_curves(plot: Curves, axes: Any) -> None:
    ks = sorted({k for line in plot.lines for k, *_ in line.points})
    for line in plot.lines:
        points = line.points
        at = [k for k, *_ in points]
        colour = run_colour(line.series)
        axes.fill_between(
            at, [low for *_, low, _ in points], [high for *_, high in points], color=colour, alpha=0.15, lw=0
        )
        axes.plot(at, [value for _, value, _, _ in points], color=colour, marker="o", markersize=3.5, label=line.label)
    if len(ks) > 1:
        axes.set_xscale("log")
    axes.set_xticks(ks, [str(k) for k in ks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("k")
    axes.grid(axis="y", color="#dfe2e6", linewidth=0.6)
    _percent_axis(axes.yaxis, axes.set_ylim)
    if len(plot.lines) > 1:
        axes.legend(frameon=False)


def _draw_stacks(plot: Stacks, axes: Any) -> None:
    others = other_statuses(list(plot.statuses))
    ends = [0.0] * len(plot.bars)
    for status in plot.statuses:
        shares = [_share(counts, status) for _, counts in plot.bars]
        colour = status_colour(status, others)
        axes.barh(range(len(plot.bars)), shares, left=ends, height=0.78, color=colour, label=status.replace("_", " "))
        ends = [end + share for end, share in zip(ends, shares, strict=True)]
    axes.set_yticks(range(len(plot.bars)), [label for label, _ in plot.bars])
    axes.set_ylim(len(plot.bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    _percent_axis(axes.xaxis, axes.set_xlim)
    _legend(axes, axes.get_legend_handles_labels(), columns=_STATUS_COLUMNS)


def _share(counts: Mapping[str, int], status: str) -> float:
    return counts.get(status, 0) / sum(counts.values())


def _percent_axis(axis: Any, set_limits: Any) -> None:
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axis.set_ticks(ticks, [f"{100 * tick:.0f}" for tick in ticks])
    set_limits(0, 1)


def _legend(axes: Any, entries: tuple[list[Any], list[str]], *, columns: int) -> None:
    handles, labels = entries
    axes.legend(
        handles,
        labels,
        frameon=False,
        ncols=columns,
        loc="upper left",
        bbox_to_anchor=(0, -_BELOW_TICKS / 72 / _inches(axes)),
        fontsize=8,
        borderaxespad=0,
        handlelength=1,
        columnspacing=1.2,
    )


def _inches(axes: Any) -> float:
    """Return the height of the axes: a legend below them must not move away as a plot grows."""
    return float(axes.get_window_extent().height / axes.figure.dpi)


def _note(plot: Plot, axes: Any) -> None:
    """Write the plot's note below everything that stands below the axes."""
    if not plot.note:
        return
    below = _BELOW_TICKS + (12 if isinstance(plot, Curves) else 0)
    legend = axes.get_legend()
    if legend and not isinstance(plot, Curves):
        below += 14 * math.ceil(
            len(legend.get_texts()) / (_STATUS_COLUMNS if isinstance(plot, Stacks) else _RUN_COLUMNS)
        )
    axes.annotate(
        plot.note,
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -below),
        textcoords="offset points",
        fontsize=7.5,
        color="#5c6570",
        va="top",
        annotation_clip=False,
    )
